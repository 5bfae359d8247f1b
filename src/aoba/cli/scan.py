"""`aoba scan`: the unit ids that answer, in a table or as JSON."""

import json
import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from aoba.cli import INTERRUPTED
from aoba.cli.asking import run_asking
from aoba.cli.loop import until_stopped
from aoba.client.requests import BROADCAST
from aoba.client.scan import Asked, scan
from aoba.endpoints.device import SerialUrl, Target, has_broadcast
from aoba.errors import UsageError
from aoba.logs.printable import printable
from aoba.logs.trace_level import TraceLevel
from aoba.modbus.describe import exception_words

MAX_UNIT: Final = 255
LINE_TIMEOUT: Final = 0.3
NETWORK_TIMEOUT: Final = 1.5
"""Seconds: a gateway says that a station is silent only after some time of its own, often 1 s."""

_UNITS: Final = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)

Found = list[Asked]


def scan_units(  # noqa: PLR0913  as many as the command has options
    target: Target,
    units: Sequence[int],
    timeout: float | None,
    parallel: int,
    *,
    trace: TraceLevel,
    as_json: bool,
) -> int:
    """Returns the exit code: 0 where a unit id answers. Raises DeviceError."""
    is_line = isinstance(target, SerialUrl)
    if is_line and parallel > 1:
        raise UsageError("--parallel: a serial line has one connection")
    if BROADCAST in units and has_broadcast(target):
        raise UsageError("--units: 0 is all stations of a line, and none of them answers")
    timeout = timeout or (LINE_TIMEOUT if is_line else NETWORK_TIMEOUT)
    asked: dict[int, Asked] = {}
    came = ""

    async def work() -> bool:
        nonlocal came
        with _progress(len(units)) as progress:
            async for one in scan(target, units, timeout, parallel, trace):
                asked[one.unit] = one
                came = one.came or came
                if progress:
                    _advance(progress, one, _found(asked))
        return True

    finished = run_asking(lambda: until_stopped(work()), trace)
    found = _found(asked)
    if as_json:
        sys.stdout.write(_as_json(target, len(asked), found, came) + "\n")
    else:
        _print(target, len(asked), found, interrupted=not finished)
        if came and not found:
            sys.stdout.write(f"but something comes: {came}\n")
    return (0 if found else 1) if finished else INTERRUPTED


def _found(asked: dict[int, Asked]) -> Found:
    return sorted((one for one in asked.values() if one.answers), key=lambda one: one.unit)


def parse_units(text: str) -> list[int]:
    """`1-247`, `1,5,10-20`. Raises UsageError."""
    units: dict[int, None] = {}
    for part in text.split(","):
        found = _UNITS.fullmatch(part)
        if not found:
            raise UsageError(f"--units: expected ids and ranges, as in 1,5,10-20, got {text!r}")
        start, stop = int(found[1]), int(found[2] or found[1])
        if not start <= stop <= MAX_UNIT:
            raise UsageError(f"--units: expected ids of 0..{MAX_UNIT} in order, got {part!r}")
        units |= dict.fromkeys(range(start, stop + 1))
    return list(units)


def _progress(total: int) -> AbstractContextManager[Progress | None]:
    console = Console(stderr=True)
    if not console.is_terminal:
        return nullcontext()
    columns = (
        TextColumn("asking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    progress = Progress(*columns, console=console, transient=True)
    progress.add_task("", total=total)
    return progress


def _advance(progress: Progress, one: Asked, found: Found) -> None:
    (bar,) = progress.tasks
    more = bar.total + 1 if one.again and bar.total else bar.total
    progress.update(bar.id, advance=1, total=more, description=f"{len(found)} found")


def _print(target: Target, asked: int, found: Found, *, interrupted: bool) -> None:
    console = Console(highlight=False)
    width = max((len(str(one.unit)) for one in found), default=0)
    for one in found:
        line = Text.assemble("station ", (str(one.unit).rjust(width), "bold"))
        if words := _words(one):
            line.append(f"  {printable(words)}")
        elif one.exception is not None:
            line.append(f"  answers with {exception_words(one.exception)}", "dim")
        console.print(line, soft_wrap=True)
    how_far = "interrupted: " if interrupted else ""
    summary = f"{how_far}{_summary(asked, found)} at {target}"
    console.print(summary, soft_wrap=True, markup=False)


def _words(one: Asked) -> str:
    names = ("vendor_name", "product_name", "product_code", "model_name", "revision")
    said = dict.fromkeys(one.identity[name] for name in names if one.identity.get(name))
    return "  ".join(said)


def _summary(asked: int, found: Found) -> str:
    units = f"{asked} unit id{'s' * (asked != 1)}"
    if not found:
        return f"none of {units} answers"
    return f"{len(found)} of {units} answer{'s' * (len(found) == 1)}"


def _as_json(target: Target, asked: int, found: Found, came: str) -> str:
    stations = [
        {"station": one.unit, "exception": one.exception, "identity": one.identity} for one in found
    ]
    report = {"url": str(target), "asked": asked, "stations": stations, "came": came or None}
    return json.dumps(report, ensure_ascii=False)
