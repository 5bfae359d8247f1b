"""What readers of serial lines tell a record, which keeps the last frames."""

import pytest

from aoba.modbus import ascii as ascii_framing
from aoba.modbus import rtu
from aoba.modbus.counters import Counters
from aoba.modbus.frame_history import FrameHistory

READ = b"\x03\x00\x00\x00\x01"


class Told(FrameHistory):
    """`heard` are entries and broken pieces, in their order."""

    def __init__(self):
        super().__init__()
        self.heard = []
        self.add = self.heard.append

    def broken(self, reason, data):
        self.heard.append((reason[:2], data))


def hear(framing, *parts):
    told = Told()
    kind = rtu.RtuReader if framing is rtu else ascii_framing.AsciiReader
    reader = kind({1}, Counters(), told)
    for part in parts:
        reader.feed(part)
        while reader.next_request():
            pass
        reader.gap()
    return told.heard


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_frames_of_others_and_what_is_none(framing):
    other = framing.encode(9, READ)
    noise = framing.encode(1, READ)[:-3]

    assert hear(framing, other, noise) == [(other, None), ("no", noise)]


def test_noise_before_an_ascii_frame_and_a_wrong_lrc():
    good = ascii_framing.encode(9, READ)
    wrong = b":0903000000010A\r\n"

    assert hear(ascii_framing, b"noise" + good + wrong) == [
        ("no", b"noise"),
        (good, None),
        ("no", wrong),
    ]


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_frames_are_taken_apart(framing):
    assert framing.FRAMING.parts(framing.encode(9, READ)) == (9, READ)
