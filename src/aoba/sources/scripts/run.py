"""One run of a script: its output becomes documents, errors and lines, told to a listener."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Final, NamedTuple, Protocol

from aoba.document.decode import Decoded, decode
from aoba.document.stream import Cut, Fault, Text, Value, ValueStream
from aoba.errors import DocumentError, NoDocument, OutdatedRun, RunError
from aoba.sources.lines import Lines
from aoba.sources.scripts.quick import take_whole
from aoba.sources.scripts.running import RunningProcess
from aoba.sources.scripts.script_file import CompileRejected, Version
from aoba.sources.skipped import Skipped
from aoba.sources.source_log import SourceLog
from aoba.threads import in_thread

MAX_INLINE: Final = 128 * 1024
"""Bytes of the longest value that is decoded in the loop; a longer one is, in a thread."""

NOTHING_PRINTED: Final = "printed no document"

_TURN: Final = 0.005  # seconds of documents in a row before Modbus clients have their turn


class Runner(Protocol):
    """A way to run a script. Call `prepare`, then `start`, for each run; `close` at last.

    Where `is_ready`, a run of the version that was prepared last may be had by `submit` alone.
    Whoever carries it out looks at the file then, and does not begin where that has changed.
    """

    not_before: float
    """When the next run may start, of `time.monotonic`; what runs has crashed, and has a pause."""
    interval: float
    """Seconds from start to start, which runs are told; whoever starts them keeps it up to date."""
    patience: float
    """Seconds after which the rest of a run that was ordered has to be taken over by `start`."""

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
        listener: "Listener",
        on_end: Callable[[bool], None],
    ) -> None:
        """Have run `number` carried out, where `is_ready`.

        `on_end` hears that it is over and all was well; or, with False, that it is not, and
        `start` is to be called: for the rest of that run, whatever its arguments.
        """
        ...

    def abandon(self) -> None:
        """Have `on_end` hear False of the run that was ordered, if it is under way."""
        ...

    def start(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None = None
    ) -> RunningProcess:
        """Prepare run `number`; `feedback` is the JSON object it finds on stdin, or None.

        Raises RunError where there is nothing to run.
        """
        ...

    def why_nothing(self) -> str:
        """What the reason may be where a run has printed nothing; empty where there is none."""
        ...

    async def close(self) -> None:
        """There are no more runs."""
        ...


class Listener(Protocol):
    """Hears of all that a run gives, as it comes."""

    def document(self, decoded: Decoded) -> None:
        """Raises DocumentError where the document cannot be taken."""
        ...

    def error(self, text: str, key: Hashable = None) -> None:
        """`key`, or else `text`, is the same for each error that is to be taken for this one."""
        ...

    def skipped(self, text: str) -> None:
        """Hears of a line on stdout that is no document, and was not meant for one."""
        ...

    def stderr(self, line: str) -> None: ...


class Outcome(NamedTuple):
    """What became of a run."""

    failure: str | None
    """Why it failed, or None."""
    status: int | None = None
    """How its process ended, as `subprocess` has it; None where that is not known."""
    began: bool = True
    """Whether there was a process at all, which could read its stdin."""


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
    runner: Runner, number: int, timeout: float, listener: Listener, feedback: bytes | None = None
) -> Outcome:
    """Carry out run `number`, from 1.

    A run fails that cannot be started, exits with anything but 0, is silent on stdout for longer
    than `timeout` seconds, or prints no document that can be taken. Raises OutdatedRun where it was
    ordered before, and the script had changed.
    """
    intake = Intake(listener)
    errors = Lines()

    def on_stderr(data: bytes) -> None:
        for line in errors.feed(data, time.monotonic()):
            listener.stderr(line)

    try:
        async with runner.start(number, on_stderr, feedback) as running:
            intake.taken = running.taken
            while (chunk := await running.read(timeout)) is not None:
                await intake.feed(chunk)
        await intake.end()
    except OutdatedRun:
        raise
    except RunError as error:
        return Outcome(str(error), began=False)
    finally:
        for line in errors.end():
            listener.stderr(line)
    failure = running.failure or intake.failure()
    if failure == NOTHING_PRINTED and (why := runner.why_nothing()):
        failure = f"{failure}; {why}"
    return Outcome(failure, running.status, running.began)


class Intake:
    """Takes the stdout of one run, or another stream of documents.

    Most runs print nothing but documents, each in one piece; a stream is looked through only from
    where that ends.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._values: ValueStream | None = None
        self._skipped = Skipped()
        self.taken = 0
        """Documents of this run, so far."""
        self._refused = 0

    async def feed(self, chunk: bytes) -> None:
        if self._values is None and chunk.isspace():
            return
        if not self._values or (self._values.at_start and not self._skipped.is_within_line):
            try:
                if take_whole(chunk, self._listener):
                    self.taken += 1
                    return
            except DocumentError as error:
                self._refuse(error)
                return
        self._values = self._values or ValueStream()
        turn_ends = time.monotonic() + _TURN
        for piece in self._values.feed(chunk):
            if isinstance(piece, Value):
                await self._take_value(piece.raw)
            else:
                self._take(piece)
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN

    async def end(self) -> None:
        if self._values is None:
            return
        for piece in self._values.end():
            if isinstance(piece, Value):
                await self._take_value(piece.raw)
            else:
                self._take(piece)
        self._tell(self._skipped.end())

    def failure(self) -> str | None:
        if self.taken:
            return None
        return "printed no valid document" if self._refused else NOTHING_PRINTED

    async def _take_value(self, raw: bytearray) -> None:
        if self._skipped.has(raw):
            self._take(Text(bytes(raw)))
            return
        try:
            self._offer(decode(raw) if len(raw) <= MAX_INLINE else await in_thread(decode, raw))
        except NoDocument as error:
            self._tell(self._skipped.value(raw, error, time.monotonic()))
        except DocumentError as error:
            self._refuse(error)

    def _offer(self, decoded: Decoded) -> None:
        try:
            self._listener.document(decoded)
        except DocumentError as error:
            self._refuse(error)
        else:
            self.taken += 1

    def _take(self, piece: Text | Fault | Cut) -> None:
        match piece:
            case Text(data):
                self._tell(self._skipped.text(data, time.monotonic()))
            case Fault() | Cut():
                self._refuse(piece.error)

    def _refuse(self, error: DocumentError) -> None:
        self._refused += 1
        self._listener.error(str(error), error.kind)

    def _tell(self, skipped: Iterable[str]) -> None:
        for text in skipped:
            self._listener.skipped(text)
