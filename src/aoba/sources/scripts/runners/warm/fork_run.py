"""A run that is a fork of a fork server, a warm start: its process, its streams and its end."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import Final

from aoba.errors import RunError
from aoba.orphans.proc import GONE, state_of
from aoba.sources.pipe import CHUNK, Pipe
from aoba.sources.scripts.launching import shown
from aoba.sources.scripts.runners.warm.fork_process import ANSWER_TIMEOUT, ForkProcess
from aoba.sources.scripts.running_process import KeptRun, Run, signal_group

_STREAMS: Final = ("stdout", "stderr")
_WITH_IMPORTS: Final = (*_STREAMS, "imports")

PROMPT: Final = 0.015
"""Seconds in which most runs are over: longer ones are watched."""


class Fork:
    """Call `start` first; implements `fork_process.Run`, which its server's process tells of.

    `same` names the script, as `forks/serve` has it; `stdin` is what is found there, None: nothing.
    A fork that `looks` does not begin where script or folder are not as they were. `seconds` are
    interval and timeout, which it is told.
    """

    run: Run
    stdout: Pipe
    stderr: Pipe

    def __init__(  # noqa: PLR0913  what is new in each run
        self,
        process: ForkProcess,
        number: int,
        same: bytes,
        stdin: bytes | None,
        *,
        looks: bool = False,
        seconds: tuple[float, float] = (1.0, 30.0),
    ) -> None:
        self.process = process
        self.pid = 0
        """0 as long as it is not known."""
        self.loss: str | None = None
        """Why it was lost."""
        self._number, self._same, self._stdin, self._looks = number, same, stdin, looks
        self.on_imports: Callable[[bytes], None] | None = None
        """Set it before `start` to have the run tell of its imports; called before it is over."""
        self._imports: Pipe | None = None
        self._seconds = seconds
        self._began = 0.0
        self._took: float | None = None  # seconds to its end, once that is there
        self._unsent: signal.Signals | None = None
        self._held: list[tuple[int, str]] = []
        """Descriptors that the fork finds by these names, until the end of it."""

    def start(self, run: Run) -> None:
        """Have it started, with `run` to hear of its end. Raises RunError."""
        if not self.process.ready:
            raise RunError("its fork server has just ended")
        self.run = run
        names = self._open_streams()
        self._began = time.monotonic()
        interval, timeout = self._seconds
        told = f"{self._number} {shown(interval)} {shown(timeout)}"
        new = [told, *names, *(["look"] if self._looks else [])]
        self.process.submit(self, os.fsencode("\0".join(new)), self._same)

    def _open_streams(self) -> list[str]:
        """Their names."""
        readers: list[int] = []
        try:
            if self._stdin is not None:
                self._held.append(self.process.names.file(self._stdin))
            for _ in _STREAMS if self.on_imports is None else _WITH_IMPORTS:
                reader, writer, name = self.process.names.pipe()
                readers.append(reader)
                self._held.append((writer, name))
        except OSError as error:
            for reader in readers:
                os.close(reader)
            self._let_go()
            raise RunError(f"cannot be given its streams: {error}") from None
        self.stdout, self.stderr, *imports = map(Pipe, readers)
        self._imports = imports[0] if imports else None
        names = [name for _, name in self._held]
        return names if self._stdin is not None else [os.devnull, *names]

    def started(self, pid: int) -> None:
        """Implements `fork_process.Run`."""
        self.pid = pid
        if self.loss:  # too late: the server has ended
            signal_group(pid, signal.SIGKILL)
        elif self._unsent:
            self.signal(self._unsent)

    def exited(self, code: int) -> None:
        """Implements `fork_process.Run`."""
        told = self._over()
        if self.on_imports is not None:
            self.on_imports(told)
        self.run.done(code)

    def lost(self, reason: str) -> None:
        """Implements `fork_process.Run`."""
        self.loss = reason
        if self.pid:
            signal_group(self.pid, signal.SIGKILL)
        self._over()
        self.run.lost()

    def outdated(self) -> None:
        """Implements `fork_process.Run`."""
        self._over()
        self.run.outdated()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group, once it is known, or to what it has left behind."""
        if not self.pid and self._took is None:
            self.process.hear_of_starts()
        # The server has waited for the process, but its id stays taken while its group has members.
        if self.pid:
            signal_group(self.pid, number)
        elif self._unsent != signal.SIGKILL:
            self._unsent = number

    def has_output(self) -> bool:
        """Whether something stands in its streams, or somebody is left who could write to them."""
        chunk = self.stderr.read()
        if chunk:
            self.stderr.put_back(chunk)
        return not (self.stdout.closed and self.stderr.closed)

    def leave(self) -> None:
        """It is over, and so is what it has written: kill what it has left behind."""
        self.signal(signal.SIGKILL)

    @property
    def was_prompt(self) -> bool:
        """Whether it was over so soon, and gave so little, that one like it needs no watching."""
        is_quick = self._took is not None and self._took < PROMPT
        return is_quick and self.loss is None and self.stdout.received <= CHUNK

    def _over(self) -> bytes:
        """What it has told of its imports."""
        self._took = time.monotonic() - self._began
        self._let_go()
        if self._imports is None:
            return b""
        told, self._imports = self._imports, None
        report = told.read() or b""
        told.close()
        return report

    def _let_go(self) -> None:
        """The streams are over once no other process has them."""
        for descriptor, name in self._held:
            os.close(descriptor)
            self.process.names.forget(name)
        self._held = []


class ForkRun(KeptRun):
    """A run that `fork` carries out, which is started with it."""

    def __init__(self, fork: Fork, on_stderr: Callable[[bytes], None]) -> None:
        super().__init__(on_stderr, fork.process.limits)
        self._fork = fork
        self._code: int = -signal.SIGKILL
        self._answer_timer: asyncio.TimerHandle | None = None

    def _submit(self) -> tuple[Pipe, Pipe]:
        self._fork.start(self)
        return self._fork.stdout, self._fork.stderr

    def _has_output(self) -> bool:
        return self._fork.has_output()

    def _leave(self) -> None:
        self._fork.leave()

    def _ended(self, status: int) -> None:
        self._code = status
        self._gone()

    def lost(self) -> None:
        """Implements `Run`."""
        self.failure = self._fork.loss
        self.began = self._fork.pid != 0
        super().lost()

    def _gone(self) -> None:
        if self._answer_timer:
            self._answer_timer.cancel()
        super()._gone()

    def _signal(self, number: signal.Signals) -> None:
        self._fork.signal(number)
        if number == signal.SIGKILL and self._gone_at is None:
            self._answer_timer = asyncio.get_running_loop().call_later(
                ANSWER_TIMEOUT, self._give_up
            )

    def _give_up(self) -> None:
        """A server that does not tell of a run's end is none, unless there is no end to tell of."""
        if state_of(self._fork.pid) in GONE:
            self._fork.process.end("does not report its end")

    def _reap(self) -> int:
        return self._code
