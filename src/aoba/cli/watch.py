"""`aoba read --watch`: the same values again and again, until Ctrl-C.

On a terminal one table stays in place and marks what has changed since the reading before; what was
read last stays there, dim, while the device cannot be read. Elsewhere each reading is printed below
the one before, with its time.
"""

import json
import sys
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from aoba.cli.asking import run_asking
from aoba.cli.grid import grid
from aoba.cli.loop import until_stopped
from aoba.cli.read import Reading, as_line, check_unit, now
from aoba.client.poll import poll
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import DeviceError
from aoba.logs.printable import printable

_TIME: Final = "%H:%M:%S"


class _Table:
    """What is on the screen."""

    def __init__(self, reading: Reading, every: float, console: Console) -> None:
        self._reading = reading
        self._every = every
        self._console = console
        self._values: list[Any] = []
        self._rows: list[Text] = []
        self._state = Text("connecting ...", style="dim")

    def take(self, values: list[Any]) -> None:
        pairs = zip(values, self._values, strict=False)
        changed = {index for index, (new, old) in enumerate(pairs) if repr(new) != repr(old)}
        self._values = values
        width = self._console.width if self._console.is_terminal else None
        r = self._reading
        self._rows = list(grid(r.block, r.typed, values, changed=changed, width=width))
        self._state = Text(f"{now():{_TIME}}", style="dim")

    def fail(self, error: DeviceError) -> None:
        self._rows = [Text(row.plain, style="dim") for row in self._rows]
        self._state = Text(f"{now():{_TIME}}  {printable(str(error))}", style="red")

    def __rich__(self) -> Group:
        r = self._reading
        head = f"{r.target}  station {r.block.unit}  every {self._every:g} s"
        return Group(Text(head, style="bold"), self._state, *self._rows)  # which may not all fit

    def lines(self) -> list[Text]:
        """For where nothing can be put in place: the reading alone."""
        failed = self._state.style == "red"
        return [self._state] if failed else [self._state, *self._rows]


def watch(reading: Reading, every: float, *, as_json: bool) -> None:
    """Ends by SIGINT or SIGTERM. Raises UsageError where nobody would answer."""
    check_unit(reading.target, reading.block.unit)
    console = Console(highlight=False)
    table = _Table(reading, every, console)
    run = partial(run_asking, trace=reading.trace)
    if as_json:
        run(lambda: until_stopped(_print_json(reading, every)))
    elif console.is_terminal:
        with Live(table, console=console, auto_refresh=False) as live:
            live.refresh()
            run(lambda: until_stopped(_show(table, reading, every, live)))
    else:
        run(lambda: until_stopped(_print(table, reading, every, console)))


async def _show(table: _Table, reading: Reading, every: float, live: Live) -> None:
    async for values in _readings(reading, every):
        _put(table, values)
        live.refresh()


async def _print(table: _Table, reading: Reading, every: float, console: Console) -> None:
    async for values in _readings(reading, every):
        _put(table, values)
        for line in table.lines():
            console.print(line, soft_wrap=True)


async def _print_json(reading: Reading, every: float) -> None:
    async for values in _readings(reading, every):
        if isinstance(values, DeviceError):
            time = now().isoformat(timespec="milliseconds")
            line = json.dumps({"time": time, "error": str(values)}, ensure_ascii=False)
        else:
            line = as_line(reading, values)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


async def _readings(reading: Reading, every: float) -> AsyncIterator[list[Any] | DeviceError]:
    policy = RetryPolicy(reading.timeout, reading.retries)
    async for got in poll(reading.line, policy, reading.cells, every):
        yield got if isinstance(got, DeviceError) else reading.typed.values(got)


def _put(table: _Table, values: list[Any] | DeviceError) -> None:
    if isinstance(values, DeviceError):
        table.fail(values)
    else:
        table.take(values)
