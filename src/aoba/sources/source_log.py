"""What the log is told of a source, under its name, and of a script also the number of its run."""

import logging
import time
from collections.abc import Iterable
from typing import Final

from aoba.sources.repeats import Repeats

LOGGER: Final = "aoba.source"

_log = logging.getLogger(LOGGER)


class SourceLog:
    """Errors and warnings that repeat are logged once, then counted: see `Repeats`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._run = 0
        self._repeats = {
            logging.ERROR: Repeats("error"),
            logging.WARNING: Repeats("warning"),
        }

    def run_begins(self, number: int) -> None:
        """What is told from now on is of run `number`."""
        self._run = number

    def run_over(self) -> None:
        for level, repeats in self._repeats.items():
            if repeats:
                self._tell_all(level, repeats.run_over())

    def end(self, summary: str) -> None:
        """Nothing more is going to happen."""
        for level, repeats in self._repeats.items():
            self._tell_all(level, repeats.end())
        self.of_source(logging.INFO, summary)

    def repeatable(self, level: int, text: str) -> None:
        """`level` is that of an error or a warning."""
        self._tell_all(level, self._repeats[level].happened(text, time.monotonic()))

    def of_run(self, level: int, text: str) -> None:
        """About its newest run; of a source that has none, about the source."""
        if not self._run:
            self.of_source(level, text)
            return
        who = {"source": self._name, "run": self._run}
        _log.log(level, "%s run %d: %s", self._name, self._run, text, extra=who)

    def of_source(self, level: int, text: str) -> None:
        """About the source as such, rather than its newest run."""
        _log.log(level, "%s: %s", self._name, text, extra={"source": self._name})

    def defect(self) -> None:
        """An exception that nobody had thought of is being handled."""
        _log.exception("%s run %d: defect in Aoba", self._name, self._run)

    def _tell_all(self, level: int, lines: Iterable[str]) -> None:
        for line in lines:
            self.of_run(level, line)
