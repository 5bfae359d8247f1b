"""All stations, and who defined what.

A source's document is applied whole or not at all: conflicts are looked for first, and from the
first change on nothing can fail. Nothing here waits, so no request sees half of a document.

Who owns a value (`mode` of a station in a document):

    master   the script: each document's values replace what is there
    slave    `discrete_inputs` and `input`: the script; `coils` and `holding`: the bus, from the
             moment an address is defined, which is when it takes its initial value
"""

from collections.abc import Mapping
from typing import Final

from aoba.document.ranges import Range
from aoba.document.schema import Document, Station
from aoba.errors import DocumentError
from aoba.identity import DEFAULT_IDENTITY
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.registers.cells import Cells
from aoba.registers.numbered import Numbered
from aoba.spans import Spans

_BUS_TABLES: Final = frozenset((Table.COILS, Table.HOLDING))
"""Tables a client can write, which in slave mode belong to the bus."""

Territory = dict[int, tuple[Spans, Spans, Spans, Spans]]
"""Which addresses a source has defined: by unit id, then by `Table`."""


class Image:
    """`identity` are the identification objects of stations that no document gives others."""

    def __init__(self, identity: Mapping[int, bytes] = DEFAULT_IDENTITY) -> None:
        self.stations: dict[int, Bank] = {}
        self.ready = ReadyAnswers()
        """Answers that hold as long as nothing here changes."""
        self._territories: dict[str, Territory] = {}
        self._numbered = Numbered(identity)

    def apply(self, source: str, document: Document, *, replace: bool = False) -> None:
        """Let `document` of `source` take effect.

        With `replace`, what `source` had defined before and `document` does not define is gone,
        and the rest starts afresh. Raises DocumentError, and has changed nothing, where another
        source has defined one of the addresses.
        """
        self._check_conflicts(source, document)
        self._numbered.check(source, document)
        self.ready.forget()
        if replace:
            self._forget(source)
        territory = self._territories.setdefault(source, {})
        for station in document.stations:
            bank = self.stations.get(station.id) or self._add(station.id)
            own = territory.setdefault(station.id, (Spans(), Spans(), Spans(), Spans()))
            for table, ranges in station.map.tables():
                by_bus = station.mode == "slave" and table in _BUS_TABLES
                for item in sorted(ranges, key=lambda r: r.address_start):
                    _apply_range(bank.tables[table], own[table], item, only_new=by_bus)
            self._numbered.apply(source, document, station, bank)

    def _add(self, unit: int) -> Bank:
        bank = self.stations[unit] = self._numbered.new_bank(unit, self.ready)
        return bank

    def _check_conflicts(self, source: str, document: Document) -> None:
        mine = self._territories.get(source, {})
        others = {name: t for name, t in self._territories.items() if name != source}
        if not others:
            return
        for i, station in enumerate(document.stations):
            for table, ranges in station.map.tables():
                for item in ranges:
                    if station.id in mine and mine[station.id][table].covers(*item.span):
                        continue
                    _check_conflict(f"stations[{i}]", station, table, item, others)

    def _forget(self, source: str) -> None:
        """Remove what `source` has defined and leave what the others have."""
        self._numbered.forget(source)
        for unit in self._territories.pop(source, {}):
            remaining = [t[unit] for t in self._territories.values() if unit in t]
            bank = self.stations.pop(unit)
            if not remaining:
                continue
            fresh = self._add(unit)
            for territory in remaining:
                for table in Table:
                    _copy(territory[table], bank.tables[table], fresh.tables[table])
            self._numbered.copy(bank, fresh)


def _apply_range(cells: Cells, own: Spans, item: Range, *, only_new: bool) -> None:
    start, stop = item.span
    values = item.cells()
    targets = list(own.gaps(start, stop)) if only_new else [item.span]
    cells.define(start, stop)
    own.add(start, stop)
    for target in targets:
        part = values[cells.width * (target.start - start) : cells.width * (target.stop - start)]
        if part:
            cells.write(target.start, part)


def _check_conflict(
    path: str, station: Station, table: Table, item: Range, others: dict[str, Territory]
) -> None:
    for name, territory in others.items():
        if station.id not in territory:
            continue
        overlap = territory[station.id][table].overlap(*item.span)
        if overlap:
            raise DocumentError(
                f"{path}.{station.map.place(item)}",
                f"station {station.id} {table.label} {overlap} already belongs to {name}",
            )


def _copy(spans: Spans, old: Cells, new: Cells) -> None:
    for start, stop in spans:
        new.define(start, stop)
        new.write(start, old.read(start, stop))
