"""Bytes in any split -> lines of text for the log, with a bound on their length and their number.

A script that floods its stderr must not flood the log, nor take the time of Modbus clients: what
exceeds `MAX_LINE` bytes in a line, or `MAX_LINES` lines within `WINDOW` seconds, is counted instead
of passed on.
"""

from collections.abc import Iterator
from typing import Final

MAX_LINE: Final = 2000
MAX_LINES: Final = 1000
WINDOW: Final = 1.0


class Lines:
    """`now` is in seconds of one monotonic clock. Blank lines are left out."""

    def __init__(self) -> None:
        self._begun = b""  # of a line whose end has not come, at most MAX_LINE bytes
        self._cut = 0  # how many bytes of it were left out
        self._window_end = 0.0
        self._left = 0
        self._held_back = 0

    def feed(self, data: bytes, now: float) -> Iterator[str]:
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
            self._begun, self._cut = b"", 0
            rest = rest[rest.rfind(b"\n") + 1 :]
        self._extend(rest)

    def end(self) -> Iterator[str]:
        """The stream is over: the line it broke off in, and how many were held back."""
        yield from self._pass_on()
        yield from self._tell_held_back()

    def _extend(self, data: bytes) -> None:
        room = MAX_LINE - len(self._begun)
        self._begun += data[:room]
        self._cut += len(data) - len(data[:room])

    def _pass_on(self) -> Iterator[str]:
        text = self._begun.decode(errors="replace").rstrip()
        if self._cut:
            text += f" ... ({self._cut} bytes more)"
        self._begun, self._cut = b"", 0
        if text:
            yield text

    def _tell_held_back(self) -> Iterator[str]:
        if self._held_back:
            yield f"({self._held_back} more lines, not shown)"
            self._held_back = 0
