"""`aoba write`: values to a device, and what became of them in one line."""

import sys
from typing import NamedTuple

from aoba.cli.asking import run_asking, told_at_once
from aoba.cli.typed import Typed
from aoba.client.blocks import Block
from aoba.client.channel_state import ChannelState
from aoba.client.connection import Connection
from aoba.client.requests import BROADCAST, read, write
from aoba.endpoints.device import has_broadcast
from aoba.errors import DeviceError, UsageError
from aoba.logs.trace_level import TraceLevel
from aoba.spans import Span


class Writing(NamedTuple):
    """What to write, and where."""

    line: ChannelState
    block: Block
    typed: Typed
    cells: bytes
    single: bool
    verify: bool
    timeout: float
    retries: int
    trace: TraceLevel = TraceLevel.OFF


def write_values(writing: Writing) -> None:
    """Raises DeviceError, with what was written before, and UsageError where nobody answers."""
    run_asking(lambda: _write(writing), writing.trace)


async def _write(it: Writing) -> None:
    is_broadcast = it.block.unit == BROADCAST and has_broadcast(it.line.target)
    if it.verify and is_broadcast:
        raise UsageError("--verify: unit id 0 is all stations of a line, and none of them answers")
    async with await Connection.connect(it.line, it.timeout, it.retries) as connection:
        with told_at_once(connection):
            await _write_all(it, connection)
            if it.verify:
                _compare(it, await read(connection, it.block, it.typed.step))
            sys.stdout.write(_words(it, is_broadcast=is_broadcast) + "\n")
            sys.stdout.flush()


async def _write_all(it: Writing, connection: Connection) -> None:
    """Raises DeviceError, with what was written before."""
    done = Span(it.block.span.start, it.block.span.start)
    try:
        async for part in write(connection, it.block, it.cells, it.typed.step, single=it.single):
            done = Span(done.start, part.span.stop)
    except DeviceError as error:
        if done.stop > done.start:
            error.args = (f"{error}; {it.block._replace(span=done)} were written",)
        raise


def _words(it: Writing, *, is_broadcast: bool) -> str:
    if is_broadcast:
        return f"sent to all stations, who do not answer: {it.block.place}"
    what = "a string" if it.typed.is_text else count_of(it.block.size // it.typed.step, "value")
    return f"wrote {what} to {it.block}{', and read the same' if it.verify else ''}"


def count_of(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _compare(it: Writing, cells: bytes) -> None:
    if cells == it.cells:
        return
    step = it.block.size if it.typed.is_text else it.typed.step
    width = step * len(cells) // it.block.size
    first = next(
        at for at in range(0, len(cells), width) if cells[at:][:width] != it.cells[at:][:width]
    )
    start = it.block.span.start + first * it.block.size // len(cells)
    place = it.block._replace(span=Span(start, start + step))
    wrote, reads = (it.typed.values(of[first:][:width])[0] for of in (it.cells, cells))
    raise DeviceError(f"{it.line.target}: {place}: wrote {wrote}, and reads {reads}")
