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
from aoba.registers.image import Image
from aoba.registers.journal import Journal, Write, Written
from aoba.threads import MAX_INLINE, in_thread

PER_WRITE: Final = 128
"""Bytes that a write counts for, besides its cells."""

NOTHING: Final = Written([], 0)


DescribedCells = tuple[Table, Described, bytes]


class Snapshot(NamedTuple):
    """What there is to tell, taken at one moment."""

    run: int
    time: float
    """Seconds since the epoch."""
    written: Written = NOTHING
    blocks: Sequence[Block] = ()
    """In the order of stations."""
    described: Mapping[int, Sequence[DescribedCells]] = {}
    """Ranges that say something about their values, by unit."""

    @property
    def size(self) -> int:
        blocks = sum(len(block.cells) for block in self.blocks)
        return blocks + sum(PER_WRITE + len(write.cells) for write in self.written.writes)


class Feedback:
    """Of the source `name`, from now on until it is removed."""

    def __init__(self, name: str, image: Image) -> None:
        self._name, self._image = name, image
        self._journal = Journal(image, name, time.time)
        self._descriptions = Descriptions()
        self._told = NOTHING
        kinds = DocumentApplied, SourceReset
        self._unsubscribe = image.changes.subscribe(self._hear, *kinds, source=name)

    def _hear(self, change: DocumentApplied | SourceReset) -> None:
        if isinstance(change, DocumentApplied):
            self._descriptions.note(change.document)
            return
        self._descriptions = Descriptions()
        if change.is_removed:
            self._journal.close()
            self._unsubscribe()

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
        return self._descriptions.is_full

    @property
    def lost(self) -> int:
        """Writes that are missing in the newest object."""
        return self._told.lost

    def put_back(self) -> None:
        """The newest object did not reach anyone."""
        self._journal.put_back(self._told)
        self._told = NOTHING

    def _snapshot(self, run: int) -> Snapshot:
        blocks = list(self._image.blocks(self._name))
        described = {unit: self._described(unit) for unit in {block.unit for block in blocks}}
        self._told = self._journal.take()
        return Snapshot(run, time.time(), self._told, blocks, described)

    def _described(self, unit: int) -> list[DescribedCells]:
        tables = self._image.stations[unit].tables
        of_unit = self._descriptions.of(unit)
        return [(table, it, tables[table].read(*it.span)) for table, it in of_unit]


def encode(snapshot: Snapshot) -> bytes:
    """The object as JSON, encoded piece by piece, so that no other thread has to wait for all."""
    stations = [
        _station(unit, blocks, snapshot.described.get(unit, ()))
        for unit, blocks in groupby(snapshot.blocks, attrgetter("unit"))
    ]
    return msgspec.json.encode(
        {
            "run": snapshot.run,
            "time": snapshot.time,
            "writes": [_write(write) for write in snapshot.written.writes],
            "lost": snapshot.written.lost,
            "stations": stations,
        }
    )


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


def _write(write: Write) -> msgspec.Raw:
    return _encoded(
        {
            "time": write.time,
            "client": write.client,
            "station": write.unit,
            "table": write.table.label,
            "address": write.address,
            "values": _numbers(write.table, write.cells),
        }
    )


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _numbers(table: Table, cells: bytes) -> Sequence[int]:
    return list(cells) if table.is_bits else struct.unpack(f">{len(cells) // 2}H", cells)
