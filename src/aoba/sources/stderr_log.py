"""What a script writes to stderr -> the log, within bounds of its own.

A traceback is logged once, then counted, and so are the lines that it has behind it. All other
lines are logged each time.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from aoba.logs.dedup import MAX_KEYS, Dedup
from aoba.logs.rate_limit import LineLimit
from aoba.sources.stderr import Event, StderrParser, alike

BURST: Final = 1024 * 1024
PER_SECOND: Final = 500
"""Bytes of log."""

HELD: Final = 1.0
"""Seconds without another line of it, after which a traceback does not go on."""

LEVEL: Final = logging.WARNING
"""Of counts."""


class StderrLog:
    """`write` logs a line; `is_shown` tells whether one of a level is shown at all.

    `on_look` hears that what was held has been taken though nothing came: there may be new counts.
    """

    def __init__(
        self,
        write: Callable[[int, str], None],
        is_shown: Callable[[int], bool],
        on_look: Callable[[], None],
        remind: float,
        held: float = HELD,
    ) -> None:
        self._write, self._is_shown, self._held_for = write, is_shown, held
        self._on_look = on_look
        self._parser = StderrParser()
        self._limit = LineLimit(BURST, PER_SECOND, "lines on stderr")
        self._tracebacks = Dedup("traceback", remind=remind, limit=self._limit)
        self._behind: dict[int, set[int]] = {}  # key of a traceback -> hashes of lines behind it
        self._is_full = False  # whether the newest traceback is logged, rather than counted
        self._held_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> bool:
        """Whether there are counts that were not logged."""
        return bool(self._limit.left_out) or self._tracebacks.pending

    def feed(self, line: str) -> None:
        for event in self._parser.feed(line):
            self._take(event)
        if self._parser.is_holding:
            self._held_at = time.monotonic()
        if self._timer is None and self._parser.may_go_on:
            self._wait(self._held_for)

    def run_over(self) -> None:
        """No line of the next run belongs to what this one has written."""
        if self._parser.may_go_on:
            for event in self._parser.end():
                self._take(event)

    def due(self, now: float) -> None:
        self._write_all(LEVEL, self._tracebacks.due(now))
        self._write_all(LEVEL, self._limit.more())

    def end(self) -> None:
        """Nothing more is going to happen."""
        if self._timer:
            self._timer.cancel()
        self.run_over()
        self._write_all(LEVEL, self._tracebacks.end())
        self._write_all(LEVEL, self._limit.more())

    def _wait(self, seconds: float) -> None:
        """Have what is held logged, though nothing may follow it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # then it is logged with the end of the run
            return
        self._timer = loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        left = self._held_at + self._held_for - time.monotonic()
        if left > 0 and self._parser.may_go_on:
            self._wait(left)
        else:
            self.run_over()
            self._on_look()

    def _take(self, event: Event) -> None:
        if not self._is_shown(event.level):
            return
        now = time.monotonic()
        if event.key is not None:
            text = "\n".join(event.lines)
            told = self._tracebacks.happened(text, now, event.key, brief=event.brief)
            self._is_full = text in told
            if self._is_full:  # as if it were new: so is what stands behind it
                self._behind.pop(event.key, None)
            for each in told:
                self._write_all(event.level, each.split("\n"))
        elif event.behind is None or self._is_new(event.behind, event.lines[0]):
            self._write_line(event.level, event.lines[0], now)

    def _is_new(self, key: int, line: str) -> bool:
        """Whether `line` is not known to stand behind the traceback of that key."""
        if key not in self._behind and len(self._behind) >= MAX_KEYS:
            del self._behind[next(iter(self._behind))]
        lines, digest = self._behind.setdefault(key, set()), hash(alike(line))
        if digest in lines:
            return self._is_full
        if len(lines) < MAX_KEYS:
            lines.add(digest)
        return True

    def _write_line(self, level: int, line: str, now: float) -> None:
        if self._limit.lets(line, now):
            self._write(level, line)

    def _write_all(self, level: int, lines: list[str]) -> None:
        for line in lines:
            self._write(level, line)
