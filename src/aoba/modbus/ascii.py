"""ASCII framing: Modbus frames as lines of text on a bus with other devices (Serial Line 2.5.2).

    :         1 character   a frame begins, whatever came before
    unit id   2 digits      0 is everybody; digits are hexadecimal, of either case
    PDU       2..506 digits
    LRC       2 digits
    CR LF     2 characters

Takes all that passes on the line, in any split, and gives the requests for us.
"""

from binascii import Error, unhexlify
from collections.abc import Container
from typing import Final

from aoba.modbus.checksums import lrc
from aoba.modbus.counters import Counters
from aoba.modbus.frame_history import FrameHistory, Framing
from aoba.modbus.rtu import BROADCAST, Request

SILENCE: Final = 1.0
"""Seconds that may pass between two characters of a frame (Serial Line 2.5.2.1)."""

MIN_BYTES: Final = 3
MAX_FRAME: Final = 513
"""Characters (Serial Line 2.5.2.1)."""

_START: Final = b":"
_END: Final = b"\r\n"


def encode(unit: int, pdu: bytes) -> bytes:
    frame = bytes((unit,)) + pdu
    return _START + (frame + bytes((lrc(frame),))).hex().upper().encode() + _END


def parts(frame: bytes) -> tuple[int, bytes]:
    """Unit id and PDU of a good frame."""
    data = unhexlify(frame.removeprefix(_START).removesuffix(_END))
    return data[0], data[1:-1]


def shown(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace").removesuffix("\r\n")


FRAMING: Final = Framing(parts, shown)


class AsciiReader:
    """Finds the requests for the units in `ours`, which may change, and for everybody."""

    def __init__(
        self, ours: Container[int], counters: Counters, history: FrameHistory | None = None
    ) -> None:
        self._ours = ours
        self._counters = counters
        self._history = history or FrameHistory()
        self._buffer = b""
        self._start = 0  # of what comes next, in the buffer

    @property
    def waiting(self) -> bool:
        """Whether there are characters that a gap would tell something about."""
        return self._start < len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer = self._buffer[self._start :] + data
        self._start = 0

    def next_request(self) -> Request | None:
        """Take the next request, or None where the bytes fed so far do not complete one."""
        while end := self._buffer.find(_END[-1:], self._start) + 1:
            line, self._start = self._buffer[self._start : end], end
            if request := self._request(line):
                return request
        if len(self._buffer) - self._start >= MAX_FRAME:
            self._damaged(self._buffer[self._start :])
            start = self._buffer.rfind(_START, 1 - MAX_FRAME)  # a frame that may still end in time
            self._start = start if start >= self._start else len(self._buffer)
        return None

    def gap(self) -> None:
        """Nothing came for `SILENCE`: a frame that has not ended by now is none."""
        if self.waiting:
            self._damaged(self._buffer[self._start :])
            self._start = len(self._buffer)

    def _request(self, line: bytes) -> Request | None:
        before, colon, frame = line.rpartition(_START)
        if before:
            self._damaged(before)  # a frame without an end, or noise
        data = decode(frame) if colon else b""
        if not data:
            self._damaged(line)
        elif data[0] == BROADCAST or data[0] in self._ours:
            return Request(data[0], data[1:-1])
        else:
            self._counters.overheard()
            self._history.add((colon + frame, None))
        return None

    def _damaged(self, data: bytes) -> None:
        self._counters.damaged()
        self._history.broken("no frame, or one with a wrong LRC", data)


def decode(frame: bytes) -> bytes:
    """The bytes of a good frame, given from behind the colon to its end; else empty."""
    try:
        data = unhexlify(frame.removesuffix(_END))
    except Error:
        return b""
    good = frame.endswith(_END) and len(frame) < MAX_FRAME and len(data) >= MIN_BYTES
    return data if good and not lrc(data) else b""
