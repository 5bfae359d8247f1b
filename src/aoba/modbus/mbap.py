"""MBAP framing: Modbus frames in a TCP stream (TCP 3.1.3).

Takes bytes in any split, gives frames. The reader has three answers: a frame; None, more bytes are
needed; FrameError, nothing that follows can be trusted and the connection is to be closed.

    transaction id   2 bytes   copied into the answer
    protocol id      2 bytes   0 is Modbus; a frame with another one is passed over (TCP 4.4.2.2)
    length           2 bytes   bytes that follow: unit id and PDU, 2..254
    unit id          1 byte
"""

from struct import Struct
from typing import Final

from aoba.errors import FrameError
from aoba.modbus.frame_history import Framing, in_hex
from aoba.modbus.spec import MAX_PDU

_PREFIX: Final = Struct(">HHH")  # transaction id, protocol id, length
_HEADER: Final = Struct(">HHHB")  # and the unit id
# Five bytes of the request, of which the last is the high one of a length, always 0; the low one.
_COPIED_HEADER: Final = Struct(">5sBB")
UNIT: Final = 6
PDU: Final = slice(7, None)
"""Where a frame has its unit id, and its PDU."""
MIN_LENGTH: Final = 2
"""A unit id and a function code."""
MAX_LENGTH: Final = 1 + MAX_PDU
BEHIND_ID: Final = slice(2, 6)
IN_ONE_FRAME: Final = {
    _PREFIX.size + length: b"\0\0" + length.to_bytes(2, "big")
    for length in range(MIN_LENGTH, MAX_LENGTH + 1)
}
"""What stands there in a whole Modbus frame, by its size: protocol id and length."""


def encode(transaction: int, unit: int, pdu: bytes) -> bytes:
    return _HEADER.pack(transaction, 0, 1 + len(pdu), unit) + pdu


def response(request: bytes, pdu: bytes) -> bytes:
    """The frame that answers the frame `request` with `pdu`, under the same ids."""
    return _COPIED_HEADER.pack(request, 1 + len(pdu), request[UNIT]) + pdu


def parts(frame: bytes) -> tuple[int, bytes]:
    """Unit id and PDU of a good frame."""
    return frame[UNIT], frame[PDU]


FRAMING: Final = Framing(parts, in_hex)


def first_size(data: bytes) -> int:
    """Size of the whole Modbus frame that `data` begins with; 0 where it begins with none."""
    if len(data) < _PREFIX.size:
        return 0
    _, protocol, length = _PREFIX.unpack_from(data)
    size = _PREFIX.size + int(length)
    is_frame = protocol == 0 and MIN_LENGTH <= length <= MAX_LENGTH and size <= len(data)
    return size if is_frame else 0


def is_one_frame(data: bytes) -> bool:
    """Whether `data` is exactly one Modbus frame; as `first_size` would say, but quicker."""
    return IN_ONE_FRAME.get(len(data)) == data[BEHIND_ID]


class FrameReader:
    """Cuts a stream of bytes into frames. Holds no more than what was fed and not yet taken."""

    __slots__ = ("_buffer", "_start", "rest")

    def __init__(self) -> None:
        self.rest = b""
        """What was given up with the FrameError."""
        self._buffer = b""
        self._start = 0

    @property
    def waiting(self) -> bytes:
        """What was fed and not yet taken."""
        return self._buffer[self._start :]

    @property
    def is_empty(self) -> bool:
        """Whether the next byte is the first one of a frame."""
        return self._start == len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer = data if self.is_empty else self._buffer[self._start :] + data
        self._start = 0

    def next_frame(self) -> bytes | None:
        """Take the next frame, or None where the bytes fed so far do not complete one.

        Raises FrameError where the length is not 2..254; then the buffer is empty and stays so.
        """
        while len(self._buffer) - self._start >= _PREFIX.size:
            start = self._start
            _, protocol, length = _PREFIX.unpack_from(self._buffer, start)
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                self.rest = self._buffer[start:]
                self._buffer, self._start = b"", 0
                raise FrameError("MBAP length", length, f"{MIN_LENGTH}..{MAX_LENGTH}")
            end = start + _PREFIX.size + length
            if end > len(self._buffer):
                return None
            self._start = end
            if protocol == 0:
                return self._buffer[start:end]
        return None
