"""All stations, and who defined what.

A source's document is applied whole or not at all: conflicts are looked for first, and from the
first change on nothing can fail. Nothing here waits, so no request sees half of a document.

Who owns a value (`mode` of a station in a document):

    master   the script: each document's values replace what is there
    slave    `discrete_inputs` and `input`: the script; `coils` and `holding`: the bus, from the
             moment an address is defined, which is when it takes its initial value

What a stale source has defined is withheld from readers, until its next document. Where a source is
a device, it decides about writes to what it has defined. Whatever changes is told to `changes`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from msgspec import UNSET

from aoba.bus import MAIN
from aoba.document.ranges import Range, Ranges
from aoba.document.schema import Document, Station
from aoba.errors import Conflict, DocumentError
from aoba.identity import DEFAULT_IDENTITY
from aoba.modbus.forwarding import Device
from aoba.modbus.response_cache import ResponseCache
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank, Delegated, Stale
from aoba.registers.block import Block, Owned
from aoba.registers.cells import Cells
from aoba.registers.changes import (
    Changes,
    DocumentAccepted,
    DocumentApplied,
    PresentState,
    SourceReset,
    SourceState,
    Staleness,
    StalenessChanged,
    ValuesUpdated,
)
from aoba.registers.files_and_identity import FilesAndIdentity
from aoba.registers.quota import Quota
from aoba.spans import Span, Spans

_BUS_TABLES: Final = frozenset((Table.COILS, Table.HOLDING))
"""Tables a client can write, which in slave mode belong to the bus."""

Territory = dict[int, Owned]
"""Which addresses a source has defined, by unit id."""


class SourceRegisters(Protocol):
    """What a source does with its registers: an image, or several."""

    def apply(self, source: str, document: Document, *, replace: bool = False) -> None:
        """See `Image.apply`."""
        ...

    def mark_stale(self, source: str, *, as_zero: bool) -> None:
        """See `Image.mark_stale`."""
        ...

    def watch(self, watcher: Callable[["Image"], None]) -> None:
        """Call `watcher` with each image in which sources define something, before they do."""
        ...


class Image:
    """Of one bus. `identity` are identification objects of stations that no document gives others.

    Implements `SourceRegisters`.
    """

    def __init__(self, identity: Mapping[int, bytes] = DEFAULT_IDENTITY, bus: str = MAIN) -> None:
        self.bus = bus
        self.stations: dict[int, Bank] = {}
        self.cache = ResponseCache()
        """Answers that hold as long as nothing here changes."""
        self.changes = Changes()
        """Told of whatever changes here and in the stations."""
        self._identity = identity
        self._territories: dict[str, Territory] = {}
        self._quotas: dict[str, Quota] = {}
        self._devices: dict[str, Device] = {}
        self._staleness: dict[str, Staleness] = {}  # of those that are stale
        self._files_and_identity = FilesAndIdentity(identity)

    def watch(self, watcher: Callable[["Image"], None]) -> None:
        """Be the only image of a source."""
        watcher(self)

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

    def present(self) -> PresentState:
        """All that sources have defined, as it is now."""
        fresh = Staleness.FRESH
        return PresentState(
            {
                source: SourceState(list(self.blocks(source)), self._staleness.get(source, fresh))
                for source in self._territories
            }
        )

    def mark_stale(self, source: str, *, as_zero: bool) -> None:
        """Until its next document, let what `source` has defined read as zero, or not at all."""
        territory = self._territories.get(source)
        staleness = Staleness.ZERO if as_zero else Staleness.REFUSED
        if not territory or self._staleness.get(source) is staleness:
            return
        self._staleness[source] = staleness
        for unit, owned in territory.items():
            self.stations[unit].stale[source] = Stale(owned, as_zero)
        self.cache.invalidate()
        self.changes.tell(StalenessChanged, source, staleness)

    def apply(self, source: str, document: Document, *, replace: bool = False) -> None:
        """Let `document` of `source` take effect.

        With `replace`, what `source` had defined before and `document` does not define is gone,
        and the rest starts afresh. What was withheld of `source` is so no more. Raises Conflict,
        and has changed nothing, where another source has defined one of the addresses; and
        DocumentError likewise, where `source` defines more than its quota.
        """
        values = None if replace else self._only_values(source, document)
        if values is None:
            size = self.check(source, document, replace=replace)
            quota = self._quotas[source] = self._quota(source, replace=replace)
            quota.add(size)
        self.changes.tell(DocumentAccepted, source)
        self.cache.invalidate()
        was_stale = self._release(source)
        if replace:
            self._forget(source)
        if values is None:
            territory = self._territories.setdefault(source, {})
            for station in document.stations:
                self._define(source, document, station, territory)
        else:
            for cells, start, given in values:
                cells.write(start, given)
        if replace:
            self.changes.tell(SourceReset, source, False)
        if was_stale:
            self.changes.tell(StalenessChanged, source, Staleness.FRESH)
        self.changes.tell(DocumentApplied, source, document)

    def check(self, source: str, document: Document, *, replace: bool = False) -> int:
        """Raise what `apply` would, changing nothing; returns bytes that it takes of the quota."""
        if document.has_buses:
            self._check_buses(document)
        self._check_conflicts(source, document)
        if document.has_files_and_identity:
            self._files_and_identity.check(source, document)
        quota = self._quota(source, replace=replace)
        owned = {} if replace else self._territories.get(source, {})
        return quota.check(document, owned, {} if replace else self.stations)

    def _quota(self, source: str, *, replace: bool) -> Quota:
        return Quota() if replace else self._quotas.get(source) or Quota()

    def remove(self, source: str) -> None:
        """The source is gone, with all that it has defined."""
        self.cache.invalidate()
        self._release(source)
        self._forget(source)
        for known in (self._quotas, self._devices):
            known.pop(source, None)
        self.changes.tell(SourceReset, source, True)

    def update_values(self, source: str, blocks: Iterable[Block]) -> None:
        """Store values that have become known in another way than by a document.

        All of it is what `source` has defined; it stays as stale as it was.
        """
        news = [block for block in blocks if self._stored(block) != block.cells]
        for unit, table, start, cells in news:
            self.stations[unit].tables[table].write(start, cells)
        if news:
            self.cache.invalidate()
            self.changes.tell(ValuesUpdated, source, news)

    def _stored(self, block: Block) -> bytes:
        cells = self.stations[block.unit].tables[block.table]
        return cells.read(block.start, block.start + len(block.cells) // cells.width)

    def _only_values(
        self, source: str, document: Document
    ) -> list[tuple[Cells, int, bytes]] | None:
        """What is to be stored where, if `source` has defined all of `document` before.

        That is most of the time: then nothing can be in its way, and nothing is to be counted.
        """
        territory = self._territories.get(source)
        if territory is None or document.has_files_and_identity or document.has_buses:
            return None
        values = []
        for station in document.stations:
            own = territory.get(station.id)
            if own is None:
                return None
            tables = self.stations[station.id].tables
            is_slave = station.mode == "slave"
            for table, ranges in station.map.tables():
                spans, cells = own[table], tables[table]
                for item in ranges:
                    start, stop = item.span
                    if not spans.covers(start, stop):
                        return None
                    if (given := item.cells()) and not (is_slave and table in _BUS_TABLES):
                        values.append((cells, start, given))
        return values

    def _check_buses(self, document: Document) -> None:
        for i, station in enumerate(document.stations):
            if station.bus not in (UNSET, self.bus):
                reason = f"{station.bus!r} is another bus than its source has, bus={self.bus}"
                raise DocumentError(f"stations[{i}].bus", reason)

    def _check_conflicts(self, source: str, document: Document) -> None:
        for i, station in enumerate(document.stations):
            bank = self.stations.get(station.id)
            if bank is None or len(bank.owned) == (source in bank.owned):
                continue
            mine = bank.owned.get(source)
            for table, ranges in station.map.tables():
                for item in ranges:
                    if mine and mine[table].covers(*item.span):
                        continue
                    for overlap, owner in _overlaps(bank, table, item.span):
                        if owner != source:
                            raise Conflict(
                                f"stations[{i}].{station.map.place(item)}",
                                f"station {station.id} {table.label} {overlap} "
                                f"already belongs to {owner}",
                            )

    def _define(
        self, source: str, document: Document, station: Station, territory: Territory
    ) -> None:
        unit = station.id
        bank = self.stations.get(unit)
        if bank is None:
            bank = self.stations[unit] = Bank(self.cache, self.changes, unit, self._identity)
        if unit not in territory:
            bank.owned[source] = territory[unit] = Spans(), Spans(), Spans(), Spans()
        own = territory[unit]
        for table, ranges in station.map.tables():
            by_bus = station.mode == "slave" and table in _BUS_TABLES
            for item in _in_order(ranges):
                _apply_range(bank.tables[table], own[table], item, only_new=by_bus)
        if source in self._devices:
            bank.delegated[source] = Delegated(own, self._devices[source])
        if document.has_files_and_identity:
            self._files_and_identity.apply(source, document, station, bank)

    def _release(self, source: str) -> bool:
        """Let what `source` has defined be read; whether it was stale."""
        if self._staleness.pop(source, None) is None:
            return False
        for unit in self._territories[source]:
            del self.stations[unit].stale[source]
        return True

    def _forget(self, source: str) -> None:
        """Remove what `source` has defined and leave what the others have."""
        self._files_and_identity.forget(source)
        for unit in self._territories.pop(source, {}):
            bank = self.stations[unit]
            del bank.owned[source]
            bank.delegated.pop(source, None)
            # A write may be under way, which knows this bank: it finds what is left, if anything.
            old = bank.reset()
            if not bank.owned:
                del self.stations[unit]
                continue
            for owned in bank.owned.values():
                for table in Table:
                    _copy(owned[table], old.tables[table], bank.tables[table])
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


def _overlaps(bank: Bank, table: Table, span: Span) -> Iterator[tuple[Span, str]]:
    """What of `span` is defined already, the first of each source, and who has defined it."""
    for source, owned in bank.owned.items():
        if overlap := owned[table].overlap(*span):
            yield overlap, source


def _copy(spans: Spans, old: Cells, new: Cells) -> None:
    for start, stop in spans:
        new.define(start, stop)
        new.write(start, old.read(start, stop))
