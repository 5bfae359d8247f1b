"""How much memory one source may take for what it defines, however long it goes on defining.

A document is bounded by itself, but a range once defined stays. The quota leaves room for every
address of every table of all 247 stations (93 MiB), defined in large ranges; what it keeps a source
from is a hundred thousands of scattered addresses, and file after file.
"""

from collections.abc import Iterator
from typing import Final

from aoba.document.ranges import Range
from aoba.document.schema import Document, Station
from aoba.errors import DocumentError
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.registers.journal import Owned

QUOTA: Final = 128 * 1024 * 1024
"""Bytes, as they are counted here."""

PER_SPAN: Final = 256
"""Bytes that addresses in a row take besides their values, wherever a gap begins a new row."""

PER_ITEM: Final = 256
"""Bytes that a file, a queue or an identification object takes besides its content."""


class Quota:
    """Of one source. Call `check` before a document takes effect, and `add` with what it gave."""

    def __init__(self) -> None:
        self._used = 0  # at most: spans that have grown together are counted one by one

    def check(self, document: Document, owned: dict[int, Owned], banks: dict[int, Bank]) -> int:
        """Bytes that `document` takes besides what is `owned`, by unit.

        `banks` hold the files and queues that are there already. Raises DocumentError, with the
        path of what is too much, where that exceeds the quota.
        """
        new = 0
        for i, station in enumerate(document.stations):
            for what, size in _additions(station, owned.get(station.id), banks.get(station.id)):
                new += size
                if self._used + new > QUOTA:
                    self._used = _counted(owned, banks)
                    if self._used + new > QUOTA:
                        place = what if isinstance(what, str) else station.map.place(what)
                        raise _refusal(f"stations[{i}].{place}")
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
        for item in ranges:
            size = _new_cells(item, table, owned)
            if size:
                yield item, size
    if not station.has_numbered:
        return
    for name, file in ({} if not station.files else station.files).items():
        present = bank.files.get(int(name)) if bank else None
        size = 2 * len(file.records) - (len(present) if present is not None else -PER_ITEM)
        if size > 0:
            yield f"files.{name}", size
    for item in station.map.fifos():
        if bank is None or item.address_start not in bank.fifos:
            yield item, PER_ITEM


def _new_cells(item: Range, table: Table, owned: Owned | None) -> int:
    start, stop = item.span
    width = 1 if table.is_bits else 2
    if owned is None:
        return PER_SPAN + width * (stop - start)
    if owned[table].covers(start, stop):
        return 0
    gaps = owned[table].gaps(start, stop)
    return PER_SPAN + width * sum(gap.stop - gap.start for gap in gaps)


def _counted(owned: dict[int, Owned], banks: dict[int, Bank]) -> int:
    """Bytes that are in use. Files and queues count for each source that shares the station."""
    used = 0
    for unit, tables in owned.items():
        for table in Table:
            width = 1 if table.is_bits else 2
            used += sum(PER_SPAN + width * (stop - start) for start, stop in tables[table])
        files, fifos = banks[unit].files, banks[unit].fifos
        used += sum(PER_ITEM + len(file) for file in files.values()) + PER_ITEM * len(fifos)
    return used
