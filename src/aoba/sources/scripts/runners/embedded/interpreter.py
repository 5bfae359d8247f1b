"""A resident interpreter as Aoba sees it: what it is told, what it reports, and its end.

It is started with one version of a script and stays with it: another version, or an interpreter
that was lost, means another process. What is said on the pipes is in `resident`. A run in it is
over when it says so, and its end if it does not.
"""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, NamedTuple

from aoba.errors import RunError
from aoba.orphans.reaper import reaper
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.child import resident
from aoba.sources.scripts.launching import file_of, script_environment, watch_exit, widen
from aoba.sources.scripts.limits import Limits
from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions
from aoba.sources.scripts.running_process import (
    KILL_TO_LEAVE,
    KeptRun,
    Run,
    exit_failure,
    signal_group,
)
from aoba.sources.scripts.syntax import SyntaxFault
from aoba.sources.scripts.timers import ReusableEvent

LOADING_TIMEOUT: Final = 30.0
"""Seconds that an interpreter has to start and to compile its script."""

CLOSE_TIMEOUT: Final = 0.5
"""Seconds that one which is no longer needed has to end by itself, with its exit handlers."""


_WELL: Final = b"done 0\n"


class Order(NamedTuple):
    """Of a run."""

    number: int
    feedback: bytes | None
    stamp: bytes = b"-"
    """How the script's file has to look; `-`: that does not matter."""


