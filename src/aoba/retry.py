"""What fails and is tried again: ever more seldom, and so that it does not fill the log."""

from aoba.logs.dedup import Dedup


class Backoff:
    """Pauses of `first` seconds, then of twice as many each time, up to `most`; until `reset`."""

    def __init__(self, first: float, most: float) -> None:
        self._first, self._most = first, most
        self.reset()

    def reset(self) -> None:
        """It works."""
        self._next = self._first
        self.until = 0.0
        """When to try again, as far as `failed` was told; else 0."""

    @property
    def is_reset(self) -> bool:
        return self._next == self._first

    def pause(self) -> float:
        """It has failed: how many seconds to wait."""
        pause, self._next = self._next, min(2 * self._next, self._most)
        return pause

    def failed(self, now: float) -> float:
        """The same as a time, that of `until`; `now` is in seconds of one monotonic clock."""
        self.until = now + self.pause()
        return self.until


class Outage:
    """A failure from the first time on until it is `over`; between two of them it waits for none.

    It is told once, then counted whatever its words, with the newest of these: once a minute, and
    when it is over.
    """

    def __init__(self, first: float = 0.5, most: float = 10.0) -> None:
        self.backoff = Backoff(first, most)
        self.since: float | None = None
        """When it was first told, while it lasts."""
        self._log = Dedup()

    @property
    def lasts(self) -> bool:
        return self.since is not None

    def happened(self, text: str, now: float, more: str = "") -> list[str]:
        """What is to be told; `more` is added the first time, and is not worth a repetition."""
        self.backoff.failed(now)
        if self.since is None:
            self.since = now
        return self._log.happened(text + more, now, key="", brief=text)

    def over(self) -> list[str]:
        """The rest of the count, to be told."""
        self.since = None
        self.backoff.reset()
        return self._log.end()
