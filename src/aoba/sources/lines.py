"""Bytes in any split -> lines of text for the log, with a bound on their length and their number.

A script that floods its stderr must not flood the log, nor take the time of Modbus clients: what
exceeds `HEAD` and `TAIL` bytes in a line, or `MAX_LINES` lines within `WINDOW` seconds, is counted
instead of passed on.
"""

from collections.abc import Iterator
from typing import Final

HEAD: Final = 1500
TAIL: Final = 500
"""Bytes that are kept of the beginning and of the end of a line that is longer than both."""

MAX_LINES: Final = 1000
WINDOW: Final = 1.0


class Lines:
    """`now` is in seconds of one monotonic clock. Blank lines are left out."""

    def __init__(self) -> None:
        self._head = self._tail = b""  # of the line that is coming
        self._size = 0
        self._window_end = 0.0
        self._left = 0
        self._held_back = 0

    @property
    def begun(self) -> bytes:
        """The line that is coming, up to HEAD bytes."""
        return self._head

    def feed(self, data: bytes, now: float) -> Iterator[str]:
        if not self._size and not data.strip(b"\r\n"):
            return  # what stands between documents is no line, and is not counted as one
        if now >= self._window_end:
            yield from self._tell_held_back()
            self._window_end, self._left = now + WINDOW, MAX_LINES
        *lines, rest = data.split(b"\n", self._left)
        self._left -= len(lines)
        for line in lines:
            self._extend(line)
            yield from self._pass_on()
        held_back = rest.count(b"\n")
        if held_back:
            self._held_back += held_back
            self._start_line()
            rest = rest[rest.rfind(b"\n") + 1 :]
        self._extend(rest)

    def end(self) -> Iterator[str]:
        """The stream is over: the line it broke off in, and how many were held back."""
        yield from self._pass_on()
        yield from self._tell_held_back()

    def _extend(self, data: bytes) -> None:
        room = HEAD - len(self._head)
        self._head += data[:room]
        self._size += len(data)
        self._tail = (self._tail + data[room:])[-TAIL:]

    def _pass_on(self) -> Iterator[str]:
        head, tail = self._head, self._tail
        left_out = self._size - len(head) - len(tail)
        self._start_line()
        mark = f" ... ({left_out} bytes left out) ... ".encode() if left_out else b""
        text = (head + mark + tail).decode(errors="replace").rstrip()
        if text:
            yield text

    def _start_line(self) -> None:
        self._head = self._tail = b""
        self._size = 0

    def _tell_held_back(self) -> Iterator[str]:
        if self._held_back:
            yield f"({self._held_back} more lines, not shown)"
            self._held_back = 0
