import pytest

from aoba.modbus.counters import Counters
from aoba.modbus.rtu import Request, RtuReader, encode, silence
from builders import all_splits

OURS = {17, 18}
OTHER = 9

READ = Request(17, b"\x03\x00\x6b\x00\x03")
WRITE = Request(17, b"\x06\x00\x01\x00\x03")
MULTIPLE = Request(18, b"\x10\x00\x01\x00\x02\x04\x00\x0a\x01\x02")


def frames(*requests):
    return b"".join(encode(*request) for request in requests)


def other(pdu, unit=OTHER):
    """A frame of or to another device, from its PDU in hex."""
    return encode(unit, bytes.fromhex(pdu))


def damaged(frame):
    return frame[:-1] + bytes((frame[-1] ^ 0x40,))


class Line:
    """A reader and its port. Each argument is bytes, or None for a gap."""

    def __init__(self, **options):
        self.counters = Counters(is_serial=True)
        self.reader = RtuReader(OURS, self.counters, **options)

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


def hear(*parts):
    return Line().hear(*parts)


def test_a_frame_as_the_specification_has_it():
    assert encode(0x02, b"\x07") == b"\x02\x07\x41\x12"
    assert encode(1, b"\x03\x00\x00\x00\x0a") == b"\x01\x03\x00\x00\x00\x0a\xc5\xcd"


@pytest.mark.parametrize(
    ("baudrate", "seconds"),
    [(9600, 0.00401), (19200, 0.002005), (19201, 0.00175), (115200, 0.00175), (300, 0.1283)],
)
def test_silence_between_frames(baudrate, seconds):
    assert silence(baudrate) == pytest.approx(seconds, rel=0.001)


@pytest.mark.parametrize("requests", [[READ], [WRITE], [MULTIPLE], [READ, MULTIPLE, WRITE]])
def test_requests_in_every_split(requests):
    for chunks in all_splits(frames(*requests)):
        assert hear(*chunks) == requests


def test_a_request_is_taken_with_its_last_byte_before_any_gap():
    line = Line()
    data = frames(READ)

    assert line.hear(data[:-1]) == []
    assert line.reader.waiting
    assert line.hear(data[-1:]) == [READ]
    assert not line.reader.waiting


def test_everybody_is_us_too():
    everybody = Request(0, WRITE.pdu)

    assert hear(frames(everybody)) == [everybody]


EXCHANGES = {
    "read": ("03 006b 0003", "03 06 022b 0000 0064"),
    "read bits": ("01 0013 0013", "01 03 cd6b05"),
    "refused": ("03 006b 0003", "83 02"),
    "nobody there": ("03 006b 0003", ""),
    "single write": ("06 0001 0003", "06 0001 0003"),
    "multiple write": ("10 0001 0002 04 000a 0102", "10 0001 0002"),
    "multiple write, nobody there": ("10 0001 0002 04 000a 0102", ""),
    "diagnostics": ("08 0000 a537", "08 0000 a537"),
    "server id": ("11", "11 03 01ff41"),
    "file": ("14 0e 06 0004 0001 0002 06 0003 0009 0002", "14 0c 05060dfe0020050633cd0040"),
    "mask": ("16 0004 00f2 0025", "16 0004 00f2 0025"),
    "read and write": ("17 0003 0001 000e 0001 02 00ff", "17 02 00fe"),
    "fifo": ("18 04de", "18 0006 0002 01b8 1284"),
    "identification": ("2b 0e 01 00", "2b 0e 01 01 00 00 02 00 02 4141 01 01 42"),
    "response of another length than asked for": ("03 006b 0003", "03 02 022b"),
    "retried": ("03 006b 0003", "03 006b 0003"),
    "retried at an address that looks like a byte count": ("03 0600 0003", "03 0600 0003"),
    "only the answer was heard": ("83 02", "03 06 022b 0000 0064"),
}


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
@pytest.mark.parametrize("gaps", [True, False])
def test_others_pass_by_and_what_follows_is_found(exchange, gaps):
    for parts in all_splits(b"".join(map(other, filter(None, exchange))) + frames(READ)):
        assert hear(*parts) == [READ]
    gap = [None] if gaps else []
    parts = [part for pdu in filter(None, exchange) for part in (other(pdu), *gap)]
    line = Line()
    assert line.hear(*parts, *gap, frames(READ)) == [READ]
    assert line.counters.communication_errors == 0
    assert line.counters.bus_messages == len([pdu for pdu in exchange if pdu])


def test_a_user_defined_function_of_others_ends_with_a_gap():
    vendor = other("41 0102030405")
    line = Line()

    assert line.hear(vendor, None, other("41 99"), None, frames(READ)) == [READ]
    assert line.counters.communication_errors == 0


@pytest.mark.parametrize("hidden", [frames(WRITE), frames(Request(0, WRITE.pdu))])
@pytest.mark.parametrize("before", [b"", b"\x00\x00", frames(READ)])
@pytest.mark.parametrize("asked", [True, False])
def test_a_request_within_data_of_others_is_not_one(hidden, before, asked):
    data = before + hidden
    count = len(data) // 2
    request = other(f"03 0000 {count:04x}") if asked else b""
    response = encode(OTHER, bytes((3, len(data))) + data)
    for parts in all_splits(response):
        line = Line()
        assert line.hear(request, *parts) == []
        assert line.hear(frames(READ)) == [READ]
        assert line.hear(None) == []


