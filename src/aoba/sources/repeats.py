"""An error that repeats is logged once, then counted.

Takes errors as they happen, run by run, and gives the lines to log: an error itself when it is
new; once in `REMIND` seconds, while it goes on, how often it came again; and the rest of the count
when a run passes without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

REMIND: Final = 60.0
MAX_KNOWN: Final = 100
"""Different errors that are remembered; the oldest makes way."""


@dataclass(slots=True)
class _Tally:
    told_at: float
    untold: int = 0
    in_this_run: bool = True


class Repeats:
    """`now` is in seconds of one monotonic clock; `kind` is what the lines call an error."""

    def __init__(self, kind: str = "error") -> None:
        self._kind = kind
        self._tallies: dict[str, _Tally] = {}

    def happened(self, error: str, now: float) -> Iterator[str]:
        tally = self._tallies.get(error)
        if tally is None:
            if len(self._tallies) == MAX_KNOWN:
                yield from self._forget(next(iter(self._tallies)))
            self._tallies[error] = _Tally(now)
            yield error
            return
        tally.in_this_run = True
        tally.untold += 1
        if now - tally.told_at >= REMIND:
            yield from self._tell(error, tally)
            tally.told_at = now

    def __bool__(self) -> bool:
        """Whether there was an error of late."""
        return bool(self._tallies)

    def run_over(self) -> Iterator[str]:
        """A run is over: errors it did not have are gone."""
        for error in [e for e, tally in self._tallies.items() if not tally.in_this_run]:
            yield from self._forget(error)
        for tally in self._tallies.values():
            tally.in_this_run = False

    def end(self) -> Iterator[str]:
        """Nothing more is going to happen."""
        for error in list(self._tallies):
            yield from self._forget(error)

    def _forget(self, error: str) -> Iterator[str]:
        yield from self._tell(error, self._tallies.pop(error))

    def _tell(self, error: str, tally: _Tally) -> Iterator[str]:
        if tally.untold:
            times = f"{tally.untold} time{'s' * (tally.untold > 1)}"
            yield f"same {self._kind}, {times}: {error}"
            tally.untold = 0
