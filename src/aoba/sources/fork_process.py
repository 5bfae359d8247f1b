"""One process of the fork server: what Aoba tells it, what it reports, and its end.

Whatever goes wrong with it, it is killed, and all its runs with it: where nobody hears of the end
of a run, the next cannot follow. Nothing here keeps the loop waiting. What is said on the pipes is
in `fork_server`.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final, Protocol

from aoba.sources import fork_server
from aoba.sources.child import script_environment, watch_exit
from aoba.sources.limits import NO_LIMITS, Limits
from aoba.sources.lines import Lines
from aoba.sources.running import GRACE, Pipe, exit_failure, signal_group

ANSWER: Final = 5.0
"""Seconds in which a run that was ordered starts, and one that was killed is reported."""


class Run(Protocol):
    """What a run hears of itself; the last of it is `exited` or `lost`."""

    def started(self, pid: int) -> None: ...

    def exited(self, code: int) -> None:
        """`code` is negative for a signal."""
        ...

    def lost(self, reason: str) -> None: ...


class ForkProcess:
    """Starts with its creation, which raises OSError; `on_end` is called once, when it is gone."""

    def __init__(
        self,
        python: str,
        preload: tuple[str, ...],
        on_line: Callable[[str], None],
        on_end: Callable[[], None],
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.limits = limits
        """Of each of its runs."""
        self.ready = False
        """Whether it can start runs now."""
        self.was_ready = False
        self.served = False
        """Whether it has carried out a run."""
        self.refused: str | None = None
        """Why it cannot preload what it was told to."""
        self.end_reason: str | None = None
        """Why it is to end, or did."""
        self.code: int | None = None
        """How it exited by itself; None as long as it has not, or where it was ended."""
        self._on_line, self._on_end = on_line, on_end
        self._ids = count(1)
        self._runs: dict[str, Run] = {}
        self._unsent = bytearray()
        self._unread = b""
        self._lines = Lines()
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._launch(python, preload)

    def _launch(self, python: str, preload: tuple[str, ...]) -> None:
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            self._folder = Path(tempfile.mkdtemp(prefix="aoba-"))
            ours.callback(shutil.rmtree, self._folder, ignore_errors=True)
            ends = []
            for stack_of_reader, stack_of_writer in (
                (theirs, ours),
                (ours, theirs),
                (ours, theirs),
            ):
                reader, writer = os.pipe()
                stack_of_reader.callback(os.close, reader)
                stack_of_writer.callback(os.close, writer)
                ends.append((reader, writer))
            (commands, self._commands), (reports, out), (errors, err) = ends
            own = (str(commands), str(out), str(self._folder), python)
            self._process = subprocess.Popen(
                [python, fork_server.__file__, *own, *preload],
                env=script_environment(),
                pass_fds=(commands, out),
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
                start_new_session=True,
            )
            with contextlib.suppress(ProcessLookupError):
                self.limits.apply_to_all_runs(self._process.pid)
            ours.pop_all()
        os.set_blocking(self._commands, False)
        self._reports, self._errors = Pipe(reports), Pipe(errors)
        self._reports.watch(self._read_reports)
        self._errors.watch(self._read_errors)
        watch_exit(self._process, self._exited)

    def new_fifo(self) -> tuple[str, int, int]:
        """The name and both ends of a new FIFO, the reading one first. Raises OSError."""
        name = str(next(self._ids))
        path = str(self._folder / name)
        os.mkfifo(path, 0o600)
        try:
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                return name, reader, os.open(path, os.O_WRONLY)
            except OSError:
                os.close(reader)
                raise
        except OSError:
            os.unlink(path)  # noqa: PTH108
            raise

    def remove_fifo(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._folder / name)  # noqa: PTH108

    def order(self, run: Run, fields: tuple[bytes, ...]) -> None:
        """Have `run` started, which hears of it; `fields` are those of a command but the id."""
        name = str(next(self._ids))
        self._runs[name] = run
        for field in (name.encode(), *fields):
            self._unsent += b"%d:%s" % (len(field), field)
        self._send()

    def end(self, reason: str) -> None:
        """Kill it, with all that it has running."""
        if self.end_reason is not None:
            return
        self.end_reason, self.ready = reason, False
        signal_group(self._process.pid, signal.SIGKILL)
        self._loop.remove_writer(self._commands)
        os.close(self._commands)
        self._reports.close()
        runs, self._runs = self._runs, {}
        for run in runs.values():
            run.lost(f"lost, since its fork server {reason}")

    async def wait(self) -> None:
        """Until it is gone."""
        await self._gone.wait()

    def _exited(self) -> None:
        code = self._process.wait()
        while not self._reports.closed and self._read_reports():
            pass
        if self.end_reason is None:
            self.code = code
            self.end(f"ended ({exit_failure(code) or 'exit status 0'})")
        self._read_errors()
        self._errors.close()
        for line in self._lines.end():
            self._on_line(line)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._gone.set()
        self._on_end()

    def _send(self) -> None:
        try:
            sent = os.write(self._commands, self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:  # the end of its reports says more
            sent = len(self._unsent)
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._commands, self._send)
        else:
            self._loop.remove_writer(self._commands)

    def _read_reports(self) -> bool:
        """Whether there were any."""
        data = self._reports.read()
        *lines, self._unread = (self._unread + (data or b"")).split(b"\n")
        for line in lines:
            self._take_report(line.decode(errors="replace"))
        if self._reports.closed:
            self.ready = False
            self._loop.call_later(GRACE, self.end, "reports no more")  # its exit will say more
        self._reports.watch(self._read_reports)
        return bool(data)

    def _take_report(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        name, _, what = rest.partition(" ")
        if kind == "ready":
            self.ready = self.was_ready = True
        elif kind == "failed":
            self.refused = rest
        elif name not in self._runs:
            return
        elif kind == "started":
            self._runs[name].started(int(what))
        elif kind == "exited":
            self.served = True
            self._runs.pop(name).exited(int(what))
        elif kind == "unable":
            self._runs.pop(name).lost(f"cannot be forked: {what}")

    def _read_errors(self) -> None:
        for line in self._lines.feed(self._errors.read() or b"", time.monotonic()):
            self._on_line(line)
        self._errors.watch(self._read_errors)
