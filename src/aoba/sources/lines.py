"""Bytes in any split -> lines of text for the log, with a bound on their length and their number.

A script that floods its stderr must not flood the log, nor take the time of Modbus clients: what
exceeds `MAX_LINES` within `WINDOW` seconds is counted instead of passed on.
"""

from collections.abc import Iterator
from typing import Final

MAX_PARTIAL: Final = 8192
"""Bytes without a line feed that are kept to wait for one; more are passed on as a line."""

MAX_LINES: Final = 1000
WINDOW: Final = 1.0


class Lines:
    """`now` is in seconds of one monotonic clock. Blank lines are left out."""

    def __init__(self) -> None:
        self._partial = b""
        self._window_end = 0.0
        self._left = 0
        self._held_back = 0

    def feed(self, data: bytes, now: float) -> Iterator[str]:
        if now >= self._window_end:
            yield from self._tell_held_back()
            self._window_end, self._left = now + WINDOW, MAX_LINES
        data = self._partial + data
        end = data.rfind(b"\n") + 1
        if len(data) - end > MAX_PARTIAL:
            end = len(data)
        self._partial = data[end:]
        yield from self._pass_on(data[:end])

    def end(self) -> Iterator[str]:
        """The stream is over: the line it broke off in, and how many were held back."""
        rest, self._partial = self._partial, b""
        yield from self._pass_on(rest)
        yield from self._tell_held_back()

    def _pass_on(self, data: bytes) -> Iterator[str]:
        *lines, rest = data.split(b"\n", self._left)
        if rest and len(lines) < self._left:
            lines.append(rest)
            rest = b""
        self._left -= len(lines)
        self._held_back += rest.count(b"\n") + bool(rest.rpartition(b"\n")[2])
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text:
                yield text

    def _tell_held_back(self) -> Iterator[str]:
        if self._held_back:
            yield f"({self._held_back} more lines, not shown)"
            self._held_back = 0
