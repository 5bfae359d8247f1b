"""A run that is a fork of a fork server: a warm start."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence

from aoba.errors import RunError
from aoba.sources.forks.fork_process import ANSWER, ForkProcess
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.running import Running, signal_group


class ForkedRun(Running):
    """A run that `process`, which is ready, starts; implements the `Run` that it tells of this.

    `argv` begins with the path of the script; `env` is what its environment has besides Aoba's;
    `stdin` is what it finds there, None: nothing.
    """

    def __init__(
        self,
        process: ForkProcess,
        argv: Sequence[str],
        env: Mapping[str, str],
        on_stderr: Callable[[bytes], None],
        stdin: bytes | None = None,
    ) -> None:
        super().__init__(on_stderr, process.limits)
        self._process = process
        self._argv, self._env = argv, env
        self._stdin = stdin
        self._pid = 0
        self._code = 0
        self._unsent: signal.Signals | None = None
        self._held: list[tuple[int, str]] = []
        """Descriptors that the fork finds by these names, until the end of it."""
        self._patience: asyncio.TimerHandle | None = None

    async def _start(self) -> tuple[Pipe, Pipe]:
        if not self._process.ready:
            raise RunError("its fork server has just ended")
        readers: list[int] = []
        try:
            if self._stdin is not None:
                self._held.append(self._process.names.file(self._stdin))
            for _ in ("stdout", "stderr"):
                reader, writer, name = self._process.names.pipe()
                readers.append(reader)
                self._held.append((writer, name))
        except OSError as error:
            for reader in readers:
                os.close(reader)
            self._let_go()
            raise RunError(f"cannot be given its streams: {error}") from None
        names = [name for _, name in self._held]
        variables = [f"{name}={value}" for name, value in self._env.items()]
        path, *args = self._argv
        fields = (*[""] * (3 - len(names)), *names, path, str(len(variables)), *variables, *args)
        self._process.order(self, tuple(map(os.fsencode, fields)))
        return Pipe(readers[0]), Pipe(readers[1])

    def started(self, pid: int) -> None:
        self._pid = pid
        if self._gone_at is not None:  # too late: the server has ended
            signal_group(pid, signal.SIGKILL)
        elif self._unsent:
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
        self._let_go()
        if self._patience:
            self._patience.cancel()
        self._gone()

    def _signal(self, number: signal.Signals) -> None:
        if not self._pid and self._gone_at is None:
            self._process.hear_of_starts()
        # The server has waited for the process, but its id stays taken while its group has members.
        if self._pid:
            signal_group(self._pid, number)
        elif self._unsent != signal.SIGKILL:
            self._unsent = number
        if number == signal.SIGKILL and self._gone_at is None:
            self._give_up_later()

    def _give_up_later(self) -> None:
        """A server that does not tell of a run's end is none."""
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(ANSWER, self._process.end, "does not report its end")

    def _reap(self) -> int:
        return self._code

    def _let_go(self) -> None:
        """The streams are over once no other process has them."""
        for descriptor, name in self._held:
            os.close(descriptor)
            self._process.names.forget(name)
        self._held = []
