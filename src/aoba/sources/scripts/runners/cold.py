"""A run that is a child process of Aoba, started afresh.

`subprocess.Popen` starts it: uvloop's own way hands descriptors down, and blocks the loop for as
long as a fork takes, which grows with the heap (10 ms at 200 MB, where Popen takes 0.5).
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Final

from aoba.endpoints.secret import variables
from aoba.errors import RunError
from aoba.orphans.reaper import reaper
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.limits import NO_LIMITS, Limits
from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions, with_package
from aoba.sources.scripts.runners.launching import launched, look_at
from aoba.sources.scripts.running_process import MAX_PIPE, RunningProcess, signal_group

POLL: Final = 0.02
"""Seconds from one look at a process to the next, where nothing tells of its end."""


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


def file_of(data: bytes | None) -> IO[bytes]:
    """A file to read `data` from, so that nobody has to feed a pipe; None: the null device.

    On Linux it is in memory: the folder for temporary files may be on a file system that hangs.
    """
    if data is None:
        return open(os.devnull, "rb", 0)  # noqa: PTH123  to be closed by the caller
    try:
        file: IO[bytes] = open(os.memfd_create("stdin"), "w+b", 0)  # noqa: PTH123, SIM115  the same
    except (AttributeError, OSError):  # not Linux, or not permitted
        file = tempfile.TemporaryFile("w+b", 0)  # noqa: SIM115  the same
    file.write(data)
    file.seek(0)
    return file


def widen(pipe: IO[bytes]) -> None:
    """Have it hold as much as a pipe can, so that a large document is there at once."""
    with contextlib.suppress(AttributeError, OSError):  # not Linux, or not permitted
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MAX_PIPE)


def shown(seconds: float) -> str:
    """As it stands in the environment of a script: `0.05`, `30`."""
    return f"{seconds:.10g}"


def script_environment() -> dict[str, str]:
    """Aoba's own, and what makes a Python's standard streams fit: UTF-8, and each line at once.

    The package for scripts comes last in their path, behind what is named there already. Variables
    from which Aoba was told to read secrets are left out.
    """
    secret = variables()
    return {
        **{name: value for name, value in os.environ.items() if name not in secret},
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": with_package(os.environ.get("PYTHONPATH")),
        "PYTHONUNBUFFERED": "1",
    }


def watch_exit(process: subprocess.Popen[bytes], callback: Callable[[], None]) -> None:
    """Call `callback` in the loop when `process` has exited, and leave it to be waited for."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or not permitted
        _watch_exit_in_thread(process, callback)
        return

    def exited() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        callback()

    loop.add_reader(descriptor, exited)


def _watch_exit_in_thread(process: subprocess.Popen[bytes], callback: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def look() -> None:
        if process.poll() is None:
            loop.call_later(POLL, look)
        else:
            callback()

    try:
        threading.Thread(
            target=lambda: (process.wait(), loop.call_soon_threadsafe(callback)), daemon=True
        ).start()
    except RuntimeError:  # the system permits no more threads
        look()
