"""Addresses of one station: what a source has defined of it, and consecutive cells."""

from typing import NamedTuple

from aoba.modbus.spec import Table
from aoba.spans import Spans

Owned = tuple[Spans, Spans, Spans, Spans]
"""Addresses of one station that belong to one source, by `Table`."""


class Block(NamedTuple):
    """Consecutive addresses of one table from `start` on, and their cells."""

    unit: int
    table: Table
    start: int
    cells: bytes
