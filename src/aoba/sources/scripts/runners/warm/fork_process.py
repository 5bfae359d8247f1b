"""One process of the fork server: what Aoba tells it, what it reports, and its end.

Whatever goes wrong with it, it is killed, and all its runs with it: where nobody hears of the end
of a run, the next cannot follow. Nothing here keeps the loop waiting, and nothing wakes it that can
wait: which process a run is, is read when somebody asks. What is said on the pipes is in
`forks/serve`.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import count
from typing import Final, Protocol

from aoba.orphans.reaper import reaper
from aoba.sources.lines import Lines
from aoba.sources.pipe import Pipe
from aoba.sources.scripts.child import fork_server
from aoba.sources.scripts.launching import launched, script_environment, watch_exit
from aoba.sources.scripts.limits import NO_LIMITS, Limits
from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions
from aoba.sources.scripts.runners.warm.stream_paths import names
from aoba.sources.scripts.running_process import DRAIN_TIMEOUT, exit_failure, signal_group

ANSWER_TIMEOUT: Final = 5.0
"""Seconds in which a run that was ordered starts, and one that was killed is reported."""

LEARNED: Final = "--learned"
"""In front of modules to preload: only those of which no run can tell that they were loaded."""

BIND_NOW: Final = {} if "LD_BIND_NOW" in os.environ else {"LD_BIND_NOW": "aoba"}
"""Has the interpreter link all functions at its start, and not each in each run, at a tenth of it.

