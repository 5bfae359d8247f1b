"""Whether the newest good document of a source is too old. The clock is passed in, in seconds."""

from dataclasses import dataclass
from typing import Final, Literal

OnStale = Literal["hold", "exception", "zero"]

ANSWERS: Final[dict[OnStale, str]] = {
    "hold": "the last values",
    "exception": "exception 04",
    "zero": "zero",
}
"""What reads of a stale source answer, in words."""


@dataclass(frozen=True, slots=True)
class FreshnessRule:
    """What `stale_after` and `on_stale` say."""

    stale_after: float
    """Seconds, more than 0."""
    on_stale: OnStale = "hold"


class Freshness:
    """Call `renew` for each good document, and `expire` at the `deadline` or at any time after."""

    def __init__(self, stale_after: float | None) -> None:
        self.is_stale = False
        self._stale_after = stale_after
        self._newest: float | None = None

    def age(self, now: float) -> float | None:
        """Of the newest document; None where there is none yet."""
        return None if self._newest is None else max(0.0, now - self._newest)

    @property
    def deadline(self) -> float | None:
        """When the newest document becomes too old; None where that never happens."""
        if self._newest is None or self._stale_after is None:
            return None
        return self._newest + self._stale_after

    def renew(self, now: float) -> bool:
        """There is a document; whether the source was stale until now."""
        was_stale, self.is_stale, self._newest = self.is_stale, False, now
        return was_stale

    def expire(self, now: float) -> bool:
        """Whether the source becomes stale now."""
        deadline = self.deadline
        if self.is_stale or deadline is None or now < deadline:
            return False
        self.is_stale = True
        return True
