"""When the next run of a script is due.

Slots lie on a grid, start to start: a run that starts late or takes long does not move the slots
behind it, so nothing drifts. Runs never overlap: a slot that passes while a run is still going is
skipped and counted. Times are seconds of one monotonic clock, passed in.
"""

from math import ceil, floor

from aoba.document.schema import MAX_INTERVAL_MS, MIN_INTERVAL_MS
from aoba.endpoints.units import parse_duration
from aoba.errors import UsageError


def parse_interval(text: str) -> float:
    """Seconds, within what `reboot_interval` may be. Raises UsageError."""
    seconds = parse_duration(text)
    if not MIN_INTERVAL_MS <= 1000 * seconds <= MAX_INTERVAL_MS:
        raise UsageError(f"expected 10ms to 24h, got {text!r}")
    return seconds


class Schedule:
    """Call `begin` when a run starts and `finish` when it is over; `due` is the next slot."""

    def __init__(self, interval: float, first: float) -> None:
        self.interval = interval
        self.due = first
        self.skipped = 0
        """Slots skipped so far."""
        self._slot = first

    def begin(self, now: float) -> None:
        """A run starts, in the newest slot that has come; those between it and `due` went by."""
        passed = max(0, floor((now - self.due) / self.interval))
        self._slot = self.due + passed * self.interval
        self.skipped += passed
        self.due = self._slot + self.interval

    def take_back(self) -> None:
        """The run that has begun did not: its slot is due again."""
        self.due = self._slot

    def set_interval(self, interval: float) -> None:
        """From the slot of the newest run on, slots are `interval` seconds apart."""
        self.interval = interval
        self.due = self._slot + interval

    def skip(self) -> None:
        """There is no run in the slot that is due."""
        self.due += self.interval
        self.skipped += 1

    def finish(self, now: float) -> int:
        """The run is over: pass over the slots that went by, and return how many they were."""
        if now <= self.due:
            return 0
        passed = max(0, ceil((now - self.due) / self.interval))
        self.due += passed * self.interval
        self.skipped += passed
        return passed
