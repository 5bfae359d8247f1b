"""A run that is a fork of a fork server: a warm start."""

import asyncio
import signal
from collections.abc import Callable

from aoba.orphans.proc import GONE, state_of
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.runners.warm.fork import Fork
from aoba.sources.scripts.runners.warm.fork_process import ANSWER
from aoba.sources.scripts.running import RunningProcess


class ForkRun(RunningProcess):
    """A run that `fork` carries out; implements the `Run` of that.

    `begin` has the fork started, or hands the run over where that has been done before, and raises
    RunError where neither is possible.
    """

    def __init__(
        self,
        fork: Fork,
        begin: Callable[["ForkRun"], None],
        on_stderr: Callable[[bytes], None],
    ) -> None:
        super().__init__(on_stderr, fork.process.limits)
        self._fork = fork
        self._begin = begin
        self._code: int = -signal.SIGKILL
        self._patience: asyncio.TimerHandle | None = None

    async def _start(self) -> tuple[Pipe, Pipe]:
        self._begin(self)
        return self._fork.stdout, self._fork.stderr

    def done(self, status: int) -> None:
        self._code = status
        self._over()

    def lost(self) -> None:
        self.failure = self._fork.loss
        self.began = self._fork.pid != 0
        self._over()

    def outdated(self) -> None:
        super().outdated()
        self._code = 0
        self._over()

    def _over(self) -> None:
        if self._patience:
            self._patience.cancel()
        self._gone()

    def _signal(self, number: signal.Signals) -> None:
        self._fork.signal(number)
        if number == signal.SIGKILL and self._gone_at is None:
            self._give_up_later()

    def _give_up_later(self) -> None:
        self._patience = asyncio.get_running_loop().call_later(ANSWER, self._give_up)

    def _give_up(self) -> None:
        """A server that does not tell of a run's end is none, unless there is no end to tell of."""
        if state_of(self._fork.pid) in GONE:
            self._fork.process.end("does not report its end")

    def _reap(self) -> int:
        return self._code
