"""One run of a script, whichever way that is run, and what becomes of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from aoba.errors import OutdatedRun, RunError
from aoba.sources.listener import Outcome
from aoba.sources.monitoring import Monitoring
from aoba.sources.scripts.output_parser import NOTHING_PRINTED, OutputParser
from aoba.sources.scripts.running_process import KeptRun, RunningProcess
from aoba.sources.scripts.script_file import CompileRejected, Version
from aoba.sources.source_log import SourceLog


class RunSpec(Protocol):
    """What has to be known of whatever is run again and again."""

    @property
    def file(self) -> Path:
        """That in which it stands, for another version of which Aoba looks."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds that a run may be silent on stdout."""
        ...

    @property
    def first_interval(self) -> float:
        """Seconds from start to start, until a document says otherwise."""
        ...

    @property
    def feed(self) -> str | None:
        """`writes`: each run is told on stdin what clients wrote, and its present values."""
        ...

    @property
    def monitoring(self) -> Monitoring: ...


class Runner(Protocol):
    """A way to run a script. Call `prepare`, then `start`, for each run; `close` at last.

    Where `is_ready`, a run of the version that was prepared last may be had by `submit` alone.
    Whoever carries it out looks at the file then, and does not begin where that has changed.
    """

    not_before: float
    """When the next run may start, of `time.monotonic`; what runs has crashed, and has a pause."""
    interval: float
    """Seconds from start to start, which runs are told; whoever starts them keeps it up to date."""
    simple_timeout: float
    """Seconds after which a run that was submitted is to be abandoned."""

    async def prepare(self, version: Version | None) -> CompileRejected | None:
        """Take over `version`, the newest one of the file; None if that could not be read.

        May be called while a run of another version is under way. Raises RunError where it cannot
        be found out whether it can be run.
        """
        ...

    def is_ready(self) -> bool:
        """Whether a run is a matter of no more than an order."""
        ...

    def submit(
        self,
        number: int,
        feedback: bytes | None,
        output: OutputParser,
        on_end: Callable[[bool], None],
    ) -> KeptRun:
        """Have run `number` carried out, where `is_ready`, in the simple state.

        `on_end` hears that it is over and all was well; or, with False, that `follow` is to be
        called with it. Raises RunError where it cannot be started.
        """
        ...

    def start(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None = None
    ) -> RunningProcess:
        """Prepare run `number`; `feedback` is the JSON object it finds on stdin, or None.

        Raises RunError where there is nothing to run.
        """
        ...

    async def interpreter(self) -> str | None:
        """Which one runs it, as in `/usr/bin/python3, CPython 3.11.7`; None: there is none."""
        ...

    def why_nothing(self) -> str:
        """What the reason may be where a run has printed nothing; empty where there is none."""
        ...

    async def close(self) -> None:
        """There are no more runs."""
        ...


async def guarded(step: Awaitable[Outcome | None], log: SourceLog) -> Outcome | None:
    """What comes of `step`, a part of a run: whatever happens in one, the next one follows.

    Raises OutdatedRun.
    """
    try:
        return await step
    except OutdatedRun:
        raise
    except RunError as error:
        return Outcome(str(error), began=False)
    except Exception:  # noqa: BLE001  nobody had thought of it
        log.defect()
        return Outcome("given up")


async def run_script(
    runner: Runner,
    number: int,
    timeout: float,
    output: OutputParser,
    feedback: bytes | None = None,
) -> Outcome:
    """Carry out run `number`, from 1, with care from its start to its end.

    A run fails that cannot be started, exits with anything but 0, is silent on stdout for longer
    than `timeout` seconds, or prints no document that can be taken.
    """
    try:
        run = runner.start(number, output.stderr, feedback)
    except RunError as error:
        return Outcome(str(error), began=False)
    return await follow(runner, run, timeout, output)


async def follow(
    runner: Runner, run: RunningProcess, timeout: float, output: OutputParser
) -> Outcome:
    """Carry out all of `run`, or what is left of it, as `run_script` does.

    Raises OutdatedRun where it was submitted before, and the script had changed.
    """
    try:
        async with run:
            while (chunk := await run.read(timeout)) is not None:
                await output.feed(chunk)
        await output.end()
    except OutdatedRun:
        raise
    except RunError as error:
        return Outcome(str(error), began=False)
    finally:
        output.end_of_stderr()
    failure = run.failure or output.failure()
    if failure == NOTHING_PRINTED and (why := runner.why_nothing()):
        failure = f"{failure}; {why}"
    return Outcome(failure, run.status, run.began)
