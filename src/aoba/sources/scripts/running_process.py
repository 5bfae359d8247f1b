"""A run under way: its output as it comes, and the end of it, whatever the script does.

A run has three states. It moves on through them and never back, and is one object throughout.

    simple    Nobody waits for it: callbacks of the loop see what comes. Only a `KeptRun` begins so.
    careful   A task reads it, with deadlines, and signals where these are missed. It is entered by
              `async with`, either with the start of the run or behind the simple state.
    over      Its streams are closed, and `failure` and `status` are known. A simple run comes here
              by itself, where one document and a good end were all; a careful one, when the task
              leaves its context.

Most runs in a process that is kept give one document in one piece, write nothing to stderr, and end
well. A hundred times a second that is all that should happen: a task, timeouts and a look through
every byte cost more than an embedded script. So such a run is submitted in one callback of the loop
and over in another. As soon as anything else shows, be it a second document, a line on stderr, an
exit status or the next slot, it is abandoned: `on_end` hears False, and nothing is read any more,
so that what has come stays where it is. Whoever enters the run then finds it as if it had been
careful from the start. If it has ended meanwhile, that is known already.

How a run is started, signalled and waited for is up to the subclass. The end of a run is never
that of its streams: a grandchild can hold these open for ever. It is the end of its process: then
what that left in its pipes is read, `DRAIN_TIMEOUT` seconds are waited for their end, and what is
left of its group is killed. Or, where the process goes on to other runs, it is what the process
reports: then what is in its pipes is read, and that is all.

A process that is silent for too long, or is to stop, gets SIGTERM, then SIGKILL. One that survives
even that is left alone, so that nothing here waits for ever.

Times are of `time.monotonic`: uvloop's own clock stands still during a turn of the loop.
"""

import asyncio
import contextlib
import os
import re
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final, Protocol, Self

from aoba.errors import OutdatedRun
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.limits import NO_LIMITS, Limits
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.timers import ReusableEvent

DRAIN_TIMEOUT: Final = 0.5
TERM_TO_KILL: Final = 2.0
"""Seconds from SIGTERM to SIGKILL for a script that is silent for too long."""

STOP_TO_KILL: Final = 1.5
"""The same for a script that is stopped because Aoba stops, which has 3 s in all."""

KILL_TO_LEAVE: Final = 1.0
"""Seconds after SIGKILL until a process that survives it is left alone: it may not be ours."""

MAX_PIPE: Final = 1024 * 1024
"""Bytes that a pipe can hold; of what comes when the run is over, no more can be its own."""

_LAST_WORDS: Final = 64  # chunks of stderr that are still read at the end
_SAID: Final = 2048  # bytes of stderr that are kept, to see why a run failed
_NO_MODULE: Final = re.compile(
    rb"^(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?\s*\Z", re.MULTILINE
)


