"""What is asked for, and how it is cut into requests.

A block is addresses of one table of one station. No request reads or writes more than the
specification allows, and a value of several registers is in one request, wherever one can hold it:
a device may change it between two.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from aoba.modbus.spec import (
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    Table,
)
from aoba.spans import Span


class Block(NamedTuple):
    unit: int
    table: Table
    span: Span

    @property
    def size(self) -> int:
        """How many addresses there are."""
        return self.span.stop - self.span.start

    @property
    def place(self) -> str:
        """Without the station: `0-9 holding`."""
        first, last = self.span.start, self.span.stop - 1
        addresses = f"{first}-{last}" if last > first else str(first)
        return f"{addresses} {self.table.label}"

    def __str__(self) -> str:
        return f"{self.place} at station {self.unit}"


def to_read(
    block: Block, step: int = 1, max_registers: int = MAX_READ_REGISTERS
) -> Iterator[Block]:
    """Blocks for one read request each; values have `step` addresses each.

    A value that has more registers than one request may have is read in parts.
    """
    return _cut(block, max_read(block.table, max_registers), step)


def to_write(
    block: Block,
    step: int = 1,
    *,
    single: bool = False,
    max_registers: int = MAX_WRITE_REGISTERS,
) -> Iterator[Block]:
    """Blocks for one write request each; with `single`, of one address each."""
    return _cut(block, 1 if single else max_write(block.table, max_registers), step)


def max_read(table: Table, max_registers: int) -> int:
    """Addresses of one read request, where a device takes `max_registers` at a time."""
    return MAX_READ_BITS if table.is_bits else min(MAX_READ_REGISTERS, max_registers)


def max_write(table: Table, max_registers: int) -> int:
    """The same of one write request."""
    return MAX_WRITE_BITS if table.is_bits else min(MAX_WRITE_REGISTERS, max_registers)


def _cut(block: Block, limit: int, step: int) -> Iterator[Block]:
    whole = limit - limit % step or limit
    start, stop = block.span
    for at in range(start, stop, whole):
        yield block._replace(span=Span(at, min(at + whole, stop)))


TABLES: Final = {table.label: table for table in Table}
