"""`aoba check`: one run or delivery of a source, and its registers, as a table or as JSON.

An embedded script has a second run in the same interpreter, for faults that only show there.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from aoba.cli.first_document import first_document
from aoba.cli.loop import run_loop, until_stopped
from aoba.cli.report import Report
from aoba.cli.table import print_report
from aoba.errors import RunError
from aoba.logs.printable import printable
from aoba.orphans.reaper import reaper
from aoba.sources.registry import parse_spec
from aoba.sources.scripts.feedback import Snapshot, encode
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.run import run_script
from aoba.sources.scripts.runners.build import runner_of
from aoba.sources.scripts.script_file import ScriptFile
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.spec import Spec

LINGER: Final = 2.0
"""Seconds that a script has, after its first document, good or bad, to come to its end."""


def check(source: str, *, as_json: bool) -> int:
    """Returns the exit code. Raises UsageError where `source` is none."""
    spec = parse_spec(source)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    has_runs = isinstance(spec, ScriptSpec)
    doing = f"running {spec.name} ..." if has_runs else f"waiting for a document of {spec.name} ..."

    def new_report(who: str) -> Report:
        def say(line: str, style: str) -> None:
            console.print(Text(printable(f"{who}: {line}"), style=style))

        return Report(spec.name, say, has_runs=has_runs, bus=spec.bus)

    async def run() -> None:
        status = console.status(Text(doing))
        if isinstance(spec, ScriptSpec):
            await _run(spec, report, new_report(f"{spec.name} run 2"), status)
        else:
            await _receive(spec, report, status)

    report = new_report(f"{spec.name} run 1" if has_runs else spec.name)
    if isinstance(spec, ScriptSpec):
        report.interval_ms = round(1000 * spec.first_interval)
    run_loop(run)
    if as_json:
        sys.stdout.write(report.as_json() + "\n")
    else:
        print_report(report, Console(highlight=False, soft_wrap=True))
    return 1 if report.errors else 0


async def _receive(spec: Spec, report: Report, status: Status) -> None:
    started = time.monotonic()
    failure: str | None = "interrupted"  # unless something else comes of it

    async def receive() -> None:
        nonlocal failure
        failure = await first_document(spec, report)

    with status:
        await until_stopped(receive())
    report.seconds = time.monotonic() - started
    if failure:
        report.error(failure)


async def _run(spec: ScriptSpec, report: Report, second: Report, status: Status) -> None:
    """A run, or two of an embedded script, where the first one may leave what the second meets."""
    reaper.own_process()
    reaper.start()
    runner, file = runner_of(spec), ScriptFile(spec.file)

    async def carry_out(number: int, report: Report) -> str | None:
        """Returns why the run failed."""
        feedback = encode(Snapshot(run=number, time=time.time())) if spec.feed else None
        try:
            unfit = await runner.prepare(await file.read())
            if unfit:
                return unfit.reason
            return (
                await run_script(runner, number, spec.timeout, OutputParser(report), feedback)
            ).failure
        except RunError as error:
            return str(error)

    try:
        with status:  # from here on a signal cannot leave the terminal without its cursor
            await _run_watched(spec, report, carry_out(1, report))
            if spec.mode == "embedded" and not report.errors and not report.still_running:
                await _run_watched(spec, second, carry_out(2, second))
                report.errors += [f"run 2: {error}" for error in second.errors]
    finally:
        await runner.close()
        await reaper.close()


async def _run_watched(
    spec: ScriptSpec, report: Report, steps: Coroutine[None, None, str | None]
) -> None:
    started = time.monotonic()
    run = asyncio.create_task(steps)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, run.cancel)
    heard = asyncio.create_task(report.heard.wait())
    patience = spec.timeout + LINGER  # of a script that prints, but never a document
    await asyncio.wait((run, heard), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    heard.cancel()
    await asyncio.wait((run,), timeout=LINGER)
    report.still_running = not run.done()
    run.cancel()
    try:
        failure = await run
    except asyncio.CancelledError:
        failure = None if report.still_running else "interrupted"
    report.seconds = time.monotonic() - started
    if report.still_running and not report.heard.is_set():
        failure = "printed no document"
    if failure:
        report.error(f"run failed: {failure}")
