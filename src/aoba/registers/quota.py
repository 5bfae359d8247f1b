"""How much memory one source may take for what it defines, however long it goes on defining.

A document is bounded by itself, but a range once defined stays. The quota leaves room for every
address of every table of all 247 stations (93 MiB), defined in large ranges; what it keeps a source
from is a hundred thousands of scattered addresses, and file after file.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from aoba.document.ranges import Range
from aoba.document.schema import Document, Station
from aoba.errors import DocumentError
from aoba.registers.bank import Bank
from aoba.registers.block import Owned
from aoba.spans import Spans

QUOTA: Final = 128 * 1024 * 1024
"""Bytes, as they are counted here."""

PER_SPAN: Final = 256
"""Bytes that addresses in a row take besides their values, wherever a gap begins a new row."""

PER_ITEM: Final = 256
"""Bytes that a file, a queue or an identification object takes besides its content."""


class Quota:
    """Of one source. Call `check` before a document takes effect, and `add` with what it gave."""

    def __init__(self) -> None:
        self._used = 0

    def check(self, document: Document, owned: dict[int, Owned], banks: dict[int, Bank]) -> int:
        """Bytes that `document` takes besides what is `owned`, by unit.

        Less than 0 where it fills gaps, so that rows grow together. `banks` hold the files and
        queues that are there already. Raises DocumentError, with the path of what is too much,
        where that exceeds the quota. It takes no longer where much is owned.
        """
        new, too_much = 0, ""
        for i, station in enumerate(document.stations):
            for what, size in _additions(station, owned.get(station.id), banks.get(station.id)):
                new += size
                if not too_much and self._used + new > QUOTA:
                    place = what if isinstance(what, str) else station.map.place(what)
                    too_much = f"stations[{i}].{place}"
        if self._used + new > QUOTA:
            raise _refusal(too_much)
        return new

    def add(self, size: int) -> None:
        self._used += size


def _refusal(path: str) -> DocumentError:
    most = f"{QUOTA >> 20} MiB of registers and files, in few pieces"
    return DocumentError(path, f"this would be more than one source may define: {most}")


def _additions(
    station: Station, owned: Owned | None, bank: Bank | None
) -> Iterator[tuple[Range | str, int]]:
    """What is not there yet, a range or the place of a file, and its size in bytes."""
    for table, ranges in station.map.tables():
        present = owned[table] if owned else Spans()
        fresh: list[Range] = [item for item in ranges if not present.covers(*item.span)]
        fresh.sort(key=lambda item: item.address_start)
        yield from _growth(fresh, present, 1 if table.is_bits else 2)
    if not station.has_files_and_identity:
        return
    for name, file in ({} if not station.files else station.files).items():
        records = bank.files.get(int(name)) if bank else None
        size = 2 * len(file.records) - (len(records) if records is not None else -PER_ITEM)
        if size > 0:
            yield f"files.{name}", size
    for item in station.map.fifos():
        if bank is None or item.address_start not in bank.fifos:
            yield item, PER_ITEM


def _growth(fresh: Sequence[Range], present: Spans, width: int) -> Iterator[tuple[Range, int]]:
    """What each of `fresh`, which are in order, adds to `present` and those before it."""
    row_stop = last = -1  # where the row ends that grows; the last of `present` in it
    for item in fresh:
        start, stop = item.span
        touched = present.touching(start, stop)
        joined = len(touched) - (last in touched)
        cells = sum(gap.stop - gap.start for gap in present.gaps(start, stop))
        yield item, PER_SPAN * ((start > row_stop) - joined) + width * cells
        row_stop = stop
        if touched:
            last = touched[-1]
            row_stop = max(stop, present[last].stop)
