"""Streams of bytes, in any split and with garbage around: which frames are found."""

import struct

import pytest

from aoba.client.answers import MAX_KEPT, AsciiAnswers, Frame, MbapAnswers, RtuAnswers
from support.lines import ascii_frame, rtu

READ = bytes.fromhex("03 0000 0002")
ANSWER = bytes.fromhex("03 04 0001 0002")  # function, bytes, two registers
EXCEPTION = bytes.fromhex("83 02")
WRITE = bytes.fromhex("06 0005 004D")
IDENTITY = bytes.fromhex("2B 0E 02 81 00 00 01 00 03 41 42 43")  # one object, "ABC"
TRANSACTION = 7


def mbap(unit, pdu, transaction=TRANSACTION):
    return struct.pack(">HHHB", transaction, 0, 1 + len(pdu), unit) + pdu


KINDS = {
    "rtu": (RtuAnswers, rtu),
    "ascii": (AsciiAnswers, ascii_frame),
    "mbap": (MbapAnswers, mbap),
}
NOISE = {"rtu": b"\x00\xff\x13", "ascii": b"\x00noise\r\n", "mbap": b"HTTP/1.1"}


class Stream:
    """A reader whose request is sent, and what it makes of bytes that come."""

    def __init__(self, kind, request=READ, unit=1, *, echo=True):
        reader, self.frame = KINDS[kind]
        self.it = reader()
        self.sent = self.it.encode(unit, request, TRANSACTION)
        self.it.expect(self.sent, echo=echo)

    def comes(self, *chunks):
        """The frames that are found."""
        return [frame for chunk in chunks for frame in self._feed(chunk)]

    def pauses(self):
        """The frames that are found when nothing more comes."""
        assert self.it.waiting
        self.it.gap()
        return self._found()

    def _feed(self, chunk):
        self.it.feed(chunk)
        return self._found()

    def _found(self):
        return list(iter(self.it.next_frame, None))

    def expected(self, pdu, unit=1, transaction=TRANSACTION):
        is_mbap = isinstance(self.it, MbapAnswers)
        adu = self.frame(unit, pdu, transaction) if is_mbap else self.frame(unit, pdu)
        return Frame(unit, pdu, adu, transaction if is_mbap else 0)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def stream(kind):
    return Stream(kind)


def single_bytes(data):
    return [data[i : i + 1] for i in range(len(data))]


def test_requests_are_framed(kind):
    expected = {
        "rtu": "01 03 0000 0002 C40B",  # unit, PDU, CRC
        "ascii": b":010300000002FA\r\n".hex(),
        "mbap": "0007 0000 0006 01 03 0000 0002",  # transaction, protocol, length, unit, PDU
    }
    assert Stream(kind).sent == bytes.fromhex(expected[kind])


@pytest.mark.parametrize("pdu", [ANSWER, EXCEPTION, IDENTITY, b"\x03\x02\x00\x05"])
def test_a_frame_whole_and_in_single_bytes(stream, pdu):
    frame = stream.expected(pdu)

    assert stream.comes(frame.adu) == [frame]
    assert stream.comes(*single_bytes(frame.adu)) == [frame]
    assert not stream.it.stray.size
    assert not stream.it.waiting


def test_a_frame_split_at_each_place(stream):
    frame = stream.expected(ANSWER)
    for at in range(1, len(frame.adu)):
        assert stream.comes(frame.adu[:at]) == []
        assert stream.comes(frame.adu[at:]) == [frame]


def test_frames_one_behind_the_other(stream):
    first, second = stream.expected(ANSWER), stream.expected(EXCEPTION, unit=2)

    assert stream.comes(first.adu + second.adu) == [first, second]


def test_a_good_frame_is_found_behind_stray_bytes(kind, stream):
    frame, noise = stream.expected(ANSWER), NOISE[kind]

    assert stream.comes(noise + frame.adu) + (stream.pauses() if stream.it.waiting else []) == [
        frame
    ]
    assert (stream.it.stray.size, stream.it.stray.data) == (len(noise), noise)


def test_stray_bytes_behind_a_frame_do_no_harm(kind, stream):
    frame = stream.expected(ANSWER)

    assert stream.comes(frame.adu + NOISE[kind]) == [frame]
    stream.it.gap()
    stream.it.next_frame()
    stream.it.expect(stream.sent, echo=False)
    assert stream.comes(frame.adu) == [frame]


