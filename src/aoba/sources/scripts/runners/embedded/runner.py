"""A script in an interpreter that Aoba keeps for it: `python:embedded:PATH`.

Each version of the script has an interpreter of its own. A new version takes over when its source
compiles; until then the last good one goes on. An interpreter that crashes is started again, after
a pause that doubles until a run has gone well. One whose run has left something behind that cannot
be put back ends by itself, and another one is started at once.

So does one whose run has failed where an earlier one had not. Where that is the second run of an
interpreter, what the first one has left there may well be to blame, whatever that is. So the next
runs have an interpreter each, until one fails that has, or until it is time to try again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Final

from aoba.errors import RunError
from aoba.retry import Backoff
from aoba.sources.scripts.launching import own_version, shown
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.runners.embedded.interpreter import EmbeddedRun, Interpreter, Order
from aoba.sources.scripts.running_process import KeptRun
from aoba.sources.scripts.script_file import CompileRejected, Version
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.scripts.syntax import SyntaxFault

_OF_ARCHIVE: Final = """
import runpy, sys
sys.path.insert(0, {0!r})
update = runpy.run_path({0!r}, run_name="__main__").get("update")
"""
"""What is run in place of an archive, which has its code in several pieces. It stays in the path,
for what is imported later, and its `update` is that of the script."""

_ADVICE: Final = "install it there, or name another one with python:external:SCRIPT?python=PATH"
_log = logging.getLogger("aoba.embedded")

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
"""Seconds from the crash of an interpreter to the next run; doubled from one to the next."""

ALONE: Final = 100
"""Runs that have an interpreter each, once a second run has failed; ten times more each time."""


class EmbeddedRunner:
    """Implements `Runner`."""

    def __init__(self, spec: ScriptSpec) -> None:
        self.not_before = 0.0
        self.interval = spec.first_interval
        self.simple_timeout = spec.timeout
        self._spec = spec
        self._interpreter: Interpreter | None = None
        self._version: Version | None = None  # that it was started with, the last good one
        self._seen: Version | None = None  # the newest one, good or bad
        self._fault: SyntaxFault | None = None  # of the newest one
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._starting: asyncio.Task[SyntaxFault | None] | None = None  # in place of one that left
        self._alone = 0  # runs that are still to have an interpreter each
        self._alone_next = ALONE
        self._failed_first: Interpreter | None = None  # in its first run, the newest one of these
        self._is_told: set[str] = set()  # of the reasons for that
        self._news = b""

    async def prepare(self, version: Version | None) -> CompileRejected | None:
        """Implements `Runner`. Raises RunError where no interpreter can be had."""
        if self._starting is not None:
            starting, self._starting = self._starting, None
            await starting
        if version is not self._seen and version is not None:
            self._fault = await self._load(version)
            self._seen = version
        if self._interpreter is None and self._version is not None:
            await self._start(self._version)
        return self._fault and CompileRejected(str(self._fault), goes_on=self._version is not None)

    def is_ready(self) -> bool:
        """Implements `Runner`."""
        is_well = self._fault is None and not self._news and self._backoff.is_reset
        is_known = self._version is not None and self._version.stamp != b""
        return is_well and is_known and self._interpreter is not None

    def submit(
        self,
        number: int,
        feedback: bytes | None,
        output: OutputParser,
        on_end: Callable[[bool], None],
    ) -> KeptRun:
        """Implements `Runner`."""
        version = self._version
        stamp = version.stamp if version is not None and version.is_due() else b"-"
        run = self._run(Order(number, feedback, stamp), output.stderr)
        run.submit(output, on_end)
        return run

    def start(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None = None
    ) -> KeptRun:
        """Implements `Runner`. Raises RunError where there is nothing to run."""
        run = self._run(Order(number, feedback), on_stderr)
        if self._news:
            on_stderr(self._news)
            self._news = b""
        return run

    def _run(self, order: Order, on_stderr: Callable[[bytes], None]) -> KeptRun:
        if self._interpreter is None:
            raise RunError(f"{self._spec.path}: cannot be read")
        run = EmbeddedRun(self._interpreter, order, on_stderr, self._over)
        run.python, run.advice = self._spec.python, _ADVICE
        return run

    async def interpreter(self) -> str | None:
        """Implements `Runner`: it is Aoba's own."""
        return f"{self._spec.python}, {own_version()}"

    def why_nothing(self) -> str:
        """Implements `Runner`: its `update` is called."""
        return ""

    async def close(self) -> None:
        """Implements `Runner`."""
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, RunError):
                await self._starting
        interpreter, self._interpreter = self._interpreter, None
        if interpreter is not None:
            await interpreter.end()

    async def _load(self, version: Version) -> SyntaxFault | None:
        """Have `version` take over from the one before, unless it does not compile."""
        before = self._interpreter
        fault = await self._start(version)
        if fault is None:
            self._version = version
            self._backoff.reset()
            self.not_before = 0.0
            self._alone, self._alone_next, self._is_told = 0, ALONE, set()
            if before is not None and before.run is None:
                await before.end()
            elif before is not None:
                before.dismiss()  # it ends with its run
        return fault

    async def _start(self, version: Version) -> SyntaxFault | None:
        spec = self._spec
        interpreter = Interpreter(
            (str(spec.file), *spec.args),
            _OF_ARCHIVE.format(str(spec.path)).encode() if spec.is_archive else version.source,
            spec.limits,
            self._ended_idle,
            spec.process.with_variables(
                AOBA_INTERVAL=shown(self.interval), AOBA_TIMEOUT=shown(spec.timeout)
            ),
            for_one_run=self._alone > 0,
        )
        self._alone = max(0, self._alone - 1)
        try:
            fault = await interpreter.loaded()
        except BaseException:
            await interpreter.end()
            raise
        if fault is None:
            self._interpreter = interpreter
        else:
            await interpreter.end()
        return fault

    def _ended_idle(self, interpreter: Interpreter, failure: str | None) -> None:
        """It is gone, between two runs. Nobody else would say so."""
        if interpreter is self._interpreter:
            how = failure or "exit status 0"
            self._news += f"the interpreter ended between two runs: {how}\n".encode()
            self._crashed()

    def _over(self, interpreter: Interpreter, good: bool, crashed: bool) -> None:
        """A run is over."""
        if good:
            self._backoff.reset()
        else:
            self._note_failure(interpreter)
        if interpreter is not self._interpreter or not interpreter.closed:
            return
        self._interpreter = None
        if crashed:
            self._crashed()
        elif self._version is not None and (good or interpreter.leaves is not None):
            self._tell(interpreter.leaves or "")
            self._starting = asyncio.create_task(self._start(self._version))

    def _note_failure(self, interpreter: Interpreter) -> None:
        if interpreter.runs == 1:  # so it does not matter what an interpreter has done before
            self._alone, self._failed_first = 0, interpreter
        elif interpreter.runs == 2 and interpreter is not self._failed_first:  # noqa: PLR2004
            self._alone, self._alone_next = self._alone_next, 10 * self._alone_next
            self._tell("its second run in an interpreter fails, where the first one has not")

    def _tell(self, why: str) -> None:
        """Why another interpreter is needed, once."""
        if why and why not in self._is_told:
            self._is_told.add(why)
            _log.info("%s: %s: the next run has a new interpreter", self._spec.name, why)

    def _crashed(self) -> None:
        self._interpreter = None
        self.not_before = self._backoff.failed(time.monotonic())
