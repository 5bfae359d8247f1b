"""RTU framing: Modbus frames on a bus with other devices (Serial Line 2.5.1).

    unit id   1 byte    0 is everybody
    PDU       1..253 bytes
    CRC       2 bytes   low byte first

Takes all that passes on the line, in any split, and gives the requests for us. A frame ends where
its function says (`aoba.modbus.sizes`), and its CRC confirms that. What other devices are asked and
what they answer is followed from frame to frame, since their data may contain anything, a whole
request to us included.

The specification has a frame end by the clock (t1.5 and t3.5, Serial Line 2.5.1.1). Here none does:
timers of an operating system cannot see gaps of a millisecond, and adapters make gaps of their own
within frames. So a request is answered with its last byte. A gap is told from outside, by `gap`,
when the line has been quiet for t3.5 and some time more.

A request for us that does not have the length of its function ends at the next gap: it is answered
with an exception.

Where no frame fits, the place is lost, and a gap in the traffic is the way back. Whoever asks us
waits for our answer, so a request right before a gap is genuine even then, while one that is data
of another frame has that frame's CRC behind it.
"""

from collections import deque
from collections.abc import Container
from typing import Final, NamedTuple

from aoba.modbus.checksums import crc16
from aoba.modbus.counters import Counters
from aoba.modbus.frame_history import FrameHistory, Framing, in_hex
from aoba.modbus.sizes import UNKNOWN, request_size, response_head, response_size

BROADCAST: Final = 0
"""The unit id of all stations (Serial Line 2.2)."""

MIN_FRAME: Final = 4
MAX_FRAME: Final = 256

_LOST: Final = -1
_MORE: Final = 0


class Request(NamedTuple):
    unit: int
    pdu: bytes


def silence(baudrate: int) -> float:
    """Seconds of silence between two frames, t3.5: 3.5 characters of 11 bits (Serial Line 2.5.1.1).

    Above 19200 baud it is a fixed time, since no device could tell shorter ones from each other.
    """
    return 0.00175 if baudrate > 19200 else 3.5 * 11 / baudrate  # noqa: PLR2004


def encode(unit: int, pdu: bytes) -> bytes:
    frame = bytes((unit,)) + pdu
    return frame + crc16(frame).to_bytes(2, "little")


def parts(frame: bytes) -> tuple[int, bytes]:
    """Unit id and PDU of a good frame."""
    return frame[0], frame[1:-2]


FRAMING: Final = Framing(parts, in_hex)


class RtuReader:
    """Finds the requests for the units in `ours`, which may change, and for everybody.

    With `is_stream`, bytes come from a network, where the rest of a frame may be late, but comes.
    """

    def __init__(
        self,
        ours: Container[int],
        counters: Counters,
        history: FrameHistory | None = None,
        *,
        is_stream: bool = False,
    ) -> None:
        self._ours = ours
        self._counters = counters
        self._history = history or FrameHistory()
        self._is_stream = is_stream
        self._buffer = b""
        self._start = 0  # of what comes next, in the buffer
        self._lost = False  # the buffer does not begin with a frame
        self._awaited = b""  # how the next frame begins if the device that was asked answers
        self._found: deque[Request] = deque()  # at a gap

    @property
    def waiting(self) -> bool:
        """Whether there are bytes that a gap would tell something about."""
        return self._start < len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer = self._buffer[self._start :] + data
        self._start = 0
        if self._lost:
            self._forget()

    def next_request(self) -> Request | None:
        """Take the next request, or None where the bytes fed so far do not complete one."""
        return self._found.popleft() if self._found else self._parse()

    def _parse(self) -> Request | None:
        while self.waiting and not self._lost:
            size = self._frame_size()
            if size == _MORE:
                return None
            if size == _LOST:
                self._lost = True
                self._forget()
                return None
            frame = self._buffer[self._start : self._start + size]
            self._start += size
            if request := self._request(frame):
                return request
        return None

    def gap(self) -> None:
        """The line is silent: a frame that has not ended by now is none (Serial Line 2.5.1.1)."""
        self._found.extend(iter(self._parse, None))
        rest = self._buffer[self._start :]
        if not rest:
            return
        if MIN_FRAME <= len(rest) <= MAX_FRAME and not crc16(rest):
            request = self._request(rest)
        elif self._is_stream and not self._lost and _has_a_known_end(rest):
            return
        else:
            half_a_response = not self._lost and self._is_awaited(rest[: len(self._awaited)])
            request = None if half_a_response else self._last_request(rest)
            self._counters.damaged()
            self._history.broken("no frame, or one with a wrong CRC", rest)
            self._awaited = b""
        self._buffer, self._start, self._lost = b"", 0, False
        if request:
            self._found.append(request)

    def _frame_size(self) -> int:
        """Size of the frame at `_start`; _MORE bytes are needed to tell; _LOST, there is none."""
        data, start = self._buffer, self._start
        available = len(data) - start
        if available < 2:  # noqa: PLR2004  unit id and function
            return _MORE
        if self._is_ours(data[start]):
            sizes = [request_size(data, start)]
        elif self._is_awaited(data[start : start + len(self._awaited)]):
            sizes = [response_size(data, start), request_size(data, start)]
            if sizes[0] > available:
                return _MORE  # whatever its data may look like until then
        else:
            sizes = sorted((request_size(data, start), response_size(data, start)))
        for size in sizes:
            if UNKNOWN < size <= min(available, MAX_FRAME) and not crc16(
                data[start : start + size]
            ):
                return size
        may_come = any(size == UNKNOWN or available < size <= MAX_FRAME for size in sizes)
        return _MORE if may_come and available <= MAX_FRAME else _LOST

    def _request(self, frame: bytes) -> Request | None:
        """Take a good frame: a request for us, or else somebody else's business."""
        if self._is_ours(frame[0]):
            self._awaited = b""
            return Request(frame[0], frame[1:-2])
        self._counters.overheard()
        self._history.add((frame, None))
        answers = self._is_awaited(frame[:3]) and len(frame) == response_size(frame, 0)
        asks = len(frame) == request_size(frame, 0) and not answers
        self._awaited = response_head(frame) if asks else b""
        return None

    def _last_request(self, data: bytes) -> Request | None:
        """The request for us that `data` ends with."""
        for start in range(max(1, len(data) - MAX_FRAME), len(data) - MIN_FRAME + 1):
            if self._is_ours(data[start]) and request_size(data, start) == len(data) - start:
                frame = data[start:]
                if not crc16(frame):
                    return self._request(frame)
        return None

    def _is_ours(self, unit: int) -> bool:
        return unit == BROADCAST or unit in self._ours

    def _is_awaited(self, head: bytes) -> bool:
        return bool(self._awaited) and head == self._awaited

    def _forget(self) -> None:
        """Keep what may be the last request before a gap, and one byte to know that it is cut."""
        self._buffer, self._start = self._buffer[self._start :][-MAX_FRAME - 1 :], 0


def _has_a_known_end(data: bytes) -> bool:
    return len(data) < 2 or request_size(data, 0) != UNKNOWN  # noqa: PLR2004  unit id and function
