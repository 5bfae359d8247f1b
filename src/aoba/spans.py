"""Sets of addresses as a sorted list of spans.

A span is a half-open interval `start..stop`, 0 <= start < stop <= 65536. The set keeps its spans
disjoint and joins those that touch, so that adjacent ranges are one span. Finding costs a binary
search; changing costs as much as there are spans.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    start: int
    stop: int

    def __str__(self) -> str:
        """The addresses as a user names them, both ends included."""
        return f"{self.start}..{self.stop - 1}" if self.stop - self.start > 1 else str(self.start)


class Spans:
    def __init__(self) -> None:
        self.starts: list[int] = []
        """Where the spans begin, in order; not to be changed."""
        self._stops: list[int] = []

    def __iter__(self) -> Iterator[Span]:
        return map(Span, self.starts, self._stops)

    def __getitem__(self, index: int) -> Span:
        return Span(self.starts[index], self._stops[index])

    def find(self, start: int, stop: int) -> int:
        """Index of the span that covers all of `start..stop`, or -1."""
        index = bisect_right(self.starts, start) - 1
        return index if index >= 0 and stop <= self._stops[index] else -1

    def covers(self, start: int, stop: int) -> bool:
        return self.find(start, stop) >= 0

    def overlap(self, start: int, stop: int) -> Span | None:
        """The first part of `start..stop` that is in the set."""
        index = bisect_right(self._stops, start)
        if index == len(self.starts) or self.starts[index] >= stop:
            return None
        return Span(max(start, self.starts[index]), min(stop, self._stops[index]))

    def parts(self, start: int, stop: int) -> Iterator[Span]:
        """The parts of `start..stop` that are in the set, in order."""
        while start < stop and (part := self.overlap(start, stop)):
            yield part
            start = part.stop

    def gaps(self, start: int, stop: int) -> Iterator[Span]:
        """The parts of `start..stop` that are not in the set, in order."""
        while start < stop:
            covered = self.overlap(start, stop) or Span(stop, stop)
            if start < covered.start:
                yield Span(start, covered.start)
            start = covered.stop

    def touching(self, start: int, stop: int) -> range:
        """Indices of the spans that overlap `start..stop` or have an end in common with it."""
        return range(bisect_left(self._stops, start), bisect_right(self.starts, stop))

    def add(self, start: int, stop: int) -> int:
        """Add `start..stop`, joined with what it touches; the index of the span it is part of."""
        indices = self.touching(start, stop)
        touched = slice(indices.start, indices.stop)
        self.starts[touched] = [min(start, *self.starts[touched], start)]
        self._stops[touched] = [max(stop, *self._stops[touched], stop)]
        return indices.start
