"""MBAP frames in any split against a naive reader that has everything before it."""

from hypothesis import given
from hypothesis import strategies as st

from aoba.errors import FrameError
from aoba.modbus.mbap import FrameReader, encode, first_size, is_one_frame, response
from builders import cut

words = st.integers(0, 0xFFFF)
good_lengths = st.integers(2, 254)
places = st.lists(st.integers(0, 10_000), max_size=20)
protocols = st.just(0) | words
bad_lengths = words.filter(lambda length: not 2 <= length <= 254)


@st.composite
def packets(draw, lengths=good_lengths):
    """Bytes with an MBAP header; their number fits the length where that is a good one."""
    length = draw(lengths)
    head = b"".join(n.to_bytes(2, "big") for n in (draw(words), draw(protocols), length))
    return head + draw(st.binary(min_size=min(length, 254), max_size=min(length, 254)))


def naive(data):
    """All frames of `data`, and whether it is broken behind them."""
    frames = []
    while len(data) >= 6:
        protocol, length = (int.from_bytes(data[i : i + 2], "big") for i in (2, 4))
        if not 2 <= length <= 254:
            return frames, True
        if len(data) < 6 + length:
            break
        if protocol == 0:
            frames.append(data[: 6 + length])
        data = data[6 + length :]
    return frames, False


def read(chunks):
    reader = FrameReader()
    frames = []
    for chunk in chunks:
        reader.feed(chunk)
        try:
            while frame := reader.next_frame():
                frames.append(frame)
        except FrameError:
            return frames, True
    return frames, False


@given(st.lists(packets(), max_size=6).map(b"".join), st.binary(max_size=8), places)
def test_frames_and_a_rest(frames, rest, places):
    data = frames + rest

    assert read(cut(data, places)) == naive(data)


@given(st.binary(max_size=600), places)
def test_any_bytes(data, places):
    assert read(cut(data, places)) == naive(data)


@given(st.lists(packets(), max_size=3).map(b"".join), packets(lengths=bad_lengths), places)
def test_a_bad_length_anywhere(good, bad, places):
    frames, broken = read(cut(good + bad + good, places))

    assert broken
    assert frames == naive(good)[0]


@given(words, st.integers(0, 255), st.binary(min_size=1, max_size=253))
def test_a_response_is_a_frame_again(transaction, unit, pdu):
    frame = encode(transaction, unit, pdu)

    assert response(frame, pdu) == frame
    assert read([response(frame, pdu)]) == ([frame], False)


@given(packets() | packets(lengths=bad_lengths), st.binary(max_size=1))
def test_one_frame_alone_is_one_for_all_who_ask(packet, rest):
    data = packet + rest

    assert is_one_frame(data) == (read([data]) == ([data], False))
    assert is_one_frame(data) == (0 < first_size(data) == len(data))


def test_the_naive_reader_can_tell():
    assert naive(b"\x00\x01\x00\x00\x00\x02\x01\x03") == (
        [b"\x00\x01\x00\x00\x00\x02\x01\x03"],
        False,
    )
    assert naive(b"\x00\x01\x00\x00\x00\x01\x01\x03") == ([], True)
