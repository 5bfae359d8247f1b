"""A document that is the one before it with other values: told by its bytes, and not read again.

What a script prints again and again differs in nothing but numbers. So of a document its frame is
kept: all of its bytes but the lists of plain register values. Where the frame of another one is the
same, byte for byte, so are its stations, its ranges and whatever else it says; only the numbers are
decoded, and only they can break a rule.

It is exact, not likely: nothing but a list of as many integers is taken for one. A list begins
where the name `initial_values` does in a text without a backslash, so no string can look like it,
and has to be what stands up to its first `]`.
"""

import re
import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

import msgspec

from aoba.document.ranges import AnyRange, RegisterRange
from aoba.document.schema import Document
from aoba.document.values import PLAIN
from aoba.modbus.spec import Table

MAX_FRAMED: Final = 64 * 1024
"""Bytes of the longest document whose frame is kept."""

_LIST: Final = re.compile(rb'"initial_values"\s*:\s*(?=\[)')
_numbers: Final = msgspec.json.Decoder(list[int])
_TABLES: Final = {table.label: table for table in Table}


class Block(NamedTuple):
    """Consecutive addresses of one table from `start` on, and their cells."""

    unit: int
    table: Table
    start: int
    cells: bytes


class _Hole(NamedTuple):
    """The list of values of a range."""

    unit: int
    table: Table
    start: int
    packing: struct.Struct
    before: bytes
    """What stands between the list before, or the beginning, and this one."""


class Frame:
    """Made by `of`; `blocks` are the ranges whose values are part of the frame."""

    def __init__(self, holes: list[_Hole], rest: bytes, blocks: list[Block]) -> None:
        self._holes, self._rest, self._blocks = holes, rest, blocks

    @classmethod
    def of(cls, raw: bytes, document: Document) -> Self | None:
        """The frame of `document`, which `raw` was decoded to; None where it has none.

        Of `slave` stations, files, queues and identification objects not all is replaced.
        """
        is_plain = all(station.mode == "master" for station in document.stations)
        if document.has_numbered or not is_plain or len(raw) > MAX_FRAMED or b"\\" in raw:
            return None
        starts = [found.end() for found in _LIST.finditer(raw)]
        holes, blocks, at = [], [], 0
        for unit, table, item in _ranges_as_written(raw, document):
            start = starts.pop(0) if isinstance(item.initial_values, list) else None
            if start and item.size and isinstance(item, RegisterRange) and item.form is PLAIN:
                packing = struct.Struct(f">{item.size}H")
                holes.append(_Hole(unit, table, item.span.start, packing, raw[at:start]))
                at = raw.index(b"]", start) + 1
            elif item.size:
                blocks.append(Block(unit, table, item.span.start, item.cells()))
        return cls(holes, raw[at:].rstrip(), blocks)

    def blocks(self, raw: bytes) -> list[Block] | None:
        """The values of the document in `raw`, if this is its frame; None where it is not."""
        blocks, at = self._blocks.copy(), 0
        try:
            for unit, table, start, packing, before in self._holes:
                if not raw.startswith(before, at):
                    return None
                at += len(before)
                stop = raw.index(b"]", at) + 1
                cells = packing.pack(*_numbers.decode(raw[at:stop]))
                blocks.append(Block(unit, table, start, cells))
                at = stop
        except (ValueError, msgspec.DecodeError, struct.error):
            return None
        return blocks if raw[at:].rstrip() == self._rest else None


def _ranges_as_written(raw: bytes, document: Document) -> Iterator[tuple[int, Table, AnyRange]]:
    """All ranges, in the order in which they stand in `raw`; with their unit and their table."""
    value: Any = msgspec.json.decode(raw)
    written = value["stations"] if isinstance(value, dict) else value
    for station, fields in zip(document.stations, written, strict=True):
        for label in fields["map"]:
            for item in getattr(station.map, label):
                yield station.id, _TABLES[label], item
