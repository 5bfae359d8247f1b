"""What the log is told of a source, under its name, and of a script also the number of its run.

Errors and warnings are logged once, then counted, and recovery is said once: see `Dedup`. Whatever
a source does, it makes the log grow by a bounded amount: what its script writes to stderr has one
`RateLimit`, warnings, as of text that is no document, another, and all else a third, so that a
flood of the one does not drown the others. All together are some 80 MB a day. What is left out is
counted, and said within a minute or at the end.
"""

import logging
import time
from collections.abc import Hashable, Iterable
from typing import Final

from aoba.logs.dedup import REMIND, Dedup
from aoba.logs.rate_limit import LineLimit, RateLimit
from aoba.logs.reminder import Reminder
from aoba.sources.stderr_log import StderrLog

LOGGER: Final = "aoba.source"

BURST: Final = 256 * 1024
PER_SECOND: Final = 300
WARNINGS_BURST: Final = 256 * 1024
WARNINGS_PER_SECOND: Final = 100
"""Bytes of log, of which each source has so many at once, and then so many a second."""

_log = logging.getLogger(LOGGER)


class SourceLog:
    """To be used in a running loop, where counts are to be logged that nothing follows."""

    def __init__(self, name: str, remind: float = REMIND) -> None:
        self._name = name
        self._run = 0
        self._failed = False  # whether an error has come since the last run was over
        self._limit = limit = LineLimit(BURST, PER_SECOND)
        warnings = RateLimit(WARNINGS_BURST, WARNINGS_PER_SECOND)
        self._repeated = {
            logging.ERROR: Dedup("error", remind=remind, limit=limit),
            logging.WARNING: Dedup("warning", remind=remind, limit=warnings),
        }
        # What goes to and fro is logged in full again when it has not happened for a while.
        self._changes = {
            level: Dedup("message", remind=remind, forget=remind, limit=limit)
            for level in (logging.INFO, logging.WARNING)
        }
        self._reminder = Reminder(remind, self._is_pending, self._remind)
        self._stderr = StderrLog(self._write, _log.isEnabledFor, self._reminder.look, remind)

    def run_begins(self, number: int) -> None:
        """What is told from now on is of run `number`."""
        self._run = number

    def run_over(self) -> None:
        self._stderr.run_over()
        if self._failed:
            self._failed = False
        else:
            self.recovered()

    def recovered(self) -> None:
        """A run has passed without an error, or a document has come after one: said once."""
        self._failed = False
        times = self._repeated[logging.ERROR].recovered()
        if times:
            text = f"well again, after {times} error{'s' * (times > 1)}"
            self.of_run(logging.INFO, text)

    def end(self, summary: str) -> None:
        """Nothing more is going to happen."""
        self._reminder.cancel()
        for level, dedup in self._dedups():
            self._write_all(level, dedup.end())
        self._write_all(logging.WARNING, self._limit.more())
        self._stderr.end()
        self._write_of_source(logging.INFO, summary)

    def repeatable(self, level: int, text: str, key: Hashable = None) -> None:
        """`level` is that of an error or a warning; `key`, or else `text`, tells them apart."""
        self._failed = self._failed or level == logging.ERROR
        self._write_all(level, self._repeated[level].happened(text, time.monotonic(), key))
        self._reminder.look()

    def changed(self, level: int, text: str, key: str) -> None:
        """A state has changed, which it may do again and again; `key` is the same for each time."""
        dedup = self._changes[level]
        for line in dedup.happened(text, time.monotonic(), key):
            self._write_of_source(level, line)
        self._reminder.look()

    def of_run(self, level: int, text: str) -> None:
        """About its newest run; of a source that has none, about the source."""
        if self._has_room(text):
            self._write(level, text)

    def of_source(self, level: int, text: str) -> None:
        """About the source as such, rather than its newest run."""
        if self._has_room(text):
            self._write_of_source(level, text)

    def stderr(self, line: str) -> None:
        """A line that a script has written there. A traceback that repeats is counted."""
        self._stderr.feed(line)
        self._reminder.look()

    def defect(self) -> None:
        """An exception that nobody had thought of is being handled."""
        _log.exception("%s run %d: defect in Aoba", self._name, self._run)

    def _has_room(self, text: str) -> bool:
        has_room = self._limit.lets(text, time.monotonic())
        if not has_room:
            self._reminder.look()
        return has_room

    def _dedups(self) -> list[tuple[int, Dedup]]:
        return [*self._repeated.items(), *self._changes.items()]

    def _is_pending(self) -> bool:
        if self._limit.left_out or self._stderr.pending:
            return True
        return any(dedup.pending for _, dedup in self._dedups())

    def _remind(self) -> None:
        now = time.monotonic()
        for level, dedup in self._dedups():
            self._write_all(level, dedup.due(now))
        self._write_all(logging.WARNING, self._limit.more())
        self._stderr.due(now)

    def _write_all(self, level: int, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(level, line)

    def _write(self, level: int, text: str) -> None:
        if not self._run:
            self._write_of_source(level, text)
            return
        who = {"source": self._name, "run": self._run}
        _log.log(level, "%s run %d: %s", self._name, self._run, text, extra=who)

    def _write_of_source(self, level: int, text: str) -> None:
        _log.log(level, "%s: %s", self._name, text, extra={"source": self._name})