class RunningProcess(ABC):
    """Use as an async context manager; on the way out process and group are gone, come what may.

    Raises RunError on the way in where the run cannot be started. `on_stderr` gets stderr in
    pieces, as they come.
    """

    def __init__(
        self,
        on_stderr: Callable[[bytes], None],
        limits: Limits = NO_LIMITS,
        wake: ReusableEvent | None = None,
    ) -> None:
        self.failure: str | None = None
        """Why the run failed, as far as its process shows; known once the context is left."""
        self.status: int | None = None
        """How its process ended, as `subprocess` has it; None where that is not known."""
        self.began = True
        """Whether there was a process at all, which could read its stdin."""
        self.python = ""
        """The interpreter, for who wonders why a module is missing, and"""
        self.advice = "python=PATH names another one"
        """what to do about it."""
        self._heard_at: float | None = None  # last, where it has run before somebody follows it
        self._is_outdated = False
        self._limits = limits
        self._said = b""
        self._on_stderr = on_stderr
        self._wake = wake or ReusableEvent()  # stdout can be read, or the run is over
        self._gone_at: float | None = None  # the process
        self._read_until: float | None = None  # the run is over, and stdout still read until then
        self._deadline = 0.0  # of whatever is waited for
        self._to_send = [signal.SIGKILL, signal.SIGTERM]
        self._left = MAX_PIPE
        self._just_read = False  # and not waited since

    @abstractmethod
    async def _start(self) -> tuple[Pipe, Pipe]:
        """Start the run; returns its stdout and its stderr. Raises RunError."""

    @abstractmethod
    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group; nothing happens where it is gone."""

    @abstractmethod
    def _reap(self) -> int:
        """The return code as `subprocess` has it; called once, when the process is gone."""

    def _look_for_end(self) -> None:  # noqa: B027  most are told of it
        """Find out whether the run is over by now, where that saves a turn of the loop."""

    async def __aenter__(self) -> Self:
        if self._heard_at is None:
            self._stdout, self._stderr = await self._start()
        self._stderr.watch(self._read_stderr)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._gone_at is None:
                self._signal(signal.SIGTERM)
                await self._wait_gone(STOP_TO_KILL)
        finally:
            self._signal(signal.SIGKILL)
            try:
                await self._wait_gone(KILL_TO_LEAVE)
            finally:
                self._finish()

    def _finish(self) -> None:
        self._stdout.close()
        self._read_last_words()
        self._stderr.close()
        self._wake.close()
        if self._gone_at is None:
            self.failure = "cannot be killed, and is left running"
        else:
            self._note_exit(self._reap())

    def _note_exit(self, code: int) -> None:
        self.status = code
        if (failure := exit_failure(code)) and not self.failure:
            failure = self._limits.explain(failure, code, self._said)
            self.failure = failure + hint_of_module(self.python, self._said, self.advice)

    async def output(self, timeout: float) -> AsyncIterator[bytes]:
        """Yield what `read` gives."""
        while (chunk := await self.read(timeout)) is not None:
            yield chunk

    async def read(self, timeout: float) -> bytes | None:
        """What comes on stdout next, at most 32 KiB; None when the run is over.

        A process that writes nothing for `timeout` seconds gets SIGTERM, and SIGKILL
        `TERM_TO_KILL` later. Raises OutdatedRun where the run has not begun.
        """
        if self._just_read:
            self._look_for_end()
        while True:
            self._wake.clear()
            if self._is_outdated:
                raise OutdatedRun("the script has changed")
            chunk = self._stdout.read()
            if not self._goes_on(chunk, timeout, time.monotonic()):
                return None
            if chunk:
                if self._just_read:
                    await asyncio.sleep(0)  # a flood must not keep the loop from anything else
                self._just_read = True
                return chunk
            self._just_read = False
            self._stdout.watch(self._wake.set)
            await self._wake.wait(self._deadline)

    def _goes_on(self, chunk: bytes | None, timeout: float, now: float) -> bool:
        """Do what is due, and set the next deadline; whether there is more to come."""
        if self._read_until is not None:
            self._deadline = self._read_until
            self._left -= len(chunk or b"")
            return (
                not self._stdout.closed and self._left >= 0 and bool(chunk or now < self._deadline)
            )
        if chunk and not self.failure:
            self._deadline = now + timeout
        elif not self._deadline:
            self._deadline = (self._heard_at or now) + timeout
        elif now >= self._deadline:
            if not self._to_send:
                return False  # it survives SIGKILL
            self.failure = f"silent on stdout for longer than {timeout:g} s, stopped"
            self._signal(self._to_send.pop())
            self._deadline = now + (TERM_TO_KILL if self._to_send else KILL_TO_LEAVE)
        return True

    async def _wait_gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._gone_at is None and time.monotonic() < deadline:
            self._wake.clear()
            await self._wake.wait(deadline)

    def _gone(self) -> None:
        """To be called when the process has exited."""
        self._gone_at = time.monotonic()
        self._end(self._gone_at + DRAIN_TIMEOUT)

    def _end(self, read_until: float) -> None:
        """The run is over: what comes on stdout is its own until then, of `time.monotonic`."""
        self._read_until = read_until
        self._wake.set()

    def _read_stderr(self) -> bytes | None:
        chunk = self._stderr.read()
        if chunk:
            self._said = (self._said + chunk)[-_SAID:]
            self._on_stderr(chunk)
        self._stderr.watch(self._read_stderr)
        return chunk

    def _read_last_words(self) -> None:
        for _ in range(_LAST_WORDS):
            if not self._read_stderr():
                break


class Run(Protocol):
    """What a run hears of itself; one of these, once."""

    def done(self, status: int) -> None:
        """It is over; `status` is as `subprocess` has it."""
        ...

    def lost(self) -> None:
        """The process is gone, or nobody is going to tell how it ends."""
        ...

    def outdated(self) -> None:
        """The script or its folder have changed: it was to look, and has not begun."""
        ...


class KeptRun(RunningProcess):
    """A run in a process that is kept, or in a fork of one; implements `Run`.

    Call `submit` to have it start simple; else it is careful from its start.
    """

    _output: OutputParser
    _on_end: Callable[[bool], None] | None = None
    """Whom to tell; there in the simple state alone."""

    def submit(
        self, output: OutputParser, on_end: Callable[[bool], None], *, watched: bool = True
    ) -> None:
        """Start it. Raises RunError.

        `on_end` hears whether all is over and well, or the rest is to be read with care. Where it
        is not `watched`, what it has printed is read at its end.
        """
        self._stdout, self._stderr = self._submit()
        self._heard_at = time.monotonic()
        self._output, self._on_end = output, on_end
        if watched:
            self._stdout.watch(self._output_came)
            self._stderr.watch(self.abandon)

    def abandon(self) -> None:
        """Have the rest be read with care, if that is not so yet, whatever comes of it now."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(False)

    @abstractmethod
    def _submit(self) -> tuple[Pipe, Pipe]:
        """What `_start` does, without waiting. Raises RunError."""

    @abstractmethod
    def _has_output(self) -> bool:
        """Whether something stands in its streams, or may still come."""

    @abstractmethod
    def _leave(self) -> None:
        """It is over, and nothing is left to be read."""

    @abstractmethod
    def _ended(self, status: int) -> None:
        """The same as `done`, for the careful state."""

    async def _start(self) -> tuple[Pipe, Pipe]:
        return self._submit()

    def done(self, status: int) -> None:
        """Implements `Run`. The loop may well tell of it before it tells of the output."""
        is_well = status == 0 and self._on_end is not None
        if is_well and (self._output.taken or self._take()) and self._is_all():
            on_end, self._on_end = self._on_end, None
            self._leave()
            if on_end is not None:
                on_end(True)
        else:
            self._ended(status)
            self.abandon()

    def lost(self) -> None:
        """Implements `Run`."""
        self._gone()
        self.abandon()

    def outdated(self) -> None:
        """Implements `Run`."""
        self._is_outdated, self.began = True, False
        self._ended(0)
        self.abandon()

    def _output_came(self) -> None:
        if self._on_end is None:
            return
        if self._is_line_end() if self._output.taken else self._take():
            self._stdout.watch(self._output_came)
        else:
            self.abandon()

    def _take(self) -> bool:
        """Whether a document has come, and no more."""
        chunk = self._stdout.read()
        if chunk is None:
            return False
        taken = False
        with contextlib.suppress(Exception):  # who reads it with care, says what it is
            taken = self._output.parse_single(chunk)
        if taken:
            self._heard_at = time.monotonic()
        else:
            self._stdout.put_back(chunk)
        return taken

    def _is_all(self) -> bool:
        """Whether nothing is left to be read, but for the end of a line."""
        while self._has_output():
            if not self._is_line_end():
                return False
        return True

    def _is_line_end(self) -> bool:
        """Whether that has come on stdout, since `print` writes it by itself; or the end of all."""
        was_closed = self._stdout.closed
        chunk = self._stdout.read()
        if chunk and not chunk.isspace():
            self._stdout.put_back(chunk)
            return False
        return chunk is not None or (self._stdout.closed and not was_closed)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal a process group; nothing happens where nobody is left of it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def hint_of_module(python: str, said: bytes, advice: str) -> str:
    """What helps who sees in `said`, the end of stderr, that a module was not found."""
    found = _NO_MODULE.search(said)
    if not found:
        return ""
    name = found[1].decode(errors="replace")
    return f"; {python or 'its interpreter'} has no module {name!r}, {advice}"


def exit_failure(returncode: int) -> str | None:
    """What is wrong with an exit, in words; None where nothing is."""
    if returncode < 0:
        known = -returncode in set(signal.Signals)
        return f"killed by {signal.Signals(-returncode).name if known else f'signal {-returncode}'}"
    return f"exit status {returncode}" if returncode else None
