"""`aoba read`: values of a device, once; `cli/watch` has those that are read again and again."""

import json
import sys
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rich.console import Console

from aoba.cli.asking import run_asking, told_at_once
from aoba.cli.grid import grid
from aoba.cli.typed import Typed
from aoba.client.blocks import Block
from aoba.client.channel_state import ChannelState
from aoba.client.connection import Connection
from aoba.client.requests import BROADCAST
from aoba.client.requests import read as read_cells
from aoba.document.digits import finite_or_none
from aoba.endpoints.device import Target, has_broadcast
from aoba.errors import UsageError
from aoba.logs.trace_level import TraceLevel


class Reading(NamedTuple):
    """What to read, and where."""

    line: ChannelState
    block: Block
    typed: Typed
    timeout: float
    retries: int
    trace: TraceLevel = TraceLevel.OFF

    @property
    def target(self) -> Target:
        return self.line.target

    async def connect(self) -> Connection:
        return await Connection.connect(self.line, self.timeout, self.retries)

    async def cells(self, connection: Connection) -> bytes:
        """A string is read at one go, where one request can."""
        step = self.block.size if self.typed.is_text else self.typed.step
        return await read_cells(connection, self.block, step)


def check_unit(target: Target, unit: int) -> None:
    """Raises UsageError where nobody would answer."""
    if unit == BROADCAST and has_broadcast(target):
        raise UsageError("--unit: 0 is all stations of a line, and none of them answers")


def read(reading: Reading, *, as_json: bool) -> None:
    """Raises DeviceError, and UsageError where nobody would answer."""
    check_unit(reading.target, reading.block.unit)
    run_asking(lambda: _read(reading, as_json=as_json), reading.trace)


async def _read(reading: Reading, *, as_json: bool) -> None:
    async with await reading.connect() as connection:
        with told_at_once(connection):
            values = reading.typed.values(await reading.cells(connection))
            _show(reading, values, as_json=as_json)


def _show(reading: Reading, values: list[Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(as_line(reading, values) + "\n")
        sys.stdout.flush()
        return
    console = Console(highlight=False)
    width = console.width if console.is_terminal else None
    for row in grid(reading.block, reading.typed, values, width=width):
        console.print(row, soft_wrap=True)
    sys.stdout.flush()


def as_line(reading: Reading, values: list[Any]) -> str:
    """One JSON object in one line; null stands for what is no number."""
    form, bits = reading.typed.form, reading.typed.bits
    return json.dumps(
        {
            "time": now().isoformat(timespec="milliseconds"),
            "url": str(reading.target),
            "station": reading.block.unit,
            "table": reading.block.table.label,
            "address_start": reading.block.span.start,
            "length": reading.block.size,
            **({} if bits is None else {"bit": bits.start}),
            "data_type": form.data_type if form else None,
            "values": list(map(finite_or_none, values)),
        },
        ensure_ascii=False,
    )


def now() -> datetime:
    return datetime.now(UTC).astimezone()
