"""What a record tells the log, frame by frame; sessions that tell of bytes."""

import logging

import pytest

from aoba.links.trace import TracedMbapSession, TracingHistory
from aoba.logs.trace_level import TraceLevel
from aoba.modbus import ascii as ascii_framing
from aoba.modbus import mbap, rtu
from aoba.modbus.counters import Counters
from aoba.modbus.frame_history import FRAMES
from aoba.modbus.peer import Peer
from aoba.registers.image import Image
from builders import a_range, a_station, decoded, stations

REQUEST = b"\x00\x01\x00\x00\x00\x06\x05\x03\x00\x00\x00\x01"
ANSWER = b"\x00\x01\x00\x00\x00\x05\x05\x03\x02\x00\x07"
ASKED = "-> station 5 Read Holding Registers 0"
SAID = "<- station 5 1 register 0007"


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    prefix = "tcp://a:1 b port 2 "

    def take():
        messages = caplog.messages[:]
        caplog.clear()
        assert all(message.startswith(prefix) for message in messages)
        return [message.removeprefix(prefix) for message in messages]

    return take


def a_bank(value):
    """A station of one holding register."""
    image = Image()
    image.apply("a.py", decoded(stations(a_station(5, holding=[a_range(0, [value])]))))
    return image.stations[5]


def telling(level, framing=mbap.FRAMING):
    return TracingHistory(Peer("b port 2", Counters(name="tcp://a:1")), framing, level)


def test_a_request_and_its_answer(lines):
    telling(TraceLevel.OFF).add((REQUEST, ANSWER))
    assert lines() == []

    telling(TraceLevel.APP).add((REQUEST, ANSWER))
    assert lines() == [ASKED, SAID]

    telling(TraceLevel.FRAME).add((REQUEST, ANSWER))
    assert lines() == [
        f"{ASKED} | 00 01 00 00 00 06 05 03 00 00 00 01",
        f"{SAID} | 00 01 00 00 00 05 05 03 02 00 07",
    ]


def test_silence_and_what_others_say(lines):
    record = telling(TraceLevel.APP, rtu.FRAMING)
    record.add((rtu.encode(0, b"\x06\0\0\0\1"), b""))
    record.add((rtu.encode(9, b"\x03\2\0\1"), None))

    assert lines() == [
        "-> station 0 Write Single Register 0 = 0001",
        "-- station 9 Read Holding Registers 02 0001",
    ]


def test_ascii_frames_are_shown_as_text(lines):
    telling(TraceLevel.FRAME, ascii_framing.FRAMING).add(
        (ascii_framing.encode(5, b"\x03\0\0\0\1"), b"")
    )

    assert lines() == [f"{ASKED} | :050300000001F7"]


def test_the_fields_of_a_line(caplog):
    caplog.set_level(logging.INFO)
    telling(TraceLevel.APP).add((REQUEST, b""))

    (record,) = caplog.records
    assert (record.link, record.client, record.levelname) == ("tcp://a:1", "b port 2", "INFO")


def test_the_first_error_is_told_with_the_frames_before(lines):
    record = telling(TraceLevel.OFF)
    for _ in range(FRAMES):
        record.add((REQUEST, ANSWER))
    record.broken("MBAP length", b"\x01\x02")
    told = lines()
    record.broken("MBAP length", b"\x01\x02")

    assert told[0] == "-> first error, after these 20 frames: MBAP length | 01 02"
    assert len(told) == 1 + FRAMES
    assert [line.split(" | ")[0] for line in told[1:]] == [ASKED, SAID] * (FRAMES // 2)
    assert lines() == []


def test_an_error_before_all_frames_and_after_one(lines):
    telling(TraceLevel.OFF).broken("no frame", b"\x00" * 261)
    assert lines() == ["-> first error: no frame |" + " 00" * 260 + " ..."]

    record = telling(TraceLevel.OFF)
    record.add((REQUEST, b""))
    record.broken("no frame", b"\x01")
    assert lines()[0] == "-> first error, after this frame: no frame | 01"


def test_with_a_trace_each_error_is_told(lines):
    record = telling(TraceLevel.APP)
    for _ in range(3):
        record.broken("no frame", b"\x01")

    assert lines() == ["-> first error: no frame | 01", *["-> no frame | 01"] * 2]


def test_bytes_as_they_come_and_go(lines):
    client = Peer("b port 2", Counters(name="tcp://a:1"))
    client.history = TracingHistory(client, mbap.FRAMING, TraceLevel.BYTES)
    session = TracedMbapSession({5: a_bank(7)}, client)
    for part in (REQUEST[:1], REQUEST[1:]):
        session.feed(part)
        session.answers()

    told = lines()
    assert told[0] == "-> 1 byte | 00"
    assert told[1] == "-> 11 bytes | 01 00 00 00 06 05 03 00 00 00 01"
    assert [line.split(" | ")[0] for line in told[2:]] == [ASKED, SAID, "<- 11 bytes"]
