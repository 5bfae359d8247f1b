"""Lines of a script's stderr -> events for the log: single lines, and tracebacks as a whole.

    <6>pump started         a level of syslog before it, as systemd reads it (sd-daemon(3)): INFO
    pump started            no level: WARNING

A traceback comes in many lines, and a script that fails in each run writes it each time. So its
lines are held until it is complete, and are one event, whose key is the same for the next one that
is alike: numbers and addresses in its message may differ, as "timed out after 2.01 s" does.

A message may have several lines, or notes, which nothing tells from what a script writes next. So
what comes behind a traceback without a pause is one more event, with a key of its own: where it is
of the message, it repeats, too, and where it is not, nothing of it is lost.
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
_GROUP_ENDS: Final = re.compile(r" +\+-+")
"""The last line of a group of exceptions, all of which are indented."""

_VARIES: Final = re.compile(r"0x[0-9a-fA-F]+|\d+")


class Event(NamedTuple):
    level: int
    lines: list[str]
    key: str | None = None
    """Of a traceback, or of what comes behind one."""


class StderrParser:
    """Of one stream; whole lines are fed, without their ends."""

    def __init__(self) -> None:
        self._held: list[str] = []  # of a traceback
        self._level = logging.WARNING  # of that
        self._key: str | None = None  # of the one that is complete, as long as there is no pause
        self._behind: list[str] = []  # it

    @property
    def is_holding(self) -> bool:
        """Whether `end` is to be called at the next pause."""
        return bool(self._held) or self._key is not None

    def feed(self, line: str) -> Iterator[Event]:
        level, text = split_level(line)
        begins = text.startswith(_BEGINS)
        if self._held and (begins or text[:1] in (" ", "\t")):
            self._held.append(text)
            if len(self._held) > MAX_LINES:
                held, self._held = self._held, []
                yield Event(self._level, held)
            return
        if self._held:
            is_whole = _GROUP_ENDS.fullmatch(self._held[-1])
            yield self._complete([] if is_whole else [text])
            if not is_whole:
                return
        if not begins and self._key is not None and text is line:
            self._behind.append(text)
            if len(self._behind) > MAX_LINES:
                behind, self._behind, self._key = self._behind, [], None
                yield Event(self._level, behind)
            return
        yield from self.end()
        if begins:
            self._held, self._level = [text], level
        else:
            yield Event(level, [text])

    def end(self) -> Iterator[Event]:
        """There is a pause: nothing more is to be waited for."""
        if self._held:
            yield self._complete([])
        behind, key = self._behind, self._key
        self._behind, self._key = [], None
        if behind:
            yield Event(self._level, behind, f"{key}\n{_key(behind)}")

    def _complete(self, last: list[str]) -> Event:
        """`last` says which exception it is."""
        lines, self._held = [*self._held, *last], []
        self._key = _key(lines)
        return Event(self._level, lines, self._key)


def _key(lines: list[str]) -> str:
    """Numbers are part of it only where they say at which line of a file something is."""
    return "\n".join(line if 'File "' in line else _VARIES.sub("#", line) for line in lines)


def split_level(line: str) -> tuple[int, str]:
    """The level of the log for a line, and its text."""
    found = _LEVEL.match(line)
    if not found:
        return logging.WARNING, line
    return _LEVELS[found[1]], line[found.end() :]
