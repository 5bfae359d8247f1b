"""What was read from a device -> `Document`."""

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from aoba.client.blocks import Block
from aoba.document.ranges import BitRange, HoldingRange, RegisterRange
from aoba.document.schema import Document, RegisterMap, Station
from aoba.modbus.spec import Table
from aoba.spans import Span

_RANGES: Final[dict[Table, type[BitRange | RegisterRange]]] = {
    Table.COILS: BitRange,
    Table.DISCRETE_INPUTS: BitRange,
    Table.HOLDING: HoldingRange,
    Table.INPUT: RegisterRange,
}


def polled(station: int, parts: Iterable[tuple[Block, bytes]]) -> Document:
    """The document of `station` that has the cells of each block.

    Blocks are as the user has written them: those of a table come together, and one that goes on
    where the one before it ends becomes one range with it.
    """
    tables: dict[str, Any] = {
        table.label: [_range(block, cells) for block, cells in _joined(items)]
        for table, items in groupby(parts, key=lambda part: part[0].table)
    }
    return Document([Station(station, "master", RegisterMap(**tables))])


def _joined(parts: Iterable[tuple[Block, bytes]]) -> Iterator[tuple[Block, bytes]]:
    """Of one table."""
    whole: Block | None = None
    cells = b""
    for block, more in parts:
        if whole and whole.span.stop == block.span.start:
            whole = whole._replace(span=Span(whole.span.start, block.span.stop))
            cells += more
        else:
            if whole:
                yield whole, cells
            whole, cells = block, more
    if whole:
        yield whole, cells


def _range(block: Block, cells: bytes) -> BitRange | RegisterRange:
    bits = block.table.is_bits
    values = list(cells if bits else struct.unpack(f">{block.size}H", cells))
    return _RANGES[block.table](address_start=block.span.start, initial_values=values)
