import pytest

from aoba.errors import FrameError
from aoba.modbus.mbap import FrameReader, encode, is_one_frame, parts, response
from builders import all_splits

FRAMES = [
    (
        (
            b"\x00\x01"  # transaction id 1
            b"\x00\x00"  # protocol id: Modbus
            b"\x00\x06"  # length: unit id and PDU
            b"\x11"  # unit id 17
            b"\x03\x00\x6b\x00\x03"  # PDU: read 3 holding registers from 107
        ),
        (1, 17, b"\x03\x00\x6b\x00\x03"),
    ),
    (
        (
            b"\xff\xff"  # transaction id 65535
            b"\x00\x00"  # protocol id: Modbus
            b"\x00\x02"  # length: the least there can be
            b"\x00"  # unit id 0
            b"\x07"  # PDU: a function code alone
        ),
        (65535, 0, b"\x07"),
    ),
    (
        b"\x12\x34"  # transaction id 0x1234
        b"\x00\x00"  # protocol id: Modbus
        b"\x00\xfe"  # length 254: the most there can be
        b"\xff" + b"\x10" * 253,  # unit id 255, PDU of 253 bytes
        (0x1234, 255, b"\x10" * 253),
    ),
]

OTHER_PROTOCOL = (
    b"\x00\x09"  # transaction id 9
    b"\x00\x01"  # protocol id 1: not Modbus
    b"\x00\x03"  # length
    b"\x01\x03\x00"  # whatever that protocol says
)

BAD_LENGTHS = [0, 1, 255, 256, 65535]


def with_length(length):
    return (
        b"\x00\x02"  # transaction id 2
        b"\x00\x00"  # protocol id: Modbus
        + length.to_bytes(2, "big")  # length
        + b"\x01\x03"  # begin of what it announces
    )


def taken(frame):
    """Transaction id, unit id and PDU of a frame; None where there is none."""
    return None if frame is None else (int.from_bytes(frame[:2], "big"), *parts(frame))


def drain(reader):
    frames = []
    while frame := reader.next_frame():
        frames.append(taken(frame))
    return frames


def read(chunks):
    reader = FrameReader()
    frames = []
    for chunk in chunks:
        reader.feed(chunk)
        frames += drain(reader)
    return frames


@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_a_frame_in_every_split(data, frame):
    for chunks in all_splits(data):
        assert read(chunks) == [frame]


@pytest.mark.parametrize(("first", "one"), FRAMES)
@pytest.mark.parametrize(("second", "two"), FRAMES)
def test_two_joined_in_every_split(first, one, second, two):
    for chunks in all_splits(first + second):
        assert read(chunks) == [one, two]


@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_a_part_is_no_frame_yet(data, frame):
    for size in range(len(data)):
        reader = FrameReader()
        reader.feed(data[:size])
        assert reader.next_frame() is None
        assert reader.next_frame() is None
        reader.feed(data[size:])
        assert taken(reader.next_frame()) == frame


@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_frames_not_yet_taken_survive_the_next_feed(data, frame):
    reader = FrameReader()
    reader.feed(data + data + data[:5])
    assert taken(reader.next_frame()) == frame

    reader.feed(data[5:])
    assert drain(reader) == [frame, frame]


@pytest.mark.parametrize("length", BAD_LENGTHS)
@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_garbage_behind_a_frame_breaks_the_stream_once(data, frame, length):
    for chunks in all_splits(data + with_length(length)[:6]):
        reader = FrameReader()
        for chunk in chunks[:-1]:
            reader.feed(chunk)
        reader.feed(chunks[-1])
        assert taken(reader.next_frame()) == frame
        with pytest.raises(FrameError) as caught:
            reader.next_frame()
        assert str(caught.value) == f"MBAP length: expected 2..254, got {length}"
        assert reader.next_frame() is None


def test_a_bad_length_shows_as_soon_as_it_is_there():
    reader = FrameReader()
    reader.feed(with_length(255)[:5])
    assert reader.next_frame() is None

    reader.feed(with_length(255)[5:6])
    with pytest.raises(FrameError):
        reader.next_frame()


def test_what_stood_behind_a_bad_length_is_gone():
    reader = FrameReader()
    reader.feed(with_length(0) + FRAMES[0][0])

    with pytest.raises(FrameError):
        reader.next_frame()
    assert reader.next_frame() is None


@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_another_protocol_is_passed_over_in_every_split(data, frame):
    assert read([OTHER_PROTOCOL]) == []
    for chunks in all_splits(OTHER_PROTOCOL + data + OTHER_PROTOCOL):
        assert read(chunks) == [frame]


def test_a_text_protocol_is_no_modbus():
    reader = FrameReader()
    reader.feed(b"GET / HTTP/1.1\r\n")  # length 0x2f20

    with pytest.raises(FrameError, match="got 12064"):
        reader.next_frame()


@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_a_response_has_the_ids_of_its_request(data, frame):
    _, _, pdu = frame
    assert response(data, pdu) == data


def test_the_length_of_a_response_is_its_own():
    assert response(FRAMES[0][0], b"\x83\x02") == (
        b"\x00\x01"  # transaction id of the request
        b"\x00\x00"  # protocol id: Modbus
        b"\x00\x03"  # length: unit id and PDU
        b"\x11"  # unit id of the request
        b"\x83\x02"  # PDU: exception 02
    )


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ("0001 0000 0002 01 03", True),
        ("ffff 0000 0006 ff 03 0000 0001", True),
        ("0001 0000 00fe" + "00" * 254, True),
        ("0001 0000 00ff" + "00" * 255, False),
        ("0001 0001 0002 01 03", False),
        ("0001 0000 0001 01", False),
        ("0001 0000 0003 01 03", False),
        ("0001 0000 0002 01 03 00", False),
        ("0001 0000 0002 01 03 0001 0000 0002 01 03", False),
        ("0001 0000 00", False),
        ("", False),
    ],
)
def test_one_frame_and_nothing_else(data, good):
    assert is_one_frame(bytes.fromhex(data)) is good


@pytest.mark.parametrize(("data", "frame"), FRAMES)
def test_a_frame_is_put_together_and_taken_apart_again(data, frame):
    assert encode(*frame) == data
    assert parts(data) == frame[1:]


def test_what_was_given_up_with_an_error_is_there_to_be_shown():
    reader = FrameReader()
    reader.feed(FRAMES[0][0] + with_length(1))
    reader.next_frame()
    with pytest.raises(FrameError):
        reader.next_frame()

    assert reader.rest == with_length(1)
