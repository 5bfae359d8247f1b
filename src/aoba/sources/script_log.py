"""What the log is told of a script, under its name and the number of its run."""

import logging
import time
from collections.abc import Iterable

from aoba.sources.repeats import Repeats

_log = logging.getLogger("aoba.script")


class ScriptLog:
    """Errors that repeat are logged once, then counted: see `Repeats`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._run = 0
        self._repeats = Repeats()

    def run_begins(self, number: int) -> None:
        """What is told from now on is of run `number`."""
        self._run = number

    def run_over(self) -> None:
        if self._repeats:
            self._tell_all(logging.ERROR, self._repeats.run_over())

    def end(self, summary: str) -> None:
        """Nothing more is going to happen."""
        self._tell_all(logging.ERROR, self._repeats.end())
        self.of_script(logging.INFO, summary)

    def repeatable(self, level: int, text: str) -> None:
        self._tell_all(level, self._repeats.happened(text, time.monotonic()))

    def of_run(self, level: int, text: str) -> None:
        who = {"script": self._name, "run": self._run}
        _log.log(level, "%s run %d: %s", self._name, self._run, text, extra=who)

    def of_script(self, level: int, text: str) -> None:
        """About the script as such, rather than its newest run."""
        _log.log(level, "%s: %s", self._name, text, extra={"script": self._name})

    def defect(self) -> None:
        """An exception that nobody had thought of is being handled."""
        _log.exception("%s run %d: defect in Aoba", self._name, self._run)

    def _tell_all(self, level: int, lines: Iterable[str]) -> None:
        for line in lines:
            self.of_run(level, line)
