"""How much may be logged: a token bucket.

It lets a burst through, and after that so much a second on average, whatever comes. The unit is the
caller's: lines, or bytes where lines differ in length; `cost` tells how many a text takes.
"""

import json
from typing import Final

from aoba.logs.printable import printable_json

BURST: Final = 64 * 1024.0
PER_SECOND: Final = 150.0
"""Bytes; 13 MB a day where somebody never stops."""

OVERHEAD: Final = 160
"""Bytes that a line costs beside its text: time, level, and in JSON names of fields and more
fields."""


def cost(text: str) -> int:
    """Bytes that `text`, of one line or more, takes in a log in JSON, whose form is the longest."""
    if text.isascii() and text.isprintable():
        return OVERHEAD + len(text) + text.count('"') + text.count("\\")
    written = printable_json(json.dumps(text, ensure_ascii=False))
    # What is no Unicode, as a path may have it, is escaped, too.
    size = len(written.encode(errors="backslashreplace")) - len('""')
    return size + OVERHEAD * (1 + text.count("\n"))


class RateLimit:
    """`now` is in seconds of one monotonic clock; of what is taken, `parent` is asked, too."""

    def __init__(
        self,
        burst: float = BURST,
        per_second: float = PER_SECOND,
        parent: "RateLimit | None" = None,
    ) -> None:
        self._burst, self._per_second, self._parent = burst, per_second, parent
        self._left = burst
        self._filled_at = 0.0

    def take(self, cost: float, now: float) -> bool:
        """Whether `cost` is to be had; it is gone then. What exceeds the burst costs the burst."""
        left = self._left + max(0.0, now - self._filled_at) * self._per_second
        self._left, self._filled_at = min(self._burst, left), now
        charged = min(cost, self._burst)
        if self._left < charged or (self._parent and not self._parent.take(cost, now)):
            return False
        self._left -= charged
        return True

    def charge(self, cost: float) -> None:
        """Take `cost` whether or not it is there: what is missing has to come in again first."""
        self._left -= cost
        if self._parent:
            self._parent.charge(cost)

    def is_full(self, now: float) -> bool:
        """Whether nothing was taken of late, so that a new one would be the same."""
        return self._left + (now - self._filled_at) * self._per_second >= self._burst


class LineLimit(RateLimit):
    """One for lines; `noun` is what the log calls those that it does not let through."""

    def __init__(self, burst: float, per_second: float, noun: str = "lines") -> None:
        super().__init__(burst, per_second)
        self.left_out = 0
        self._noun = noun

    def lets(self, line: str, now: float) -> bool:
        """Whether `line` may be logged; else it is counted."""
        may = self.take(cost(line), now)
        self.left_out += not may
        return may

    def more(self) -> list[str]:
        """How many were counted since it was last said, if any: a line to log."""
        count, self.left_out = self.left_out, 0
        return [f"{count} more {self._noun}, not shown"] if count else []