def test_noise_alone_is_counted_and_the_first_of_it_kept(kind, stream):
    noise = NOISE[kind] * 20

    assert stream.comes(noise) == []
    if stream.it.waiting:
        assert stream.pauses() == []
    assert stream.it.stray.size == len(noise)
    assert stream.it.stray.data == noise[:MAX_KEPT]


def test_a_flood_is_counted_and_not_kept(kind, stream):
    noise = NOISE[kind] * 10_000
    for _ in range(10):
        stream.comes(noise)

    assert len(stream.it._buffer) <= 260
    assert 10 * len(noise) - 260 <= stream.it.stray.size <= 10 * len(noise)


def test_the_answer_is_the_last_of_what_comes_at_once(stream):
    frames = [stream.expected(bytes((3, 250)) + bytes(250)), stream.expected(ANSWER)]
    late, last = frames

    assert stream.comes(9 * late.adu + last.adu)[-1] == last


def test_a_request_that_comes_back_is_given(stream):
    answer = stream.expected(ANSWER)
    back, found = stream.comes(stream.sent, answer.adu)

    assert (back.unit, back.pdu, back.adu) == (1, READ, stream.sent)
    assert found == answer
    assert stream.comes(*single_bytes(stream.sent)) == [back]
    assert not stream.it.stray.size


def test_a_request_that_may_be_its_answer_is_given_all_the_same(kind):
    stream = Stream(kind, WRITE, echo=False)

    assert stream.comes(stream.sent) == [stream.expected(WRITE)]


def test_half_a_request_that_comes_back_keeps_nobody_from_finding_the_answer(stream):
    frame = stream.expected(ANSWER)

    assert stream.comes(stream.sent[:5] + frame.adu) in ([], [frame])
    assert stream.it.stray.size or stream.pauses() == [frame]


def test_what_looks_like_the_begin_of_a_frame_ends_at_a_gap():
    """Noise before the answer: as a frame of function 3, it would have 0x33 bytes."""
    stream = Stream("rtu")
    frame = stream.expected(ANSWER)

    assert stream.comes(b"\x22\x03\x33" + frame.adu) == []
    assert stream.pauses() == [frame]
    assert stream.it.stray.data == b"\x22\x03\x33"


def test_the_answer_may_pause_and_its_data_look_like_anything():
    inner = rtu(1, EXCEPTION)  # five bytes, and one to make registers of them
    request = bytes.fromhex("03 0000 0004")
    stream = Stream("rtu", request)
    frame = stream.expected(b"\x03\x08" + inner + b"\0\0\0")

    assert stream.comes(frame.adu[:8]) == []
    assert stream.pauses() == []
    assert stream.comes(frame.adu[8:]) == [frame]


@pytest.mark.parametrize("pdu", [ANSWER, EXCEPTION])
def test_an_answer_may_pause_behind_each_of_its_bytes(stream, pdu):
    frame = stream.expected(pdu)
    for byte in single_bytes(frame.adu[:-1]):
        assert stream.comes(byte) == []
        assert stream.pauses() == []

    assert stream.comes(frame.adu[-1:]) == [frame]
    assert not stream.it.stray.size


def test_so_may_that_to_a_write(kind):
    stream = Stream(kind, WRITE, echo=False)
    for byte in single_bytes(stream.sent[:-1]):
        assert stream.comes(byte) + stream.pauses() == []

    assert stream.comes(stream.sent[-1:]) == [stream.expected(WRITE)]


@pytest.mark.parametrize("function", [b"", b"\x03", b"\x83"])
def test_noise_that_is_like_the_begin_of_the_answer_is_passed_over(function):
    stream = Stream("rtu")
    frame = stream.expected(ANSWER)
    noise = b"\x01" + function
    assert stream.comes(noise) + stream.pauses() == []
    found = stream.comes(frame.adu)

    assert found or stream.pauses() == [frame]
    assert stream.it.stray.data == noise


