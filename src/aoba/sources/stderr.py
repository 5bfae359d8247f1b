"""Lines of a script's stderr -> events for the log: single lines, and tracebacks as a whole.

    <6>pump started         a level of syslog before it, as systemd reads it (sd-daemon(3)): INFO
    pump started            no level: WARNING

A traceback comes in many lines, and a script that fails in each run writes it each time. So its
lines are held until it is complete, and are one event, whose key is the same for the next one that
is alike: numbers and addresses in its message may differ, as "timed out after 2.01 s" does.
"""

import logging
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_LINES: Final = 200
"""Lines that are held; a traceback that is longer is passed on as single lines."""

_LEVEL: Final = re.compile(r"<([0-7])>")
_LEVELS: Final = {
    **dict.fromkeys("0123", logging.ERROR),  # emergency, alert, critical, error
    "4": logging.WARNING,
    **dict.fromkeys("56", logging.INFO),  # notice, informational
    "7": logging.DEBUG,
}
_BEGINS: Final = (
    "Traceback (most recent call last)",
    "  + Exception Group Traceback (most recent call last)",
    "During handling of the above exception",
    "The above exception was the direct cause",
)
_VARIES: Final = re.compile(r"0x[0-9a-fA-F]+|\d+")


class Event(NamedTuple):
    level: int
    lines: list[str]
    key: str | None = None
    """Of a traceback."""


class StderrParser:
    """Of one stream; whole lines are fed, without their ends."""

    def __init__(self) -> None:
        self._held: list[str] = []  # of a traceback
        self._level = logging.WARNING  # of that

    @property
    def is_holding(self) -> bool:
        """Whether there are lines of a traceback that is not complete."""
        return bool(self._held)

    def feed(self, line: str) -> Iterator[Event]:
        level, text = split_level(line)
        if self._held and (text.startswith(_BEGINS) or text[:1] in (" ", "\t")):
            self._held.append(text)
            if len(self._held) > MAX_LINES:
                yield from self.end()
        elif self._held:
            yield self._complete(text)
        elif text.startswith(_BEGINS):
            self._held, self._level = [text], level
        else:
            yield Event(level, [text])

    def end(self) -> Iterator[Event]:
        """Nothing more is to be waited for."""
        held, self._held = self._held, []
        if held:
            yield Event(self._level, held)

    def _complete(self, last: str) -> Event:
        """`last` says which exception it is."""
        lines, self._held = [*self._held, last], []
        return Event(self._level, lines, "\n".join((*lines[:-1], _VARIES.sub("#", last))))


def split_level(line: str) -> tuple[int, str]:
    """The level of the log for a line, and its text."""
    found = _LEVEL.match(line)
    if not found:
        return logging.WARNING, line
    return _LEVELS[found[1]], line[found.end() :]
