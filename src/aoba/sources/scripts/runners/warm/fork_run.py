"""A run that is a fork of a fork server: a warm start."""

import asyncio
import signal
from collections.abc import Callable

from aoba.orphans.proc import GONE, state_of
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.kept_run import KeptRun
from aoba.sources.scripts.runners.warm.fork import Fork
from aoba.sources.scripts.runners.warm.fork_process import ANSWER


class ForkRun(KeptRun):
    """A run that `fork` carries out, which is started with it."""

    def __init__(self, fork: Fork, on_stderr: Callable[[bytes], None]) -> None:
        super().__init__(on_stderr, fork.process.limits)
        self._fork = fork
        self._code: int = -signal.SIGKILL
        self._answer: asyncio.TimerHandle | None = None

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
        if self._answer:
            self._answer.cancel()
        super()._gone()

    def _signal(self, number: signal.Signals) -> None:
        self._fork.signal(number)
        if number == signal.SIGKILL and self._gone_at is None:
            self._answer = asyncio.get_running_loop().call_later(ANSWER, self._give_up)

    def _give_up(self) -> None:
        """A server that does not tell of a run's end is none, unless there is no end to tell of."""
        if state_of(self._fork.pid) in GONE:
            self._fork.process.end("does not report its end")

    def _reap(self) -> int:
        return self._code
