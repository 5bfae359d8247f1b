"""Lines of a script's stderr -> events for the log: single lines, and tracebacks as a whole.

    <6>pump started         a level of syslog before it, as systemd reads it (sd-daemon(3)): INFO
    pump started            no level: WARNING

A traceback comes in many lines, and a script that fails in each run writes it each time. So its
lines are held until it is complete, and are one event, whose key is the same for the next one that
is alike: numbers and addresses in its message may differ, as "timed out after 2.01 s" does.

A message may go on behind the line that seems to be its last, and so may a group of exceptions.
Nothing tells such lines from others. So they are events of their own, with the key of what they
stand behind.
"""

import logging
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_LINES: Final = 200
"""Lines that are held; what a longer traceback has beyond them stands behind it."""

MAX_BEHIND: Final = 50
"""Lines that are taken to stand behind a traceback."""

_LEVEL: Final = re.compile(r"<([0-7])>")
_LEVELS: Final = {
    **dict.fromkeys("0123", logging.ERROR),  # emergency, alert, critical, error
    "4": logging.WARNING,
    **dict.fromkeys("56", logging.INFO),  # notice, informational
    "7": logging.DEBUG,
}
_GROUP: Final = "  + Exception Group Traceback (most recent call last)"
_PLACE: Final = '  File "'  # with which that of a SyntaxError begins
_BEGINS: Final = (
    "Traceback (most recent call last)",
    _GROUP,
    _PLACE,
    "During handling of the above exception",
    "The above exception was the direct cause",
)
_GROUP_ENDS: Final = re.compile(r" +\+-+")
_SYNTAX_ERROR: Final = re.compile(r"\w+Error\b")
_VARIES: Final = re.compile(r"0x[0-9a-fA-F]+|\d+")
_FRAME: Final = " |+-"  # what is drawn around the exceptions of a group


class Event(NamedTuple):
    level: int
    lines: list[str]
    key: int | None = None
    """Of a traceback."""
    behind: int | None = None
    """Of a line that stands behind a traceback, the key of that."""

    @property
    def brief(self) -> str:
        """The last line that says something."""
        bare = (line.lstrip(_FRAME) for line in reversed(self.lines))
        return next(filter(None, bare), self.lines[-1])


class StderrParser:
    """Of one stream; whole lines are fed, without their ends."""

    def __init__(self) -> None:
        self._held: list[str] = []  # of a traceback
        self._level = logging.WARNING  # of that
        self._key: int | None = None  # of the last one
        self._behind = 0  # lines behind it, so far

    @property
    def is_holding(self) -> bool:
        """Whether there are lines of a traceback that is not complete."""
        return bool(self._held)

    @property
    def may_go_on(self) -> bool:
        """Whether what comes next may belong to a traceback."""
        return self.is_holding or self._key is not None

    def feed(self, line: str) -> Iterator[Event]:
        level, text = split_level(line)
        if self._held:
            if self._holds(text):
                self._held.append(text)
                if self._is_complete(text):
                    yield self._complete()
                return
            yield self._complete()
        if text.startswith(_BEGINS):
            self._held, self._level = [text], level
        elif self._key is not None and level == self._level and self._behind < MAX_BEHIND:
            self._behind += 1
            yield Event(level, [text], behind=self._key)
        else:
            self._key = None
            yield Event(level, [text])

    def end(self) -> Iterator[Event]:
        """Nothing more is to be waited for."""
        if self._held:
            yield self._complete()
        self._key = None

    def _holds(self, text: str) -> bool:
        """Whether `text` is a part of what is held."""
        if _is_within(text):
            return True
        first = self._held[0]
        if first.startswith(_PLACE):  # else somebody has shown where he is
            return _SYNTAX_ERROR.match(text) is not None
        return not first.startswith(_GROUP)

    def _is_complete(self, last: str) -> bool:
        """With `last`, which says in most cases which exception it is."""
        if not _is_within(last) or len(self._held) > MAX_LINES:
            return True
        return self._held[0].startswith(_GROUP) and _GROUP_ENDS.fullmatch(last) is not None

    def _complete(self) -> Event:
        lines, self._held = self._held, []
        self._key, self._behind = hash("\n".join(map(alike, lines))), 0
        return Event(self._level, lines, self._key)


def alike(line: str) -> str:
    """The same for lines that differ in numbers only, but for those that tell a place."""
    return line if _PLACE in line else _VARIES.sub("#", line)


def split_level(line: str) -> tuple[int, str]:
    """The level of the log for a line, and its text."""
    found = _LEVEL.match(line)
    if not found:
        return logging.WARNING, line
    return _LEVELS[found[1]], line[found.end() :]


def _is_within(text: str) -> bool:
    return text.startswith((" ", "\t", *_BEGINS))
