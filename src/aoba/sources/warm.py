"""Warm starts: the fork servers that Aoba keeps, and the runs that are forks of them.

A fork server belongs to an interpreter and a list of modules to preload, and serves every script
that asks for these. It starts in the background: until it is ready, and whenever it is gone, runs
start cold, so that no run waits for it and none fails for want of it.
"""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from aoba.errors import RunError
from aoba.sources import fork_server
from aoba.sources.child import script_environment
from aoba.sources.lines import Lines
from aoba.sources.running import Pipe, Running, make_pipe, signal_group
from aoba.sources.spec import ScriptSpec

ANSWER: Final = 5.0
"""Seconds a fork server has to start a run before it is taken for dead."""

_MAX_FAILURES: Final = 3  # starts in a row without getting ready; then it is left alone

_log = logging.getLogger("aoba.warm")


class ForkServers:
    """All fork servers of this Aoba; `close` ends them."""

    def __init__(self) -> None:
        self._servers: dict[tuple[str, tuple[str, ...]], ForkServer] = {}

    def get(self, spec: ScriptSpec) -> "ForkServer":
        """The one for a script; scripts that need no different ones share it."""
        key = (spec.python, spec.preload)
        if key not in self._servers:
            self._servers[key] = ForkServer(*key)
        return self._servers[key]

    def close(self) -> None:
        for server in self._servers.values():
            server.close()


class ForkServer:
    def __init__(self, python: str, preload: tuple[str, ...]) -> None:
        self._python, self._preload = python, preload
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._ready = False
        self._failures = 0
        self._ids = count(1)
        self._runs: dict[str, ForkedRun] = {}
        self._pending = b""
        self._lines = Lines()

    def is_ready(self) -> bool:
        """Whether it can start a run now. Where it is not there, it is started meanwhile."""
        if self._process is None and self._failures < _MAX_FAILURES and hasattr(os, "fork"):
            try:
                self._launch()
            except OSError as error:
                self._failures = _MAX_FAILURES
                self._tell(f"cannot be started, scripts start cold: {error}")
        return self._ready

    def start_run(self, run: "ForkedRun", fields: Sequence[bytes]) -> str:
        """Send the command for a run; its id. `run` hears when it has started and exited."""
        name = str(next(self._ids))
        parts = (name.encode(), *fields)
        try:
            os.write(self._commands, b"".join(b"%d:%s" % (len(part), part) for part in parts))
        except OSError as error:
            raise RunError(f"the fork server takes no command: {error}") from None
        self._runs[name] = run
        return name

    def new_fifo(self) -> str:
        """Make a FIFO with a name of its own. Raises OSError."""
        assert self._folder is not None  # noqa: S101  it is ready
        path = self._folder / str(next(self._ids))
        os.mkfifo(path, 0o600)
        return str(path)

    def close(self) -> None:
        """End the server, and what it has running."""
        if self._process is None:
            return
        self._ready = False
        self._reports.close()
        self._errors.close()
        os.close(self._commands)
        signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        assert self._folder is not None  # noqa: S101  made at the launch
        shutil.rmtree(self._folder, ignore_errors=True)
        runs, self._runs = self._runs, {}
        for run in runs.values():
            run.lost()

    def _launch(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="aoba-"))
        commands, self._commands = make_pipe()
        reports, reports_of_server = make_pipe()
        errors, errors_of_server = make_pipe()
        given = (commands, reports_of_server)
        try:
            self._process = subprocess.Popen(
                [self._python, fork_server.__file__, *map(str, given), *self._preload],
                env=script_environment(),
                pass_fds=given,
                stdin=subprocess.DEVNULL,
                stdout=errors_of_server,
                stderr=errors_of_server,
                start_new_session=True,
            )
        finally:
            for descriptor in (*given, errors_of_server):
                os.close(descriptor)
        os.set_blocking(self._commands, False)
        self._failures += 1  # until it says that it is ready
        self._reports, self._errors = Pipe(reports), Pipe(errors)
        self._reports.watch(self._read_reports)
        self._errors.watch(self._read_errors)

    def _read_reports(self) -> None:
        data = self._reports.read()
        if self._reports.closed:
            self.close()
            return
        *lines, self._pending = (self._pending + (data or b"")).split(b"\n")
        for line in lines:
            self._take_report(line.decode(errors="replace"))
        self._reports.watch(self._read_reports)

    def _take_report(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        name, _, number = rest.partition(" ")
        if kind == "ready":
            self._ready, self._failures = True, 0
        elif kind == "failed":
            self._failures = _MAX_FAILURES
            self._tell(f"preload failed, scripts start cold: {rest}")
        elif kind == "started":
            self._runs[name].started(int(number))
        elif kind == "exited":
            self._runs.pop(name).exited(int(number))

    def _read_errors(self) -> None:
        for line in self._lines.feed(self._errors.read() or b"", time.monotonic()):
            self._tell(line)
        self._errors.watch(self._read_errors)

    def _tell(self, text: str) -> None:
        _log.warning("fork server of %s: %s", self._python, text)


class ForkedRun(Running):
    """A run that is a fork of `server`, which is ready."""

    def __init__(
        self,
        server: ForkServer,
        path: str,
        args: Sequence[str],
        env: Mapping[str, str],
        on_stderr: Callable[[bytes], None],
    ) -> None:
        super().__init__(on_stderr)
        self._server = server
        self._fields = (os.fsencode(path), _join(args), _join(f"{k}={v}" for k, v in env.items()))
        self._started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pid = 0
        self._code = 0

    def started(self, pid: int) -> None:
        if not self._started.done():
            self._started.set_result(pid)

    def exited(self, code: int) -> None:
        self._code = code
        self._gone()

    def lost(self) -> None:
        """The server is gone, and with it the word on how the run ends."""
        self.failure = "lost, with its fork server"
        self.started(0)
        self._gone()

    async def _start(self) -> tuple[Pipe, Pipe]:
        fifos: list[str] = []
        opened: list[int] = []
        try:
            for _ in ("stdout", "stderr"):
                fifos.append(self._server.new_fifo())
                opened.append(os.open(fifos[-1], os.O_RDONLY | os.O_NONBLOCK))
                # Held until the run has its own: without a writer the stream would seem at its end.
                opened.append(os.open(fifos[-1], os.O_WRONLY))
            self._server.start_run(self, (*self._fields, b"", *map(os.fsencode, fifos)))
            async with asyncio.timeout(ANSWER):
                self._pid = await self._started
        except OSError as error:
            raise RunError(f"cannot be started: {error}") from None
        except TimeoutError:
            self._server.close()
            raise RunError("the fork server does not answer, and is ended") from None
        finally:
            for path in fifos:
                os.unlink(path)  # noqa: PTH108
            for writer in opened[1::2]:
                os.close(writer)
            if not self._pid:
                for reader in opened[::2]:
                    os.close(reader)
        if not self._pid:
            raise RunError("the fork server could not fork")
        return Pipe(opened[0]), Pipe(opened[2])

    def _signal(self, number: signal.Signals) -> None:
        # The server has waited for the process, but its id stays taken while its group has members.
        if self._pid:
            signal_group(self._pid, number)

    def _reap(self) -> int:
        return self._code


def _join(parts: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(part) + b"\0" for part in parts)
