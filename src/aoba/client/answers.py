"""What devices send, in any split -> frames; and what of it is no frame.

The same framings as for those who serve, read from the other side. A good frame is found wherever
it begins: bytes before it that cannot be one are passed over, and kept for being told. Where bytes
may be the begin of a frame, the rest is waited for. When a gap shows that nothing more comes,
frames behind them are looked for; but not while they are the begin of the very answer that is
awaited, since its data may look like anything.

A request that comes back as it was sent is given like a frame, for whoever knows what that means.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from aoba.modbus import ascii as ascii_framing
from aoba.modbus import mbap, rtu
from aoba.modbus.checksums import crc16
from aoba.modbus.frame_history import Framing
from aoba.modbus.sizes import UNKNOWN, response_head, response_size
from aoba.modbus.spec import EXCEPTION_FLAG

MAX_AT_ONCE: Final = 4 * 260
"""Bytes looked at where more come at once; the answer is the last of them, behind late ones."""

MAX_KEPT: Final = 32
"""Bytes kept of what is no frame."""

_PREFIX: Final = 6
"""Bytes of an MBAP header whose length is told by its last two."""
_EXCEPTION: Final = 3
"""Unit id, function, code."""

_MORE: Final = -1
_NONE: Final = 0


class Frame(NamedTuple):
    unit: int
    pdu: bytes
    adu: bytes
    """All of it, as it came."""
    transaction: int = 0


@dataclass(frozen=True, slots=True)
class Stray:
    """Bytes that are no frame."""

    size: int = 0
    data: bytes = b""
    """The first of them."""

    def and_then(self, more: "Stray") -> "Stray":
        return Stray(self.size + more.size, (self.data + more.data)[:MAX_KEPT])


NO_STRAY: Final = Stray()


class AnswerReader:
    """Call `expect` with each request, `feed` with what comes, then `next_frame` until None.

    What the framings have in common; each says by `_size` what the buffer begins with.
    """

    framing: ClassVar[Framing] = rtu.FRAMING
    checksum: ClassVar[str] = ""
    """What it is called, where there is one."""

    def __init__(self) -> None:
        self.stray = NO_STRAY
        """Since it was last set."""
        self.damaged = False
        """Whether the answer that was awaited has come, but for its checksum; since it was set."""
        self._buffer = b""
        self._head = self._exception_head = b""
        """How the answer that is awaited begins, and how it does where it is an exception."""
        self._echo = b""
        self._is_gap = False

    @property
    def waiting(self) -> bool:
        """Whether `gap` is to be called when nothing more comes."""
        return bool(self._buffer)

    @property
    def unfinished(self) -> Stray:
        """What may still become a frame, if more comes."""
        return Stray(len(self._buffer), self._buffer[:MAX_KEPT])

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        """The frame of a request."""
        raise NotImplementedError

    def expect(self, adu: bytes, *, echo: bool) -> None:
        """A request is sent, or sent again; with `echo`, it may come back as it is."""
        if self._is_gap:  # else an answer may be coming
            self.clear()
        self._echo = adu if echo else b""
        self._head = self._answer_head(adu)
        self._exception_head = self._head_of_exception(adu)

    def feed(self, data: bytes) -> None:
        if len(data) > MAX_AT_ONCE:
            data = self._without_flood(data)
        self._buffer += data
        self._is_gap = False

    def gap(self) -> None:
        """Nothing came for as long as a frame may pause; call `next_frame` next."""
        self._is_gap = True

    def clear(self) -> None:
        """What has come, and is no frame so far, will not become one."""
        self._pass_over(len(self._buffer))

    def next_frame(self) -> Frame | None:
        while self._buffer:
            if self._echo and self._buffer.startswith(self._echo):
                size = len(self._echo)
            elif not self._is_gap and self._echo.startswith(self._buffer):
                return None
            else:
                size = self._size(self._buffer)
            if size == _MORE and not (self._is_gap and self._is_lost()):
                return None
            if size > _NONE:
                adu, self._buffer = self._buffer[:size], self._buffer[size:]
                return self._frame(adu)
            self._pass_over(1)
        return None

    def _answer_head(self, adu: bytes) -> bytes:
        """How the answer to `adu` begins."""
        raise NotImplementedError

    def _head_of_exception(self, adu: bytes) -> bytes:
        raise NotImplementedError

    def _size(self, data: bytes) -> int:
        """Bytes of the good frame that `data` begins with; _MORE are needed, or there is _NONE."""
        raise NotImplementedError

    def _frame(self, adu: bytes) -> Frame:
        return Frame(*self.framing.parts(adu), adu)

    def _is_lost(self) -> bool:
        """Whether half a frame in the buffer is not the answer that is awaited."""
        return not any(
            self._buffer.startswith(head) or head.startswith(self._buffer)
            for head in (self._head, self._exception_head)
        )

    def _without_flood(self, data: bytes) -> bytes:
        self.clear()
        self.stray = self.stray.and_then(Stray(len(data) - MAX_AT_ONCE, data[:MAX_KEPT]))
        return data[-MAX_AT_ONCE:]

    def _pass_over(self, size: int) -> None:
        if size:
            data, self._buffer = self._buffer[:size], self._buffer[size:]
            self.stray = self.stray.and_then(Stray(size, data[:MAX_KEPT]))


class RtuAnswers(AnswerReader):
    """Of RTU frames, on a line or in a stream."""

    checksum = "CRC"

    def __init__(self) -> None:
        super().__init__()
        self._burst = b""
        """What has come since a gap or a good frame."""

    @property
    def waiting(self) -> bool:
        return bool(self._burst)

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:  # noqa: ARG002  it has none
        return rtu.encode(unit, pdu)

    def feed(self, data: bytes) -> None:
        super().feed(data)
        self._burst = (self._burst + data)[: rtu.MAX_FRAME + 1]

    def gap(self) -> None:
        """What came whole and alone, with a wrong CRC, was the answer; more behind it is noise."""
        super().gap()
        burst, self._burst = self._burst, b""
        if self._head and burst.startswith(self._head) and len(burst) == response_size(burst, 0):
            self.damaged = True

    def clear(self) -> None:
        super().clear()
        self._burst = b""

    def _answer_head(self, adu: bytes) -> bytes:
        return response_head(adu) or adu[:2]

    def _head_of_exception(self, adu: bytes) -> bytes:
        return bytes((adu[0], adu[1] | EXCEPTION_FLAG))

    def _size(self, data: bytes) -> int:
        if len(data) < 2:  # noqa: PLR2004  unit id and function
            return _MORE
        size = response_size(data, 0)
        if size == UNKNOWN or size > rtu.MAX_FRAME:
            return _NONE
        if size > len(data):
            return _MORE
        return _NONE if crc16(data[:size]) else size

    def _frame(self, adu: bytes) -> Frame:
        self._burst = self._buffer
        return super()._frame(adu)


class AsciiAnswers(AnswerReader):
    framing = ascii_framing.FRAMING
    checksum = "LRC"

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:  # noqa: ARG002  it has none
        return ascii_framing.encode(unit, pdu)

    def _answer_head(self, adu: bytes) -> bytes:
        return adu[:5]  # the colon, unit id and function

    def _head_of_exception(self, adu: bytes) -> bytes:
        return adu[:3] + f"{int(adu[3:5], 16) | EXCEPTION_FLAG:02X}".encode()

    def _size(self, data: bytes) -> int:
        end = data.find(b"\n") + 1
        if not data.startswith(b":") or b":" in data[1 : end or None]:
            return _NONE
        if not end:
            return _MORE if len(data) < ascii_framing.MAX_FRAME else _NONE
        if ascii_framing.decode(data[1:end]):
            return end
        if self._head and data.startswith(self._head):
            self.damaged = True
        return _NONE


class MbapAnswers(AnswerReader):
    """Of frames in a TCP stream, or one datagram after the other."""

    framing = mbap.FRAMING

    def __init__(self) -> None:
        super().__init__()
        self._is_astray = False  # bytes were passed over, so what follows is where it may be

    def encode(self, unit: int, pdu: bytes, transaction: int) -> bytes:
        return mbap.encode(transaction, unit, pdu)

    def _answer_head(self, adu: bytes) -> bytes:
        return adu[:4]  # transaction and protocol id

    def _head_of_exception(self, adu: bytes) -> bytes:
        return self._answer_head(adu)

    def _size(self, data: bytes) -> int:
        if self._is_astray and not data.startswith(self._head):
            return _MORE if self._head.startswith(data) else _NONE
        if len(data) < _PREFIX:
            return _MORE
        protocol, length = (int.from_bytes(data[at : at + 2], "big") for at in (2, 4))
        if protocol or not mbap.MIN_LENGTH <= length <= mbap.MAX_LENGTH:
            return _NONE
        is_exception = len(data) > _PREFIX + 1 and data[_PREFIX + 1] & EXCEPTION_FLAG
        # Some devices forget that the code of an exception is a byte, too.
        size = _PREFIX + (max(length, _EXCEPTION) if is_exception else length)
        return size if size <= len(data) else _MORE

    def _frame(self, adu: bytes) -> Frame:
        self._is_astray = False
        return super()._frame(adu)._replace(transaction=int.from_bytes(adu[:2], "big"))

    def _pass_over(self, size: int) -> None:
        super()._pass_over(size)
        self._is_astray = bool(self._buffer)
