"""A run that is a child process of Aoba, started afresh.

`subprocess.Popen` starts it: uvloop's own way hands descriptors down, and blocks the loop for as
long as a fork takes, which grows with the heap (10 ms at 200 MB, where Popen takes 0.5).
"""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

from aoba.errors import RunError
from aoba.orphans.reaper import reaper
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.launching import file_of, launched, look_at, watch_exit, widen
from aoba.sources.scripts.limits import NO_LIMITS, Limits
from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions
from aoba.sources.scripts.running_process import RunningProcess, signal_group


class ColdRun(RunningProcess):
    def __init__(  # noqa: PLR0913, PLR0917  a command, its streams, and what few have
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        on_stderr: Callable[[bytes], None],
        stdin: bytes | None = None,
        limits: Limits = NO_LIMITS,
        options: ProcessOptions = DEFAULTS,
    ) -> None:
        super().__init__(on_stderr, limits)
        self._argv, self._env, self._stdin, self._options = argv, env, stdin, options

    async def _start(self) -> tuple[Pipe, Pipe]:
        await look_at(self._argv[0])
        mark, limit = reaper.marking(), self._limits.apply
        try:
            with file_of(self._stdin) as stdin:
                self._process = subprocess.Popen(  # noqa: ASYNC220  a vfork, shorter than a thread
                    self._options.argv(launched(self._argv)),
                    env=self._options.environment(self._env),
                    bufsize=0,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    **self._options.popen(lambda: (mark(), limit(0))),
                )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise RunError(f"{self._argv[0]} cannot be started: {error}") from None
        reaper.started(self._process.pid)
        if self._options.user is None:
            self._limit()
        watch_exit(self._process, self._gone)
        assert self._process.stdout is not None  # noqa: S101  both were asked for
        assert self._process.stderr is not None  # noqa: S101
        widen(self._process.stdout)
        return Pipe(self._process.stdout), Pipe(self._process.stderr)

    def _limit(self) -> None:
        try:
            self._limits.apply(self._process.pid)
        except OSError as error:  # a program that becomes another user by itself
            with self._process:
                self._process.kill()
            raise RunError(f"{self._argv[0]} cannot be limited: {error}") from None

    def _signal(self, number: signal.Signals) -> None:
        # Not yet waited for, or just so: the group's id cannot have been given to another.
        signal_group(self._process.pid, number)

    def _reap(self) -> int:
        return self._process.wait()