def test_half_an_answer_is_forgotten_when_it_is_asked_again():
    stream = Stream("rtu")
    frame = stream.expected(ANSWER)
    stream.comes(frame.adu[:6])
    stream.pauses()
    stream.it.expect(stream.sent, echo=False)

    assert stream.comes(frame.adu) == [frame]
    assert stream.it.stray.size == 6


def test_but_not_while_it_is_coming():
    stream = Stream("rtu")
    frame = stream.expected(ANSWER)
    stream.comes(frame.adu[:6])
    stream.it.expect(stream.sent, echo=False)

    assert stream.comes(frame.adu[6:]) == [frame]


def spoilt(adu, at=-1):
    return adu[:at] + bytes((adu[at] ^ 1,)) + (adu[at + 1 :] if at != -1 else b"")


@pytest.mark.parametrize("at", [4, -1])
@pytest.mark.parametrize("split", [False, True])
def test_an_answer_with_a_wrong_crc_is_told_when_nothing_follows(at, split):
    stream = Stream("rtu")
    data = spoilt(stream.expected(ANSWER).adu, at)
    assert stream.comes(*(single_bytes(data) if split else [data])) == []
    assert not stream.it.damaged
    stream.pauses()

    assert stream.it.damaged


@pytest.mark.parametrize(
    "data",
    [
        spoilt(rtu(1, ANSWER)) + b"\x01",  # there is more
        spoilt(rtu(1, ANSWER))[:-1],  # there is less
        spoilt(rtu(2, ANSWER)),  # of another station
        spoilt(rtu(1, EXCEPTION)),  # may be anything
        spoilt(rtu(1, b"\x03\x02\0\0")),  # as to another request
    ],
)
def test_what_need_not_be_the_answer_is_no_damaged_one(data):
    stream = Stream("rtu")
    stream.comes(data)
    stream.pauses()

    assert not stream.it.damaged


def test_a_write_may_be_answered_with_a_wrong_crc():
    stream = Stream("rtu", WRITE, echo=False)
    stream.comes(spoilt(stream.sent))
    stream.pauses()

    assert stream.it.damaged


def test_an_answer_with_a_wrong_lrc_is_told_at_its_end():
    stream = Stream("ascii")
    line = stream.expected(ANSWER).adu.replace(b"0002", b"0003")
    assert stream.comes(line) == []

    assert stream.it.damaged
    assert RtuAnswers.checksum + AsciiAnswers.checksum == "CRCLRC"


def test_a_line_that_begins_again_ends_the_one_before():
    stream = Stream("ascii")
    frame = stream.expected(ANSWER)

    assert stream.comes(frame.adu[:9] + frame.adu) == [frame]
    assert stream.it.stray.data == frame.adu[:9]


def test_a_line_without_an_end_is_given_up():
    stream = Stream("ascii")

    assert stream.comes(b":" + b"0" * 600) == []
    assert not stream.it._buffer


def test_behind_stray_bytes_only_the_transaction_asked_for_is_looked_for():
    """In data of zeros there is a header everywhere."""
    stream = Stream("mbap")
    frame = stream.expected(ANSWER)

    assert stream.comes(b"\xff" + mbap(1, EXCEPTION, 0) + frame.adu) == [frame]


def test_an_exception_whose_length_lacks_its_code():
    stream = Stream("mbap")
    adu = bytes.fromhex("0007 0000 0002 01 83 02")

    assert stream.comes(*single_bytes(adu)) == [Frame(1, EXCEPTION, adu, TRANSACTION)]


@pytest.mark.parametrize("length", [0, 1, 255, 0xFFFF])
def test_no_frame_has_such_a_length(length):
    stream = Stream("mbap")
    adu = struct.pack(">HHHB", TRANSACTION, 0, length, 1) + ANSWER

    assert stream.comes(adu) == []
    assert stream.it.stray.size


def test_frames_of_another_transaction_are_given():
    stream = Stream("mbap")
    other, frame = stream.expected(ANSWER, transaction=6), stream.expected(ANSWER)

    assert stream.comes(other.adu + frame.adu) == [other, frame]


def test_half_a_datagram_is_forgotten():
    stream = Stream("mbap")
    frame = stream.expected(ANSWER)
    stream.comes(frame.adu[:-1])
    stream.it.clear()

    assert stream.comes(frame.adu) == [frame]
    assert stream.it.stray.size == len(frame.adu) - 1
