"""Several documents of one source, one after the other -> the one document that says the same.

A script may give other ranges in each of its documents. Whoever has missed some needs them all:
each range that was ever given, with the newest values. A station has its newest document's mode.

Ranges that come again as they were, or that are new, keep all they say. Where ranges overlap in
any other way, as much of an older one as holds still is kept as plain registers.
"""

import struct
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from aoba.document.ranges import BitRange, HoldingRange, Range
from aoba.document.schema import Document, File, RegisterMap, Station
from aoba.identity import object_name
from aoba.modbus.spec import Table
from aoba.spans import Span, Spans


class Merged:
    def __init__(self) -> None:
        self._interval: int | UnsetType = UNSET
        self._stations: dict[tuple[int, str | UnsetType], _Merged] = {}

    def add(self, document: Document) -> None:
        """Newer than all that were added before."""
        if document.reboot_interval is not UNSET:
            self._interval = document.reboot_interval
        for station in document.stations:
            merged = self._stations.setdefault((station.id, station.bus), _Merged())
            merged.add(station, document.identity_of(station))

    def forget(self, bus: str | UnsetType) -> None:
        """Have the stations of that bus not be there any more."""
        self._stations = {key: it for key, it in self._stations.items() if key[1] != bus}

    def document(self) -> Document:
        """Raises ValueError where there are more ranges than a document may have."""
        stations = [merged.station(*key) for key, merged in self._stations.items()]
        return Document(stations=stations, reboot_interval=self._interval)


class _Merged:
    """What is known of one station."""

    def __init__(self) -> None:
        self._mode: Any = "master"
        self._tables: dict[Table, list[Any]] = {}
        self._fifos: dict[int, HoldingRange] = {}
        self._files: dict[str, list[int]] = {}
        self._identity: dict[int, bytes] = {}

    def add(self, station: Station, identity: dict[int, bytes]) -> None:
        self._mode = station.mode
        for table, ranges in station.map.tables():
            self._tables[table] = _over(self._tables.get(table, []), ranges)
        for fifo in station.map.fifos():
            if fifo.initial_values is not UNSET or fifo.address_start not in self._fifos:
                self._fifos[fifo.address_start] = fifo
        for number, file in ({} if station.files is UNSET else station.files).items():
            older = self._files.get(number, [])
            self._files[number] = file.records + older[len(file.records) :]
        self._identity |= identity

    def station(self, unit: int, bus: str | UnsetType) -> Station:
        tables: dict[str, Any] = {table.label: ranges for table, ranges in self._tables.items()}
        if self._fifos:
            holding = Table.HOLDING.label
            tables[holding] = [*tables.get(holding, []), *self._fifos.values()]
        files = {number: File(records) for number, records in self._files.items()}
        identity = {object_name(n): value.decode() for n, value in self._identity.items()}
        return Station(
            id=unit,
            mode=self._mode,
            map=RegisterMap(**tables),
            files=files or UNSET,
            identity=identity or UNSET,
            bus=bus,
        )


def _over(old: list[Any], new: list[Any]) -> list[Any]:
    """All addresses of both, with the values of `new` where it has some."""
    known = {item.span: item for item in old}
    others = [item for item in new if item.span not in known]
    taken = _spans(item.span for item in old) if others else Spans()
    if any(taken.overlap(*item.span) for item in others) or any(
        len(item.cells()) < len(known[item.span].cells()) for item in new if item.span in known
    ):
        return _cut(old, new)
    return list((known | {item.span: item for item in new}).values())


def _cut(old: list[Any], new: list[Any]) -> list[Any]:
    """The same, whatever overlaps what."""
    newer = _spans(_filled(item) for item in new)
    kept = [item for item in new if item.cells()]
    for item in old:
        filled = _filled(item)
        gaps = list(newer.gaps(*filled))
        kept += [item] if gaps == [filled] else [_part(item, gap) for gap in gaps]
    kept = [_without_rest(item) for item in kept]
    valued = _spans(item.span for item in kept)
    for item in _spans(item.span for item in (*old, *new)):
        kind = type(new[0])
        kept += [kind(address_start=g.start, length=g.stop - g.start) for g in valued.gaps(*item)]
    return sorted(kept, key=lambda item: item.span)


def _spans(parts: Any) -> Spans:
    spans = Spans()
    for start, stop in parts:
        if start < stop:
            spans.add(start, stop)
    return spans


def _width(item: Range) -> int:
    """Bytes of a cell."""
    return 1 if isinstance(item, BitRange) else 2


def _filled(item: Range) -> Span:
    """The addresses that have values, some of the first; it may be none."""
    return Span(item.span.start, item.span.start + len(item.cells()) // _width(item))


def _without_rest(item: Any) -> Any:
    """The range up to its last value."""
    return item if _filled(item) == item.span else replace(item, length=UNSET)


def _part(item: Any, span: Span) -> Any:
    """Some of its values, as plain ones."""
    width = _width(item)
    first, last = (width * (address - item.span.start) for address in span)
    values = struct.unpack(
        f">{span.stop - span.start}{'B' if width == 1 else 'H'}", item.cells()[first:last]
    )
    return type(item)(address_start=span.start, initial_values=list(values))
