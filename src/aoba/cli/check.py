"""`aoba check`: one run of a script, and the registers it gives, as a table or as JSON."""

import asyncio
import signal
import sys
import time
from typing import Final

from rich.console import Console
from rich.text import Text

from aoba.cli.loop import run_loop
from aoba.cli.report import Report
from aoba.sources.python_external import PythonExternal
from aoba.sources.run import run_script
from aoba.sources.spec import ScriptSpec, parse_spec

LINGER: Final = 2.0
"""Seconds that a script has, after its first document, to come to its end."""


def check(source: str, *, as_json: bool) -> int:
    """Returns the exit code. Raises UsageError where `source` is none."""
    spec = parse_spec(source)
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(line: str, style: str) -> None:
        console.print(Text(f"{spec.path.name} run 1: {line}", style=style))

    report = Report(spec.path.name, say)
    with console.status(f"running {spec.path.name} ..."):
        run_loop(_run(spec, report))
    if as_json:
        sys.stdout.write(report.as_json() + "\n")
    else:
        report.print_table(Console(highlight=False))
    return 1 if report.errors else 0


async def _run(spec: ScriptSpec, report: Report) -> None:
    started = time.monotonic()
    run = asyncio.create_task(run_script(PythonExternal(spec), 1, spec.timeout, report))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, run.cancel)
    first = asyncio.create_task(report.first.wait())
    await asyncio.wait((run, first), return_when=asyncio.FIRST_COMPLETED)
    first.cancel()
    await asyncio.wait((run,), timeout=LINGER)
    report.still_running = not run.done()
    run.cancel()
    try:
        failure = await run
    except asyncio.CancelledError:
        failure = None if report.still_running else "interrupted"
    report.seconds = time.monotonic() - started
    if failure:
        report.error(f"run failed: {failure}")
