import pytest

from aoba.errors import FrameError
from aoba.mqtt import packets
from aoba.mqtt.packets import MAX_OTHER, MAX_PUBLISH, PacketReader, Publish
from builders import all_splits

CASES = {
    "QoS 0": (
        (
            b"\x30"  # PUBLISH, QoS 0 (section 3.3.1)
            b"\x05"  # remaining length
            b"\x00\x01a"  # topic
            b"hi"  # payload
        ),
        Publish("a", b"hi", 2, 0, 0, retain=False),
    ),
    "QoS 1, kept": (
        (
            b"\x33"  # PUBLISH, QoS 1, RETAIN
            b"\x08"  # remaining length
            b"\x00\x03a/b"  # topic
            b"\x01\x02"  # packet identifier 258
            b"!"  # payload
        ),
        Publish("a/b", b"!", 1, 1, 258, retain=True),
    ),
    "QoS 2, sent again, nothing in it": (
        (
            b"\x3c"  # PUBLISH, DUP, QoS 2
            b"\x05"  # remaining length
            b"\x00\x01a"  # topic
            b"\xff\xff"  # packet identifier 65535
        ),
        Publish("a", b"", 0, 2, 65535, retain=False),
    ),
    "a length of two bytes": (
        b"\x30"  # PUBLISH, QoS 0
        b"\x80\x01"  # remaining length 128
        b"\x00\x01a" + bytes(125),  # topic  # payload
        Publish("a", bytes(125), 125, 0, 0, retain=False),
    ),
    "a topic that is no UTF-8": (
        (
            b"\x30"  # PUBLISH, QoS 0
            b"\x05"  # remaining length
            b"\x00\x02\xc3("  # topic
            b"x"  # payload
        ),
        Publish(r"\xc3(", b"x", 1, 0, 0, retain=False),
    ),
    "PUBREL": (
        (
            b"\x62"  # PUBREL (section 3.6)
            b"\x02"  # remaining length
            b"\x00\x07"  # packet identifier
        ),
        b"\x62\x02\x00\x07",
    ),
    "PINGRESP": (b"\xd0\x00", b"\xd0\x00"),  # no more than a fixed header (section 3.13)
}

VERSION_5 = {
    "no properties": (
        (
            b"\x30"  # PUBLISH, QoS 0
            b"\x06"  # remaining length
            b"\x00\x01a"  # topic
            b"\x00"  # length of properties
            b"hi"  # payload
        ),
        Publish("a", b"hi", 2, 0, 0, retain=False),
    ),
    "with properties": (
        (
            b"\x32"  # PUBLISH, QoS 1
            b"\x0d"  # remaining length
            b"\x00\x01a"  # topic
            b"\x00\x09"  # packet identifier
            b"\x05"  # length of properties
            b"\x02\x00\x00\x00\x3c"  # message expiry interval, 60 s
            b"hi"  # payload
        ),
        Publish("a", b"hi", 2, 1, 9, retain=False),
    ),
}


def taken(reader):
    found = []
    while (packet := reader.next_packet()) is not None:
        found.append(packet)
    return found


def read(chunks, *, is_version_5=False):
    reader, found = PacketReader(is_version_5=is_version_5), []
    for chunk in chunks:
        reader.feed(chunk)
        found += taken(reader)
    return found


@pytest.mark.parametrize(("data", "packet"), CASES.values(), ids=CASES)
def test_a_packet_in_any_split(data, packet):
    for chunks in all_splits(data):
        assert read(chunks) == [packet]


@pytest.mark.parametrize(("data", "packet"), VERSION_5.values(), ids=VERSION_5)
def test_a_packet_of_version_5_in_any_split(data, packet):
    for chunks in all_splits(data):
        assert read(chunks, is_version_5=True) == [packet]


def test_all_of_them_in_any_split():
    data = b"".join(data for data, _ in CASES.values())
    expected = [packet for _, packet in CASES.values()]

    for chunks in all_splits(data):
        assert read(chunks) == expected


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_of_one_that_is_too_large_the_payload_is_dropped_as_it_comes(monkeypatch, qos):
    monkeypatch.setattr(packets, "MAX_PUBLISH", 20)
    head = b"\x00\x05a/b/c" + (b"\x00\x07" if qos else b"")  # topic, packet identifier
    large = bytes([0x30 | qos << 1, 21]) + head + bytes(21 - len(head))
    at_most = bytes([0x30 | qos << 1, 20]) + head + bytes(20 - len(head))
    packet_id = 7 if qos else 0

    for chunks in all_splits(large + at_most + large):
        assert read(chunks) == [
            Publish("a/b/c", b"", 21 - len(head), qos, packet_id, retain=False),
            Publish("a/b/c", bytes(20 - len(head)), 20 - len(head), qos, packet_id, retain=False),
            Publish("a/b/c", b"", 21 - len(head), qos, packet_id, retain=False),
        ]


def test_nothing_of_the_largest_there_can_be_is_held():
    reader = PacketReader(is_version_5=False)
    reader.feed(b"\x30\xff\xff\xff\x7f\x00\x01a")  # 268 435 455 bytes (section 2.2.3)
    piece = bytes(2**20)
    for _ in range(255):
        reader.feed(piece)
        assert reader.next_packet() is None
        assert len(reader._buffer) == 0
    reader.feed(piece[:-4])

    assert taken(reader) == [Publish("a", b"", 2**28 - 4, 0, 0, retain=False)]


def test_a_large_one_that_is_allowed_is_not_held_any_more_once_it_is_taken():
    reader = PacketReader(is_version_5=False)
    size = MAX_PUBLISH - 3
    reader.feed(b"\x30" + bytes([MAX_PUBLISH & 127 | 128, MAX_PUBLISH >> 7 & 127 | 128]))
    reader.feed(bytes([MAX_PUBLISH >> 14 & 127 | 128, MAX_PUBLISH >> 21]) + b"\x00\x01a")
    reader.feed(bytes(size))

    assert [(packet.size, len(packet.payload)) for packet in taken(reader)] == [(size, size)]
    assert len(reader._buffer) == 0


BROKEN = {
    "a length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "QoS 3": b"\x36\x05\x00\x01a\x00\x01",
    "no room for a topic": b"\x30\x01\x00",
    "less room than its topic needs": b"\x30\x03\x00\x02a",
    "no room for a packet identifier": b"\x32\x04\x00\x01a\x00",
    "no topic": b"\x30\x02\x00\x00",
    "packet identifier 0": b"\x32\x05\x00\x01a\x00\x00",
    "another packet that is too large": bytes([0x90, MAX_OTHER + 1 & 127 | 128])
    + bytes([MAX_OTHER + 1 >> 7 & 127 | 128, MAX_OTHER + 1 >> 14]),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_mqtt_is_told_in_any_split(data):
    for chunks in all_splits(data):
        with pytest.raises(FrameError):
            read(chunks)


@pytest.mark.parametrize("properties", [b"", b"\x80", b"\x02\x00", b"\x80\x80\x80\x80\x01"])
def test_properties_that_do_not_fit_are_no_mqtt(properties):
    data = b"\x30" + bytes([3 + len(properties)]) + b"\x00\x01a" + properties

    with pytest.raises(FrameError):
        read([data, b"\x30\x05\x00\x01ahi"], is_version_5=True)
