"""A stream of MQTT packets, in any split -> published messages, and the other packets as they came.

Looks at the remaining length before it takes a packet in. Of a PUBLISH packet that is larger than
any document may be, topic and packet identifier are kept and the rest is dropped as it comes, so
that it can be acknowledged, and told of. Any other packet of that size is an error.

    fixed header      1 byte of type and flags, 1 to 4 bytes of remaining length    section 2.1
    topic             length in 2 bytes, UTF-8                                      section 3.3.2.1
    packet identifier 2 bytes, with QoS 1 and 2 only                                section 3.3.2.2
    properties        of version 5 only: length in 1 to 4 bytes                     section 3.3.2.3
    payload           what is left                                                  section 3.3.3
"""

from typing import Final, NamedTuple

from aoba.document.stream import MAX_VALUE
from aoba.errors import FrameError

PUBLISH: Final = 3
PUBREL: Final = 6
"""Types of packets (section 2.1.2)."""

MAX_PUBLISH: Final = MAX_VALUE + 256 * 1024
"""Bytes behind the fixed header: a document, and what is beside it in the packet."""
MAX_OTHER: Final = 256 * 1024

_LONGEST_LENGTH: Final = 4  # bytes (sections 2.1.4 and 1.5.5)
_MORE: Final = 0x80  # in a byte of a length: another one follows
_MAX_QOS: Final = 2


class Publish(NamedTuple):
    topic: str
    payload: bytes
    """Empty where it was too large."""
    size: int
    """Bytes that the payload had."""
    qos: int
    packet_id: int
    """0 with QoS 0."""
    retain: bool


class PacketReader:
    """`feed` it, then call `next_packet` until it gives None.

    Holds what was fed and not yet taken, and of a single packet no more than `MAX_PUBLISH` bytes.
    """

    def __init__(self, *, is_version_5: bool) -> None:
        self._is_version_5 = is_version_5
        self._buffer = bytearray()
        self._start = 0
        self._skipped: Publish | None = None  # of which `_to_skip` bytes are still to come
        self._to_skip = 0

    def feed(self, data: bytes | bytearray) -> None:
        if self._to_skip:
            dropped = min(self._to_skip, len(data))
            self._to_skip -= dropped
            data = data[dropped:]
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_packet(self) -> Publish | bytes | None:
        """Take the next packet, or None where the bytes fed so far do not complete one.

        Raises FrameError where what comes is no MQTT; the connection is to be closed then.
        """
        if self._skipped:
            return self._end_of_skipped()
        found = self._length_at(self._start + 1)
        if found is None:
            return None
        begin, length = found
        end = begin + length
        first = self._buffer[self._start]
        if first >> 4 == PUBLISH:
            if length > MAX_PUBLISH:
                return self._skip(first, begin, end)
            return self._publish(first, begin, end) if end <= len(self._buffer) else None
        if length > MAX_OTHER:
            raise FrameError("length of an MQTT packet", length, f"0..{MAX_OTHER}")
        return self._taken(self._start, end) if end <= len(self._buffer) else None

    def _publish(self, first: int, begin: int, end: int) -> Publish:
        head = self._head(first, begin, end)
        if head is None:
            raise FrameError("length of a PUBLISH packet", end - begin, "room for its topic")
        topic, qos, packet_id, begin = head
        if self._is_version_5:
            found = self._length_at(begin)
            if found is None or sum(found) > end:
                raise FrameError("length of a PUBLISH packet", end - begin, "room for properties")
            begin = sum(found)
        payload = self._taken(begin, end)
        return Publish(topic, payload, len(payload), qos, packet_id, bool(first & 1))

    def _skip(self, first: int, begin: int, end: int) -> Publish | None:
        """Begin to drop a packet, if its head has come."""
        head = self._head(first, begin, len(self._buffer))
        if head is None:
            return None
        topic, qos, packet_id, begin = head
        self._skipped = Publish(topic, b"", end - begin, qos, packet_id, bool(first & 1))
        self._to_skip = max(0, end - len(self._buffer))
        self._drop_until(min(end, len(self._buffer)))
        return self._end_of_skipped()

    def _end_of_skipped(self) -> Publish | None:
        if self._to_skip:
            return None
        skipped, self._skipped = self._skipped, None
        return skipped

    def _head(self, first: int, begin: int, end: int) -> tuple[str, int, int, int] | None:
        """Topic, QoS, packet identifier, and where they end; None where that is behind `end`."""
        qos = first >> 1 & 3
        if qos > _MAX_QOS:
            raise FrameError("QoS of a PUBLISH packet", qos, f"0..{_MAX_QOS}")
        topic_at = begin + 2
        topic_end = topic_at + int.from_bytes(self._buffer[begin:topic_at], "big")
        head_end = topic_end + (2 if qos else 0)
        if end < topic_at or end < head_end:
            return None
        packet_id = int.from_bytes(self._buffer[topic_end:head_end], "big")
        if topic_end == topic_at or (qos and not packet_id):
            # An alias of version 5 may stand for a topic, but only where we said we know it.
            what = "packet identifier" if topic_end > topic_at else "length of a topic"
            raise FrameError(f"{what} of a PUBLISH packet", 0, "1..65535")
        # A broker should not let through what is no UTF-8 (section 1.5.3). To end the connection
        # for it would let one publisher cut us off from all others.
        topic = self._buffer[topic_at:topic_end].decode(errors="backslashreplace")
        return topic, qos, packet_id, head_end

    def _length_at(self, position: int) -> tuple[int, int] | None:
        """Where the length at `position` ends, and what it is; None where it has not come."""
        length = shift = 0
        for byte in self._buffer[position : position + _LONGEST_LENGTH]:
            position += 1
            length |= (byte & ~_MORE) << shift
            if byte < _MORE:
                return position, length
            shift += 7
        if shift == 7 * _LONGEST_LENGTH:
            raise FrameError("bytes of a length", _LONGEST_LENGTH + 1, f"1..{_LONGEST_LENGTH}")
        return None

    def _taken(self, begin: int, end: int) -> bytes:
        """What is from `begin` to `end`, where a packet ends."""
        with memoryview(self._buffer) as view:
            taken = bytes(view[begin:end])
        self._drop_until(end)
        return taken

    def _drop_until(self, end: int) -> None:
        self._start = end
        if end == len(self._buffer):
            self._buffer = bytearray()  # the old one may have held a large packet
            self._start = 0
