"""What has changed in an image, for who reads it in a task of his own, in his own time.

Changes wait in a queue with bounds. When they come faster than they are read, the queue is given
up: nothing is kept then until the reader comes, who gets the present state in place of all that he
has missed, and each change from there on. So he never has half of the truth, and his slowness costs
no memory.
"""

from collections.abc import Callable
from typing import Final

from aoba.document.schema import Station
from aoba.registers.changes import (
    Change,
    ClientWrite,
    DocumentApplied,
    Kind,
    PresentState,
    SourceReset,
    StalenessChanged,
    ValuesUpdated,
)
from aoba.registers.image import Image

KINDS: Final[tuple[Kind, ...]] = (
    DocumentApplied,
    ValuesUpdated,
    ClientWrite,
    StalenessChanged,
    SourceReset,
)
"""All that a reader can make use of later."""

MAX_CHANGES: Final = 1000
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of cells and records of all changes together, as they take effect."""


class Subscription:
    """Of changes of `kinds` in `image`, until `close`.

    `wake` is called when there is something to `take` and was nothing before; it must not raise.
    """

    def __init__(
        self,
        image: Image,
        wake: Callable[[], None],
        *kinds: Kind,
        source: str | None = None,
        from_present: bool = False,
    ) -> None:
        """With `from_present`, the first `take` gives the present state, also where all is old."""
        self._present, self._wake = image.present, wake
        self._changes: list[Change] = []
        self._bytes = 0
        self._has_missed = from_present
        self.close = image.changes.subscribe(self._hear, *(kinds or KINDS), source=source)

    def take(self) -> list[Change | PresentState]:
        """What came since the last call, in order; a PresentState stands for all before it."""
        changes, self._changes, self._bytes = self._changes, [], 0
        if self._has_missed:
            self._has_missed = False
            return [self._present()]
        return [*changes]

    def _hear(self, change: Change) -> None:
        if self._has_missed:
            return
        is_first = not self._changes
        self._changes.append(change)
        self._bytes += _size(change)
        if len(self._changes) > MAX_CHANGES or self._bytes > MAX_BYTES:
            self._changes = []
            self._has_missed = True
        if is_first:
            self._wake()


def _size(change: Change) -> int:
    match change:
        case DocumentApplied(_, document):
            return sum(map(_size_of_station, document.stations))
        case ValuesUpdated(_, blocks):
            return sum(len(block.cells) for block in blocks)
        case ClientWrite():
            return len(change.before) + len(change.after)
    return 0


def _size_of_station(station: Station) -> int:
    size = sum(2 * len(file.records) for file in (station.files or {}).values())
    for table, ranges in station.map.tables():
        width = 1 if table.is_bits else 2
        size += width * sum(item.span.stop - item.span.start for item in ranges)
    return size
