"""A run that is a fork of a fork server: a warm start."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence

from aoba.errors import RunError
from aoba.sources.fork_process import ANSWER, ForkProcess
from aoba.sources.running import Pipe, Running, signal_group


class ForkedRun(Running):
    """A run that `process`, which is ready, starts; implements the `Run` that it tells of this."""

    def __init__(
        self,
        process: ForkProcess,
        path: str,
        args: Sequence[str],
        env: Mapping[str, str],
        on_stderr: Callable[[bytes], None],
    ) -> None:
        super().__init__(on_stderr, process.limits)
        self._process = process
        self._script = (os.fsencode(path), _join(args), _join(f"{k}={v}" for k, v in env.items()))
        self._pid = 0
        self._code = 0
        self._unsent: signal.Signals | None = None
        self._fifos: list[tuple[str, int, int]] = []
        self._patience: asyncio.TimerHandle | None = None

    async def _start(self) -> tuple[Pipe, Pipe]:
        if not self._process.ready:
            raise RunError("its fork server has just ended")
        try:
            for _ in ("stdout", "stderr"):
                self._fifos.append(self._process.new_fifo())
        except OSError as error:
            for _, reader, _ in self._fifos:
                os.close(reader)
            self._drop_fifos()
            raise RunError(f"no FIFO for it: {error}") from None
        pipes = [Pipe(reader) for _, reader, _ in self._fifos]
        names = [os.fsencode(name) for name, _, _ in self._fifos]
        self._expect("does not start it")
        self._process.order(self, (*self._script, b"", *names))
        return pipes[0], pipes[1]

    def started(self, pid: int) -> None:
        self._pid = pid
        self._limits.apply(pid)  # its CPU time; the others it has from the server
        self._drop_fifos()
        self._expect(None)
        if self._unsent:
            self._signal(self._unsent)

    def exited(self, code: int) -> None:
        self._code = code
        self._over()

    def lost(self, reason: str) -> None:
        self.failure = reason
        self.began = self._pid != 0
        self._code = -signal.SIGKILL
        if self._pid:
            signal_group(self._pid, signal.SIGKILL)
        self._over()

    def _over(self) -> None:
        self._drop_fifos()
        self._expect(None)
        self._gone()

    def _signal(self, number: signal.Signals) -> None:
        # The server has waited for the process, but its id stays taken while its group has members.
        if self._pid:
            signal_group(self._pid, number)
        elif self._unsent != signal.SIGKILL:
            self._unsent = number
        if number == signal.SIGKILL and self._gone_at is None:
            self._expect("does not report its end")

    def _reap(self) -> int:
        return self._code

    def _expect(self, complaint: str | None) -> None:
        """Give up on the server where nothing is heard of it. None: nothing is expected."""
        if self._patience:
            self._patience.cancel()
            self._patience = None
        if complaint:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(ANSWER, self._process.end, complaint)

    def _drop_fifos(self) -> None:
        """The run has its own ends now. Until then, no end of ours makes the stream seem over."""
        for name, _, writer in self._fifos:
            self._process.remove_fifo(name)
            os.close(writer)
        self._fifos = []


def _join(parts: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(part) + b"\0" for part in parts)