The server takes it out of the environment of runs.
"""


class Run(Protocol):
    """What a run hears of itself: at last `exited`, `outdated`, or `lost`, even before it began."""

    def started(self, pid: int) -> None: ...

    def exited(self, code: int) -> None:
        """`code` is negative for a signal."""
        ...

    def outdated(self) -> None: ...

    def lost(self, reason: str) -> None: ...


class ForkProcess:
    """Starts with its creation, which raises OSError; `on_end` is called once, when it is gone."""

    def __init__(  # noqa: PLR0913, PLR0917  what it runs, who hears of it, and what few have
        self,
        python: str,
        preload: tuple[str, ...],
        on_line: Callable[[str], None],
        on_end: Callable[[], None],
        limits: Limits = NO_LIMITS,
        options: ProcessOptions = DEFAULTS,
    ) -> None:
        self.limits, self._options = limits, options
        """Of each of its runs."""
        self.ready = False
        """Whether it can start runs now."""
        self.was_ready = False
        self.served = 0
        """How many runs it has carried out."""
        self.unable = 0
        """How many it could not start."""
        self.refused: str | None = None
        """Why it cannot do what it was told to."""
        self.end_reason: str | None = None
        """Why it is to end, or did."""
        self.loaded: tuple[str, ...] = ()
        """Of modules that were learned, those that could be loaded."""
        self.left_out: dict[str, str] = {}
        """The others, and why not."""
        self.hides: frozenset[str] = frozenset()
        """Names of all modules, but for those of packages, that runs find loaded."""
        self.changed = False
        """Whether one of these has changed; then it starts no more runs."""
        self.code: int | None = None
        """How it exited by itself; None as long as it has not, or where it was ended."""
        self._on_line, self._on_end = on_line, on_end
        self._ids = count(1)
        self._runs: dict[bytes, Run] = {}
        self._starting: dict[bytes, Run] = {}  # of which it is not known which process they are
        self._answer_timer: asyncio.TimerHandle | None = None
        self._unsent = bytearray()
        self._eager = False  # to know it
        self._retiring = False
        self._lines = Lines()
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._launch(python, preload)

    def _launch(self, python: str, preload: tuple[str, ...]) -> None:
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            self.names = names()
            ours.callback(self.names.close)

            def pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack) -> list[int]:
                ends = os.pipe()
                for stack, end in zip((reading, writing), ends, strict=True):
                    stack.callback(os.close, end)
                return list(ends)

            commands, self._commands = pipe(theirs, ours)
            begun, starts = pipe(ours, theirs)
            reports, out = pipe(ours, theirs)
            errors, err = pipe(ours, theirs)
            cpu = ",".join(map(str, self.limits.cpu_range or ()))
            own = (commands, starts, out, self.names.folder, self.names.sample, cpu, python)
            self._process = subprocess.Popen(
                self._options.argv(
                    launched([python, fork_server.__file__, *map(str, own), *preload])
                ),
                env={**self._options.environment(script_environment()), **BIND_NOW},
                pass_fds=(commands, starts, out),
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
                start_new_session=True,
            )
            reaper.started(self._process.pid)
            with contextlib.suppress(ProcessLookupError):
                self.limits.apply_to_all_runs(self._process.pid)
            ours.pop_all()
        os.set_blocking(self._commands, False)
        self._starts, self._reports, self._errors = Pipe(begun), Pipe(reports), Pipe(errors)
        self._unread = {self._starts: b"", self._reports: b""}
        self._reports.watch(self._read_reports)
        self._errors.watch(self._read_errors)
        watch_exit(self._process, self._exited)

    def submit(self, run: Run, new: bytes, same: bytes) -> None:
        """Have `run` started, which hears of it; the others are parts of a command."""
        name = b"%d" % next(self._ids)
        self._runs[name] = self._starting[name] = run
        self._unsent += b"%b\0\0%b\0\0%b\0\n" % (name, new, same)
        self._send()
        if self._answer_timer is None:
            self._answer_timer = self._loop.call_later(ANSWER_TIMEOUT, self._look_after, name)

    def hear_of_starts(self) -> None:
        """Tell runs which processes they are: those that have started, and others once they do."""
        self._eager = True
        self._read_starts()

    def retire(self) -> None:
        """Start no more runs, and end when those that are under way have ended."""
        self._retiring, self.ready = True, False
        self._end_if_retired()

    def _end_if_retired(self) -> None:
        if self._retiring and not self._runs:
            self.end("is not needed any more")

    def end(self, reason: str) -> None:
        """Kill it, with all that it has running."""
        if self.end_reason is not None:
            return
        self.end_reason, self.ready = reason, False
        signal_group(self._process.pid, signal.SIGKILL)
        self._loop.remove_writer(self._commands)
        os.close(self._commands)
        self._reports.close()
        if self._answer_timer:
            self._answer_timer.cancel()
        self.hear_of_starts()  # to the end of the pipe, since a run may be just about to start
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
        self.names.close()
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

    def _look_after(self, name: bytes) -> None:
        """See whether the runs up to `name` have started; later, those behind it."""
        self._answer_timer = None
        self._read_starts()
        if name in self._starting:
            self.end("does not start it")
        elif self._starting:
            newest = next(reversed(self._starting))
            self._answer_timer = self._loop.call_later(ANSWER_TIMEOUT, self._look_after, newest)

    def _read_starts(self) -> None:
        while lines := self._new_lines(self._starts):
            for line in lines:
                name, pid = line.split()
                self._starting.pop(name).started(int(pid))
        if self._eager and (self._starting or self.end_reason):
            self._starts.watch(self._read_starts)
        else:
            self._eager = False

    def _read_reports(self) -> bool:
        """Whether there were any."""
        lines = self._new_lines(self._reports)
        if self._starting:
            self._read_starts()
        for line in lines:
            self._take_report(*line.split(b" ", 2))
        if self._reports.closed:
            self.ready = False
            # Its exit will say more.
            self._loop.call_later(DRAIN_TIMEOUT, self.end, "reports no more")
        self._reports.watch(self._read_reports)
        self._end_if_retired()
        return bool(lines)

    def _take_report(self, kind: bytes, name: bytes = b"", what: bytes = b"") -> None:
        if kind == b"exited" and (run := self._runs.pop(name, None)):
            self.served += 1
            run.exited(os.waitstatus_to_exitcode(int(what)))
        elif kind == b"unable" and (run := self._runs.pop(name, None)):
            self.unable += 1
            self._starting.pop(name, None)
            run.lost(f"cannot be forked: {what.decode(errors='replace')}")
        elif kind == b"outdated" and (run := self._runs.pop(name, None)):
            run.outdated()
        elif kind == b"ready":
            self.was_ready = True
            self.ready = not self._retiring
        elif kind == b"failed":
            self.refused = b" ".join((name, what)).decode(errors="replace")
        elif kind == b"changed":
            self.changed, self.ready = True, False
        else:
            self._take_libraries(kind, name.decode(errors="replace"), what.decode(errors="replace"))

    def _take_libraries(self, kind: bytes, name: str, rest: str) -> None:
        if kind == b"refused":
            self.left_out[name] = rest
        elif kind == b"loaded":
            self.loaded = (name, *rest.split())
        elif kind == b"hides":
            self.hides = frozenset((name, *rest.split()))

    def _new_lines(self, pipe: Pipe) -> list[bytes]:
        *lines, self._unread[pipe] = (self._unread[pipe] + (pipe.read() or b"")).split(b"\n")
        return lines

    def _read_errors(self) -> None:
        for line in self._lines.feed(self._errors.read() or b"", time.monotonic()):
            self._on_line(line)
        self._errors.watch(self._read_errors)
