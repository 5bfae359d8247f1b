"""When to try to connect again, and what the log is told of it.

A reason is told once and then counted, until it has not happened for a minute. What is lost again
and again does not fill the log, nor does what is lost within `STEADY` seconds hurry.
"""

import logging
import random
from collections.abc import Callable, Iterable
from typing import Final

from aoba.logs.dedup import REMIND, Dedup
from aoba.retry import Backoff

SHORTEST: Final = 0.5
LONGEST: Final = 10.0
"""Seconds from a failure to the next attempt; each doubles the last one."""
STEADY: Final = 10.0


class Attempts:
    """`tell` is the log's, `now` in seconds of one monotonic clock."""

    def __init__(self, place: str, tell: Callable[[int, str], None]) -> None:
        self.connections = 0
        self._place, self._tell = place, tell
        self._errors = Dedup(forget=REMIND)
        self._backoff = Backoff(SHORTEST, LONGEST)
        self._attempts = 0
        self._failed_at: float | None = None
        """When the present failures began."""
        self._connected_at: float | None = None
        self._untold = True  # whether the log does not know that there is a connection

    def connected(self, now: float) -> None:
        self.connections += 1
        self._connected_at = now
        if self._untold:
            self._untold = False
            after = ""
            if self._failed_at is not None:
                after = f" after {now - self._failed_at:.1f} s, at attempt {self._attempts + 1}"
            self._tell(logging.INFO, f"connected to {self._place}{after}")

    def failed(self, reason: str, now: float, *, hopeless: bool = False) -> float:
        """No connection, or no longer one; returns how many seconds to wait.

        `hopeless` says that trying again soon is of no use.
        """
        if self._connected_at is not None and now - self._connected_at >= STEADY:
            self._backoff.reset()
            self._attempts = 0
            self._failed_at = None
        self._attempts += self._connected_at is None
        self._connected_at = None
        if self._failed_at is None:
            self._failed_at = now
        news = self._errors.happened(f"{self._place}: {reason}", now)
        self._untold = self._untold or bool(news)
        self._tell_all(news)
        pause = max(self._backoff.pause(), LONGEST if hopeless else 0)
        # Those who lost the same broker are not to come back all at once.
        return pause * random.uniform(0.75, 1)  # noqa: S311

    def end(self) -> None:
        """Nothing more is going to happen."""
        if self._connected_at is None:
            self._tell_all(self._errors.end())

    def _tell_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._tell(logging.ERROR, line)
