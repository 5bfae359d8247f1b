"""What a script is told about its registers at the start of a run: one JSON object.

It has the writes of clients since the last one, and the present values of all that the script has
defined. What was told of a run that could not be started is told again with the next.
"""

import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from aoba.modbus.spec import Table
from aoba.registers.block import Block
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.described import Described, Descriptions
from aoba.registers.image import Image, SourceRegisters
from aoba.registers.journal import Journal, Write, Written
from aoba.threads import MAX_INLINE, in_thread

PER_WRITE: Final = 128
"""Bytes that a write counts for, besides its cells."""

NOTHING: Final = Written([], 0)


DescribedCells = tuple[Table, Described, bytes]


class Part(NamedTuple):
    """Of one bus."""

    written: Written = NOTHING
    blocks: Sequence[Block] = ()
    """In the order of stations."""
    described: Mapping[int, Sequence[DescribedCells]] = {}
    """Ranges that say something about their values, by unit."""
    bus: str | None = None
    """How stations and writes name it; None: not at all."""


class Snapshot(NamedTuple):
    """What there is to tell, taken at one moment."""

    run: int
    time: float
    """Seconds since the epoch."""
    parts: Sequence[Part] = ()

    @property
    def size(self) -> int:
        blocks = sum(len(block.cells) for part in self.parts for block in part.blocks)
        writes = (write for part in self.parts for write in part.written.writes)
        return blocks + sum(PER_WRITE + len(write.cells) for write in writes)


class _OfBus:
    """What there is to tell of one image, until the source `name` is removed from it."""

    def __init__(self, name: str, image: Image, bus: str | None) -> None:
        self.bus = bus
        """How stations and writes name it; None: not at all."""
        self._name, self._image = name, image
        self._journal = Journal(image, name, time.time)
        self.descriptions = Descriptions()
        self._told = NOTHING
        kinds = DocumentApplied, SourceReset
        self._unsubscribe = image.changes.subscribe(self._hear, *kinds, source=name)

    def _hear(self, change: DocumentApplied | SourceReset) -> None:
        if isinstance(change, DocumentApplied):
            self.descriptions.note(change.document)
            return
        self.descriptions = Descriptions()
        if change.is_removed:
            self._journal.close()
            self._unsubscribe()

    def part(self) -> "Part":
        blocks = list(self._image.blocks(self._name))
        described = {unit: self._described(unit) for unit in {block.unit for block in blocks}}
        self._told = self._journal.take()
        return Part(self._told, blocks, described, self.bus)

    def put_back(self) -> None:
        self._journal.put_back(self._told)
        self._told = NOTHING

    @property
    def lost(self) -> int:
        return self._told.lost

    def _described(self, unit: int) -> list[DescribedCells]:
        tables = self._image.stations[unit].tables
        of_unit = self.descriptions.of(unit)
        return [(table, it, tables[table].read(*it.span)) for table, it in of_unit]


class Feedback:
    """Of the source `name`, from now on until it is removed."""

    def __init__(self, name: str, image: SourceRegisters) -> None:
        self._name = name
        self._buses: list[_OfBus] = []
        image.watch(self._join)

    def _join(self, image: Image) -> None:
        """Stations are there from now on; only those of the first image go without its name."""
        self._buses.append(_OfBus(self._name, image, image.bus if self._buses else None))

    async def next(self, run: int) -> bytes:
        """The object for run `run`; see `lost` and `put_back`."""
        snapshot = self._snapshot(run)
        if snapshot.size <= MAX_INLINE:
            return encode(snapshot)
        return await in_thread(encode, snapshot)

    def at_once(self, run: int) -> bytes | None:
        """The same, without waiting; None, and nothing has been told, where it takes too long."""
        snapshot = self._snapshot(run)
        if snapshot.size <= MAX_INLINE:
            return encode(snapshot)
        self.put_back()
        return None

    @property
    def leaves_out(self) -> bool:
        """Whether there are more ranges with a name or a type than `values` tells of."""
        return any(it.descriptions.is_full for it in self._buses)

    @property
    def lost(self) -> int:
        """Writes that are missing in the newest object."""
        return sum(it.lost for it in self._buses)

    def put_back(self) -> None:
        """The newest object did not reach anyone."""
        for bus in self._buses:
            bus.put_back()

    def _snapshot(self, run: int) -> Snapshot:
        return Snapshot(run, time.time(), [bus.part() for bus in self._buses])


def encode(snapshot: Snapshot) -> bytes:
    """The object as JSON, encoded piece by piece, so that no other thread has to wait for all."""
    writes = [(write, part.bus) for part in snapshot.parts for write in part.written.writes]
    if len(snapshot.parts) > 1:  # each part has its own in order
        writes.sort(key=lambda pair: pair[0].time)
    stations = [
        _station(unit, blocks, part.described.get(unit, ())) | _named(part.bus)
        for part in snapshot.parts
        for unit, blocks in groupby(part.blocks, attrgetter("unit"))
    ]
    return msgspec.json.encode(
        {
            "run": snapshot.run,
            "time": snapshot.time,
            "writes": [_write(write, bus) for write, bus in writes],
            "lost": sum(part.written.lost for part in snapshot.parts),
            "stations": stations,
        }
    )


def _named(bus: str | None) -> dict[str, Any]:
    return {} if bus is None else {"bus": bus}


def _station(
    unit: int, blocks: Iterable[Block], described: Sequence[DescribedCells]
) -> dict[str, Any]:
    tables = groupby(blocks, attrgetter("table"))
    return {
        "id": unit,
        "map": {table.label: [_range(block) for block in of_table] for table, of_table in tables},
        "values": [_encoded(it.shown(table, it.decode(cells))) for table, it, cells in described],
    }


def _range(block: Block) -> dict[str, Any]:
    return {"address_start": block.start, "values": _encoded(_numbers(block.table, block.cells))}


def _write(write: Write, bus: str | None) -> msgspec.Raw:
    return _encoded(
        {
            "time": write.time,
            "client": write.client,
            "station": write.unit,
            "table": write.table.label,
            "address": write.address,
            "values": _numbers(write.table, write.cells),
            **_named(bus),
        }
    )


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _numbers(table: Table, cells: bytes) -> Sequence[int]:
    return list(cells) if table.is_bits else struct.unpack(f">{len(cells) // 2}H", cells)
