"""Whose turn it is on a line that several stations share, one request at a time.

Writes come before reads, since somebody waits for them; but when `IN_A_ROW` writes have gone first,
a read has its turn. Among stations it goes round. A station that was silent has no precedence: each
of its requests, writes too, may cost the others a timeout, so between two of them everybody else
who has something to ask has a turn.
"""

from collections import deque
from typing import Final, Generic, TypeVar

IN_A_ROW: Final = 4
MAX_WRITES: Final = 64
"""Of one station that may wait."""

T = TypeVar("T")


class RequestQueue(Generic[T]):
    def __init__(self) -> None:
        self._stations: dict[int, _Waiting[T]] = {}  # the one whose turn is the longest ago, first
        self._streak = 0  # writes that have gone before a read

    def put(self, unit: int, item: T, *, is_write: bool) -> bool:
        """Whether there is room for it."""
        station = self._stations.setdefault(unit, _Waiting())
        if is_write and len(station.writes) >= MAX_WRITES:
            return False
        (station.writes if is_write else station.reads).append(item)
        return True

    def take(self) -> T | None:
        """Who is next; None where nobody waits."""
        if self._streak < IN_A_ROW:
            for unit, station in self._stations.items():
                if station.writes and not station.is_silent:
                    self._streak += 1
                    return self._next(unit, station.writes)
        for unit, station in self._stations.items():
            first = station.writes if station.is_silent and station.writes else station.reads
            if first:
                self._streak = 0
                return self._next(unit, first)
        for unit, station in self._stations.items():
            if station.writes:
                return self._next(unit, station.writes)
        return None

    def heard(self, unit: int, *, is_silent: bool) -> None:
        """What came of the newest request to a station."""
        self._stations.setdefault(unit, _Waiting()).is_silent = is_silent

    def _next(self, unit: int, items: deque[T]) -> T:
        self._stations[unit] = self._stations.pop(unit)
        return items.popleft()


class _Waiting(Generic[T]):
    def __init__(self) -> None:
        self.writes = deque[T]()
        self.reads = deque[T]()
        self.is_silent = False