def test_nor_where_the_data_has_the_crc_of_a_shorter_frame():
    """Its first eight bytes are a good request to the other device, retried as it were."""
    trap = other("03 2000 0b0c")  # 32 bytes of data begin like a read at 0x2000
    data = trap[3:] + frames(WRITE) + bytes(32 - 5 - 8)
    assert encode(OTHER, bytes((3, 32)) + data).startswith(trap)
    for parts in all_splits(encode(OTHER, bytes((3, 32)) + data)):
        assert hear(other("03 0000 0010"), *parts, frames(READ)) == [READ]


@pytest.mark.parametrize("cut", range(1, 12))
def test_half_a_response_with_a_request_at_its_end_is_not_executed(cut):
    data = bytes(cut) + frames(WRITE) + bytes(30 - cut)
    response = encode(OTHER, bytes((3, len(data))) + data)
    line = Line()

    assert line.hear(other("03 0000 0013"), response[: 3 + cut + 8], None) == []
    assert line.counters.communication_errors == 1
    assert line.hear(frames(READ)) == [READ]


def test_a_damaged_response_with_a_request_in_it_is_not_executed():
    response = damaged(encode(OTHER, b"\x03\x08" + frames(WRITE)))
    for parts in all_splits(response):
        assert hear(other("03 0000 0004"), *parts, None) == []
        assert hear(*parts, None) == []


GARBAGE = {
    "a spike": b"\x00",
    "another": b"\xff",
    "half a request": frames(READ)[:5],
    "half a long one": frames(MULTIPLE)[:9],
    "a damaged request": damaged(frames(READ)),
    "a damaged request to another": damaged(other("03 0000 0001")),
    "the end of a request": frames(READ)[3:],
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "a long noise": bytes(range(256)) * 3,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_after_garbage_and_a_gap_the_next_frame_is_fine(garbage):
    for parts in all_splits(garbage[:300]):
        line = Line()
        assert line.hear(*parts, None) == []
        assert line.counters.communication_errors == 1
        assert line.hear(frames(READ)) == [READ]
        assert line.counters.communication_errors == 1


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_right_behind_garbage_a_request_is_found_at_the_gap_that_follows_it(garbage):
    for parts in all_splits(garbage + frames(MULTIPLE)):
        line = Line()
        assert line.hear(*parts) == []
        assert line.hear(None, frames(READ)) == [MULTIPLE, READ]
        assert line.counters.communication_errors == 1


def test_traffic_without_a_gap_is_lost_until_somebody_waits_for_us():
    exchange = other("03 006b 0003") + other("03 06 022b 0000 0064")
    line = Line()

    assert line.hear(b"\x00" + exchange * 50 + frames(READ)) == []
    assert line.hear(None) == [READ]


@pytest.mark.parametrize(
    "pdu", [b"\x41\x01\x02\x03", b"\x00", b"\x03\x00\x00", b"\x03\x00\x00\x00\x01\x00", b"\x09"]
)
@pytest.mark.parametrize("options", [{}, {"is_stream": True}])
def test_a_request_of_no_known_length_ends_with_the_gap(pdu, options):
    for parts in all_splits(frames(Request(17, pdu))):
        line = Line(**options)
        assert line.hear(*parts) == []
        assert line.hear(None, frames(READ)) == [Request(17, pdu), READ]
        assert line.counters.communication_errors == 0


def test_a_gap_between_frames_changes_nothing():
    line = Line()

    assert line.hear(None, frames(READ), None, None, frames(WRITE), None) == [READ, WRITE]
    assert line.counters.communication_errors == 0


def test_a_gap_finds_requests_that_nobody_took_yet():
    reader = RtuReader(OURS, Counters())
    reader.feed(frames(READ, WRITE))
    reader.gap()

    assert [reader.next_request(), reader.next_request(), reader.next_request()] == [
        READ,
        WRITE,
        None,
    ]


def test_in_a_stream_the_rest_of_a_frame_may_be_late():
    for parts in all_splits(frames(MULTIPLE)):
        line = Line(is_stream=True)
        assert line.hear(*[x for part in parts for x in (part, None)]) == [MULTIPLE]
        assert line.counters.communication_errors == 0


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_in_a_stream_garbage_is_passed_over(garbage):
    line = Line(is_stream=True)

    assert line.hear(garbage, None, frames(READ), None, frames(READ))[-1] == READ
    assert line.counters.communication_errors >= 1


def test_a_unit_may_become_ours():
    ours = set()
    reader = RtuReader(ours, Counters())
    reader.feed(frames(READ))
    assert reader.next_request() is None
    ours.add(17)
    reader.feed(frames(READ))
    assert reader.next_request() == READ


def test_noise_without_end_is_not_kept():
    line = Line()
    for _ in range(100):
        assert line.hear(bytes(range(1, 255))) == []
    assert len(line.reader._buffer) < 1000