class Interpreter:
    """Starts with its creation, which raises RunError; `script` is a path and arguments.

    `on_idle_end` hears how it ended, in words, where that was in no run and not by `end`. It may be
    started `for_one_run` only.
    """

    def __init__(  # noqa: PLR0913  a script, and what few have
        self,
        script: Sequence[str],
        source: bytes,
        limits: Limits,
        on_idle_end: Callable[["Interpreter", str | None], None],
        options: ProcessOptions = DEFAULTS,
        *,
        for_one_run: bool = False,
    ) -> None:
        self.limits, self._options = limits, options
        self.runs = 0
        """How many it was ordered to carry out."""
        self.leaves: str | None = None
        """Why it ends by itself with the run under way, in words, if there is something to say."""
        self.gone = False
        self.closed = False
        self.run: Run | None = None
        """What it carries out; reset by itself, once it needs to hear of no end any more."""
        self._on_idle_end = on_idle_end
        self._fault: SyntaxFault | None = None
        self._ready = False
        self._ending = False
        self.event = ReusableEvent()
        """For its run to wait for; its own, since it is used again and again."""
        self._changed = ReusableEvent()  # ready, broken or gone
        self._unsent = bytearray()
        self._unread = b""
        self._loop = asyncio.get_running_loop()
        try:
            self._launch(script, source, "1" if for_one_run else "any")
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise RunError(f"{sys.executable} cannot be started: {error}") from None

    def _launch(self, script: Sequence[str], source: bytes, runs: str) -> None:
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            commands, self._commands = os.pipe()
            theirs.callback(os.close, commands)
            ours.callback(os.close, self._commands)
            reader, reports = os.pipe()
            ours.callback(os.close, reader)
            theirs.callback(os.close, reports)
            mark, limit = reaper.marking(), self.limits.apply_to_all_runs
            own = (str(commands), str(reports), str(self.limits.cpu or 0), runs)
            self._process = subprocess.Popen(
                self._options.argv([sys.executable, resident.__file__, *own, *script]),
                env=self._options.environment({**script_environment(), "AOBA_SCRIPT": script[0]}),
                bufsize=0,
                pass_fds=(commands, reports),
                stdin=theirs.enter_context(file_of(source)),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                **self._options.popen(lambda: (mark(), limit(0))),
            )
            reaper.started(self._process.pid)
            if self._options.user is None:
                with contextlib.suppress(ProcessLookupError):
                    limit(self._process.pid)
            ours.pop_all()
        assert self._process.stdout is not None  # noqa: S101  both were asked for
        assert self._process.stderr is not None  # noqa: S101
        widen(self._process.stdout)
        os.set_blocking(self._commands, False)
        self.stdout, self.stderr = Pipe(self._process.stdout), Pipe(self._process.stderr)
        self._outputs = select.poll()  # without an exception where there is nothing, as a read has
        for stream in (self._process.stdout, self._process.stderr):
            self._outputs.register(stream, select.POLLIN)
        self._reports = Pipe(reader)
        self._reports.watch(self.read_reports)
        watch_exit(self._process, self._exited)

    async def loaded(self) -> SyntaxFault | None:
        """Wait until it can carry out runs, or has found what is wrong with the script.

        Raises RunError where it does neither.
        """
        deadline = time.monotonic() + LOADING_TIMEOUT
        while not (self._ready or self._fault or self.gone) and time.monotonic() < deadline:
            self._changed.clear()
            await self._changed.wait(deadline)
        if not (self._ready or self._fault):
            raise RunError(f"its interpreter could not be started: {self._why_not_ready()}")
        return self._fault

    def _why_not_ready(self) -> str:
        if not self.gone:
            return f"was not ready in {LOADING_TIMEOUT:g} s"
        code = self.returncode()
        failure = exit_failure(code) or "exit status 0"
        return self.limits.explain(failure, code, self.stderr.read() or b"")

    def submit(self, run: Run, order: Order) -> None:
        """Have it carry out `order`; `run` hears of the end. Raises RunError where it has ended."""
        if self.gone:
            raise RunError("its interpreter has just ended")
        self.run = run
        self.runs += 1
        number, feedback, stamp = order
        size = -1 if feedback is None else len(feedback)
        self._unsent += b"%d %d %b\n" % (number, size, stamp) + (feedback or b"")
        self._send()

    def has_output(self) -> bool:
        """Whether something stands in its stdout or its stderr."""
        return bool(self._outputs.poll(0))

    def leave(self) -> None:
        """Its run is over, and hears of nothing any more."""
        self.run = None

    def signal(self, number: signal.Signals) -> None:
        signal_group(self._process.pid, number)

    def returncode(self) -> int:
        """Call it when it is gone."""
        return self._process.wait()

    async def end(self) -> None:
        """Let it end, and kill what is left of it and its group; not while it carries out a run."""
        self._ending = True
        try:
            self.dismiss()
            await self._wait_gone(CLOSE_TIMEOUT)
        finally:
            self.signal(signal.SIGKILL)
            try:
                await self._wait_gone(KILL_TO_LEAVE)
            finally:
                self.close()

    def close(self) -> None:
        """Let go of all that is open for it."""
        self.closed = True
        self.dismiss()
        for event in (self.event, self._changed):
            event.close()
        for pipe in (self._reports, self.stdout, self.stderr):
            pipe.close()

    def dismiss(self) -> None:
        """Have it end by itself, when it has carried out what it was ordered."""
        if self._commands >= 0:
            self._loop.remove_writer(self._commands)
            os.close(self._commands)
            self._commands = -1

    async def _wait_gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.gone and time.monotonic() < deadline:
            self._changed.clear()
            await self._changed.wait(deadline)

    def _exited(self) -> None:
        while self.read_reports():
            pass
        self.gone = True
        self._changed.set()
        code = self.returncode()  # waits for it, so that no zombie stays
        if self.run is not None:
            self.run.lost()
        elif self._ready and not self._ending:
            self.signal(signal.SIGKILL)  # what is left of its group
            self.close()
            self._on_idle_end(self, exit_failure(code))

    def _send(self) -> None:
        try:
            sent = os.write(self._commands, self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:  # its exit will say more
            sent = len(self._unsent)
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._commands, self._send_more)

    def _send_more(self) -> None:
        self._loop.remove_writer(self._commands)
        self._send()

    def read_reports(self) -> bool:
        """Take what it reports; whether there was anything."""
        data = self._reports.read()
        if data == _WELL and self.run is not None and not self._unread:  # most often
            self._reports.watch(self.read_reports)
            self.run.done(0)
            return True
        *lines, self._unread = (self._unread + (data or b"")).split(b"\n")
        for line in lines:
            self._take_report(line.decode(errors="replace"))
        self._reports.watch(self.read_reports)
        return bool(data)

    def _take_report(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        if kind == "done" and self.run is not None:
            self.run.done(int(rest))
        elif kind == "outdated" and self.run is not None:
            self.runs -= 1
            self.run.outdated()
        elif kind == "ready":
            self._ready = True
        elif kind == "leaves":
            self.leaves = rest
        elif kind == "broken":
            self._fault = SyntaxFault.parse(rest)
        self._changed.set()


class EmbeddedRun(KeptRun):
    """The run `order` in `interpreter`, which carries out no other.

    `on_over` hears of the end of one that was careful: the interpreter, which is closed where it
    has not survived; whether the run ended well; and whether the interpreter ended otherwise than
    by our signals.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        order: Order,
        on_stderr: Callable[[bytes], None],
        on_over: Callable[[Interpreter, bool, bool], None],
    ) -> None:
        super().__init__(on_stderr, interpreter.limits, interpreter.event)
        self._interpreter, self._order, self._on_over = interpreter, order, on_over
        self._reported: int | None = None  # the status that the interpreter has told of
        self._signalled = False

    def _submit(self) -> tuple[Pipe, Pipe]:
        self._interpreter.submit(self, self._order)
        return self._interpreter.stdout, self._interpreter.stderr

    def _has_output(self) -> bool:
        return self._interpreter.has_output()

    def _leave(self) -> None:
        self._interpreter.leave()

    def _ended(self, status: int) -> None:
        self._reported = status
        if self._signalled:  # and ended all the same, by itself
            self._interpreter.dismiss()
        self._end(time.monotonic())

    def _look_for_end(self) -> None:
        self._interpreter.read_reports()

    def _signal(self, number: signal.Signals) -> None:
        if self._gone_at is None:
            self._signalled = True
        self._interpreter.signal(number)

    def _reap(self) -> int:
        code = self._interpreter.returncode()
        return code if self._reported is None else self._reported

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reported is not None and self._gone_at is None and not self._signalled:
            self._read_last_words()
            self._note_exit(self._reported)
            self._interpreter.leave()
            self._on_over(self._interpreter, self._reported == 0, False)
            return
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._interpreter.close()
            good = self.failure is None  # as with `os._exit(0)`
            ended = good or self._signalled or self._interpreter.leaves is not None
            self._on_over(self._interpreter, good, not ended)
