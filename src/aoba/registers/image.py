"""All stations, and who defined what.

A source's document is applied whole or not at all: conflicts are looked for first, and from the
first change on nothing can fail. Nothing here waits, so no request sees half of a document.

Who owns a value (`mode` of a station in a document):

    master   the script: each document's values replace what is there
    slave    `discrete_inputs` and `input`: the script; `coils` and `holding`: the bus, from the
             moment an address is defined, which is when it takes its initial value

What a source has defined can be withheld from readers, until its next document. What clients write
to it can be followed in a journal; or, where the source is a device, it has to agree first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from aoba.document.ranges import Range, Ranges
from aoba.document.schema import Document, Station
from aoba.errors import Conflict
from aoba.identity import DEFAULT_IDENTITY
from aoba.modbus.forwarding import Device
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank, Delegated, Stale
from aoba.registers.block import Block, Owned
from aoba.registers.cells import Cells
from aoba.registers.files_and_identity import FilesAndIdentity
from aoba.registers.journal import Journal, WriteWatcher
from aoba.registers.overwrites import Overwrites, Overwritten
from aoba.registers.quota import Quota
from aoba.spans import Span, Spans

_BUS_TABLES: Final = frozenset((Table.COILS, Table.HOLDING))
"""Tables a client can write, which in slave mode belong to the bus."""

Territory = dict[int, Owned]
"""Which addresses a source has defined, by unit id."""

Watcher = Callable[[str, Document], None]
"""Hears of a source and its document; must not raise."""


class Image:
    """`identity` are the identification objects of stations that no document gives others."""

    def __init__(self, identity: Mapping[int, bytes] = DEFAULT_IDENTITY) -> None:
        self.stations: dict[int, Bank] = {}
        self.ready = ReadyAnswers()
        """Answers that hold as long as nothing here changes."""
        self.editions: dict[str, int] = {}
        """How often a source has replaced all that it had defined."""
        self._territories: dict[str, Territory] = {}
        self._quotas: dict[str, Quota] = {}
        self._devices: dict[str, Device] = {}
        self._journals: list[WriteWatcher] = []
        self._journal_of: dict[str, Journal] = {}
        self._watchers: list[Watcher] = []
        self._forgotten: list[Callable[[str], None]] = []
        self._overwrites = Overwrites(self._owns, self._read)
        self._files_and_identity = FilesAndIdentity(identity, self._journals)

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def watch(
        self, watcher: Watcher, forgotten: Callable[[str], None] | None = None
    ) -> Callable[[], None]:
        """Tell `watcher` of each document that has taken effect, until what is returned is called.

        `forgotten` hears before that of a source whose document replaces all it had defined, and of
        one that is gone.
        """
        self._watchers.append(watcher)
        if forgotten:
            self._forgotten.append(forgotten)

        def unwatch() -> None:
            self._watchers.remove(watcher)
            if forgotten:
                self._forgotten.remove(forgotten)

        return unwatch

    def journal(self, source: str, clock: Callable[[], float]) -> Journal:
        """Note from now on what clients write to whatever `source` has defined at the time."""
        journal = Journal(lambda unit: self._territories.get(source, {}).get(unit), clock)
        self._journals.append(journal)
        self._journal_of[source] = journal
        return journal

    def watch_overwrites(self, found: Callable[[Overwritten], None]) -> None:
        """Tell `found` from now on of writes of clients that a source has undone."""
        self._overwrites.found = found
        self._journals.append(self._overwrites)

    def delegate(self, source: str, device: Device) -> None:
        """Let `device` decide about writes to all that `source` is going to define."""
        self._devices[source] = device

    def blocks(self, source: str) -> Iterator[Block]:
        """The present values of all that `source` has defined, withheld or not."""
        for unit, owned in sorted(self._territories.get(source, {}).items()):
            for table in Table:
                cells = self.stations[unit].tables[table]
                for start, stop in owned[table]:
                    yield Block(unit, table, start, cells.read(start, stop))

    def mark_stale(self, source: str, *, as_zero: bool) -> None:
        """Until its next document, let what `source` has defined read as zero, or not at all."""
        for unit, owned in self._territories.get(source, {}).items():
            self.stations[unit].stale[source] = Stale(owned, as_zero)
        self.ready.forget()

    def apply(self, source: str, document: Document, *, replace: bool = False) -> None:
        """Let `document` of `source` take effect.

        With `replace`, what `source` had defined before and `document` does not define is gone,
        and the rest starts afresh. What was withheld of `source` is so no more. Raises Conflict,
        and has changed nothing, where another source has defined one of the addresses; and
        DocumentError likewise, where `source` defines more than its quota.
        """
        self._check_conflicts(source, document)
        if document.has_files_and_identity:
            self._files_and_identity.check(source, document)
        quota = Quota() if replace else self._quotas.get(source) or Quota()
        owned = {} if replace else self._territories.get(source, {})
        quota.add(quota.check(document, owned, {} if replace else self.stations))
        self._quotas[source] = quota
        written = self._overwrites.begins(source)
        self.ready.forget()
        self._release(source)
        if replace:
            self.editions[source] = self.editions.get(source, 0) + 1
            self._forget(source)
        territory = self._territories.setdefault(source, {})
        for station in document.stations:
            bank = self.stations.get(station.id) or self._add(station.id)
            if station.id not in territory:
                territory[station.id] = (Spans(), Spans(), Spans(), Spans())
            own = territory[station.id]
            for table, ranges in station.map.tables():
                by_bus = station.mode == "slave" and table in _BUS_TABLES
                for item in _in_order(ranges):
                    _apply_range(bank.tables[table], own[table], item, only_new=by_bus)
            if source in self._devices:
                bank.delegated[source] = Delegated(own, self._devices[source])
            if document.has_files_and_identity:
                self._files_and_identity.apply(source, document, station, bank)
        self._overwrites.over(source, written)
        for watcher in self._watchers:
            watcher(source, document)

    def remove(self, source: str) -> None:
        """The source is gone, with all that it has defined."""
        self.ready.forget()
        self._release(source)
        self._forget(source)
        for known in (self._quotas, self._devices, self.editions):
            known.pop(source, None)
        if journal := self._journal_of.pop(source, None):
            self._journals.remove(journal)

    def renew(self, source: str, blocks: Iterable[Block]) -> None:
        """The same for a document that gives its `master` stations `blocks`, and defines no more.

        That is, no more than the last one of `source` did. Watchers do not hear of it.
        """
        written = self._overwrites.begins(source)
        self.ready.forget()
        self._release(source)
        for unit, table, start, cells in blocks:
            self.stations[unit].tables[table].write(start, cells)
        self._overwrites.over(source, written)

    def _owns(self, source: str, unit: int, table: Table, span: Span) -> bool:
        """Whether the script `source` has defined some of these addresses."""
        own = self._territories.get(source, {}).get(unit)
        return (
            own is not None
            and source not in self._devices
            and own[table].overlap(*span) is not None
        )

    def _read(self, unit: int, table: Table, span: Span) -> bytes | None:
        bank = self.stations.get(unit)
        if bank is None or not bank.tables[table].spans.covers(*span):
            return None
        return bank.tables[table].read(*span)

    def _add(self, unit: int) -> Bank:
        bank = self.stations[unit] = self._files_and_identity.new_bank(unit, self.ready)
        return bank

    def _check_conflicts(self, source: str, document: Document) -> None:
        if len(self._territories) == (source in self._territories):
            return
        mine = self._territories.get(source, {})
        others = [(name, t) for name, t in self._territories.items() if name != source]
        for i, station in enumerate(document.stations):
            for table, ranges in station.map.tables():
                for item in ranges:
                    if station.id in mine and mine[station.id][table].covers(*item.span):
                        continue
                    _check_conflict(f"stations[{i}]", station, table, item, others)

    def _release(self, source: str) -> None:
        for unit in self._territories.get(source, {}):
            self.stations[unit].stale.pop(source, None)

    def _forget(self, source: str) -> None:
        """Remove what `source` has defined and leave what the others have."""
        for forgotten in self._forgotten:
            forgotten(source)
        self._files_and_identity.forget(source)
        for unit in self._territories.pop(source, {}):
            remaining = [t[unit] for t in self._territories.values() if unit in t]
            if not remaining:
                del self.stations[unit]
                continue
            bank = self.stations[unit]  # the same one goes on: a write to it may be under way
            bank.delegated.pop(source, None)
            old = bank.reset()
            for territory in remaining:
                for table in Table:
                    _copy(territory[table], old.tables[table], bank.tables[table])
            self._files_and_identity.copy(old, bank)


def _in_order(ranges: Ranges) -> Sequence[Range]:
    return ranges if len(ranges) == 1 else sorted(ranges, key=lambda item: item.address_start)


def _apply_range(cells: Cells, own: Spans, item: Range, *, only_new: bool) -> None:
    start, stop = item.span
    values = item.cells()
    if values and not only_new and own.covers(start, stop):  # as most of the time
        cells.write(start, values)
        return
    targets = list(own.gaps(start, stop)) if only_new else [item.span]
    cells.define(start, stop)
    own.add(start, stop)
    for target in targets:
        part = values[cells.width * (target.start - start) : cells.width * (target.stop - start)]
        if part:
            cells.write(target.start, part)


def _check_conflict(
    path: str,
    station: Station,
    table: Table,
    item: Range,
    others: list[tuple[str, Territory]],
) -> None:
    for name, territory in others:
        if station.id not in territory:
            continue
        overlap = territory[station.id][table].overlap(*item.span)
        if overlap:
            raise Conflict(
                f"{path}.{station.map.place(item)}",
                f"station {station.id} {table.label} {overlap} already belongs to {name}",
            )


def _copy(spans: Spans, old: Cells, new: Cells) -> None:
    for start, stop in spans:
        new.define(start, stop)
        new.write(start, old.read(start, stop))
