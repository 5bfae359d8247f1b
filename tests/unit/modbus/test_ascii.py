import pytest

from aoba.modbus.ascii import MAX_FRAME, AsciiReader, encode
from aoba.modbus.counters import Counters
from aoba.modbus.rtu import Request
from builders import all_splits

READ = Request(17, b"\x03\x00\x6b\x00\x03")
WRITE = Request(18, b"\x10\x00\x01\x00\x01\x02\xab\xcd")
LONGEST = Request(17, bytes(range(253)))


class Line:
    """A reader and its port. Each argument is bytes, or None for a gap."""

    def __init__(self):
        self.counters = Counters(is_serial=True)
        self.reader = AsciiReader({17, 18}, self.counters)

    def hear(self, *parts):
        found = []
        for part in parts:
            if part is None:
                self.reader.gap()
            else:
                self.reader.feed(part)
            while request := self.reader.next_request():
                found.append(request)
        return found


def test_a_frame_as_the_specification_has_it():
    #                            unit
    #                            | function
    #                            | | address
    #                            | | |   quantity
    #                            | | |   |   LRC
    assert encode(*READ) == b":1103006B00037E\r\n"


@pytest.mark.parametrize("requests", [[READ], [WRITE, READ], [Request(0, WRITE.pdu)], [LONGEST]])
def test_requests_in_every_split(requests):
    for chunks in all_splits(b"".join(encode(*request) for request in requests)):
        line = Line()
        assert line.hear(*chunks) == requests
        assert line.counters.communication_errors == 0
        assert not line.reader.waiting


def test_the_longest_frame_is_as_long_as_the_specification_says():
    assert len(encode(*LONGEST)) == MAX_FRAME


@pytest.mark.parametrize("change", [bytes.lower, bytes.upper, bytes.swapcase])
def test_digits_of_either_case(change):
    assert Line().hear(change(encode(*WRITE))) == [WRITE]


def test_frames_of_others_pass_by():
    line = Line()
    others = encode(9, READ.pdu) + encode(9, b"\x03\x06" + encode(*READ)[:6]) + encode(9, b"\x83\2")

    assert line.hear(others + encode(*READ)) == [READ]
    assert (line.counters.bus_messages, line.counters.communication_errors) == (3, 0)


GARBAGE = {
    "noise": b"\x00\xff~",
    "half a frame": b":110300",
    "a wrong LRC": b":1103006B00037F\r\n",
    "an odd number of digits": b":1103006B0003E\r\n",
    "no digits": b":110G006B00037E\r\n",
    "a space within": b":1103 006B00037E\r\n",
    "a frame of nothing": b":\r\n",
    "a frame without a function": b":11EF\r\n",
    "no carriage return": b":1103006B00037E\n",
    "no colon": b"1103006B00037E\r\n",
    "a frame that is too long": encode(17, bytes(254)),
    "a long noise": b"0123456789" * 100,
    "a long frame without end": b":" + b"0" * 1000,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_dropped_and_counted_and_the_next_frame_is_fine(garbage):
    for chunks in all_splits(garbage + encode(*READ)):
        line = Line()
        assert line.hear(*chunks) == [READ]
        assert line.counters.communication_errors >= 1


@pytest.mark.parametrize("end", range(1, 16))
def test_a_frame_that_does_not_go_on_is_dropped(end):
    line = Line()

    assert line.hear(encode(*READ)[:end], None, encode(*WRITE)) == [WRITE]
    assert line.counters.communication_errors == 1


def test_a_gap_between_frames_changes_nothing():
    line = Line()

    assert line.hear(None, encode(*READ), None, None, encode(*WRITE)) == [READ, WRITE]
    assert line.counters.communication_errors == 0


def test_noise_without_end_is_not_kept():
    line = Line()
    for _ in range(100):
        assert line.hear(b":00000000" * 20, b"1" * 300) == []
    assert len(line.reader._buffer) < 2 * MAX_FRAME


@pytest.mark.parametrize("size", [1, 10, 600])
def test_in_a_stream_of_noise_a_frame_that_has_begun_is_kept(size):
    line = Line()
    frame = encode(*LONGEST)

    assert line.hear(b"\x00" * size + frame[:400], frame[400:]) == [LONGEST]
