"""`aoba write` of bits of registers, which leaves the other bits as they are.

A device changes them itself where it knows function 22. Else the register is read and written, and
what the device puts there in between is lost.
"""

import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

from aoba.cli.asking import run_asking, told_at_once
from aoba.cli.typed import REGISTER_BITS, Typed
from aoba.cli.write import count_of
from aoba.client.blocks import Block
from aoba.client.channel_state import ChannelState
from aoba.client.connection import Connection
from aoba.client.requests import BROADCAST, mask_write, read, write
from aoba.client.words import NOT_REFUSED
from aoba.endpoints.device import has_broadcast
from aoba.errors import DeviceError, DeviceException, UsageError
from aoba.logs.trace_level import TraceLevel
from aoba.spans import Span


class Change(NamedTuple):
    block: Block
    """One register."""
    mask: int
    """Which of its bits are written."""
    bits: int
    """What they become."""


class WritingBits(NamedTuple):
    """What to write, and where."""

    line: ChannelState
    block: Block
    """The registers that have them."""
    typed: Typed
    values: list[int]
    """0 or 1, in the order of `typed.bits`."""
    whole: bool
    """Whether registers are read and written without trying function 22."""
    single: bool
    """Whether they are written by the function for a single one then."""
    verify: bool
    timeout: float
    retries: int
    trace: TraceLevel = TraceLevel.OFF

    @property
    def place(self) -> str:
        where = self.typed.where(self.block, 0, len(self.values)).replace("..", "-")
        return f"{where} {self.block.table.label} at station {self.block.unit}"

    @property
    def changes(self) -> Iterator[Change]:
        start = self.block.span.start
        for register in range(self.block.size):
            span = Span(start + register, start + register + 1)
            mask = bits = 0
            for at, value in zip(self.typed.bits or (), self.values, strict=True):
                if at // REGISTER_BITS == register:
                    mask |= 1 << at % REGISTER_BITS
                    bits |= value << at % REGISTER_BITS
            yield Change(self.block._replace(span=span), mask, bits)


def write_bits(writing: WritingBits) -> None:
    """Raises DeviceError, with what was written before, and UsageError where nobody answers."""
    if writing.block.unit == BROADCAST and has_broadcast(writing.line.target):
        raise UsageError("--unit: 0 is all stations of a line, and none of them says what it has")
    run_asking(lambda: _write(writing), writing.trace)


async def _write(it: WritingBits) -> None:
    async with await Connection.connect(it.line, it.timeout, it.retries) as connection:
        with told_at_once(connection):
            refused = await _write_all(it, connection)
            if it.verify:
                _compare(it, it.typed.values(await read(connection, it.block)))
            how = (
                "; function 22 is refused, so the register was read and written" if refused else ""
            )
            verified = ", and read the same" if it.verify else ""
            what = count_of(len(it.values), "bit")
            sys.stdout.write(f"wrote {what} to {it.place}{verified}{how}\n")
            sys.stdout.flush()


async def _write_all(it: WritingBits, connection: Connection) -> bool:
    """Whether function 22 is refused. Raises DeviceError, with how much was written before."""
    options = connection.target.requests
    whole = it.whole or options.single or options.multiple
    done, refused = 0, False
    try:
        for change in it.changes:
            refused = refused or not (whole or await _change(connection, change))
            if whole or refused:
                await _rewrite(connection, change, single=it.single)
            done += change.mask.bit_count()
    except DeviceError as error:
        if done:
            error.args = (f"{error}; {count_of(done, 'bit')} before that were written",)
        raise
    return refused


async def _change(connection: Connection, change: Change) -> bool:
    """Whether the device takes function 22."""
    block, mask, bits = change
    try:
        await mask_write(connection, block, 0xFFFF & ~mask, bits)
    except DeviceException as error:
        if error.code in NOT_REFUSED:
            raise
        return False
    return True


async def _rewrite(connection: Connection, change: Change, *, single: bool) -> None:
    block, mask, bits = change
    (value,) = struct.unpack(">H", await read(connection, block))
    cells = struct.pack(">H", value & ~mask | bits)
    async for _ in write(connection, block, cells, single=single):
        pass  # it is one request


def _compare(it: WritingBits, got: list[int]) -> None:
    for index, (wrote, reads) in enumerate(zip(it.values, got, strict=True)):
        if wrote != reads:
            where = it.typed.where(it.block, index, index + 1)
            place = f"{where} {it.block.table.label} at station {it.block.unit}"
            raise DeviceError(f"{it.line.target}: {place}: wrote {wrote}, and reads {reads}")
