"""Something that fails: told once, then counted, and tried again ever more seldom.

It is told again once in `REMIND` seconds, with how often it has failed since, and the rest of the
count when it is over.
"""

from collections.abc import Iterator
from typing import Final

REMIND: Final = 60.0


class Trouble:
    """Waits `first` seconds after the first failure, twice as long after the next, up to `most`.

    `now` is in seconds of one monotonic clock.
    """

    def __init__(self, first: float = 0.5, most: float = 10.0) -> None:
        self._first, self._most = first, most
        self._end()

    def _end(self) -> None:
        self.until = 0.0
        """When to try again."""
        self.since: float | None = None
        """When it was first told, while it lasts."""
        self._pause = self._first
        self._told_at = 0.0
        self._untold = 0
        self._text = ""

    @property
    def lasts(self) -> bool:
        return self.since is not None

    def wait(self, now: float) -> None:
        """It has failed, though perhaps by no fault of its own, which is not worth telling."""
        self.until = now + self._pause
        self._pause = min(2 * self._pause, self._most)

    def happened(self, text: str, now: float) -> Iterator[str]:
        """Yields what is to be told."""
        self.wait(now)
        self._text = text
        if self.since is None:
            self.since = self._told_at = now
            yield text
            return
        self._untold += 1
        if now - self._told_at >= REMIND:
            self._told_at = now
            yield from self._count()

    def over(self) -> Iterator[str]:
        """Yields the rest of the count."""
        yield from self._count()
        self._end()

    def _count(self) -> Iterator[str]:
        if self._untold:
            yield f"same error, {self._untold} time{'s' * (self._untold > 1)}: {self._text}"
        self._untold = 0
