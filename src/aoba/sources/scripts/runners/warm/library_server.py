"""Fork servers that have libraries loaded, each for all scripts that import the same.

Scripts share one if they import the same packages; of the standard library, it has what any of them
imports. When more comes to that, or a file of a library has changed, a new process is started, and
takes over when it is ready. Until then scripts run in the old one, or in one without libraries.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from functools import partial
from typing import Final

from aoba.retry import Backoff
from aoba.sources.scripts.runners.warm.fork_pool import IDLE, ForkServer
from aoba.sources.scripts.runners.warm.fork_process import LEARNED, ForkProcess
from aoba.sources.scripts.runners.warm.imports import Libraries
from aoba.sources.scripts.spec import ScriptSpec

MOST: Final = 8
"""Servers with libraries at a time: each has the memory that these take."""

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 600.0
"""Seconds from a change of a file to the next process; doubled unless one has lasted `STEADY`."""

STEADY: Final = 60.0
LOADING_TIMEOUT: Final = 600.0
"""Seconds to get ready: libraries are imported several times, and nobody waits for it."""

WITHOUT: Final = "its scripts import what they need"
NAMED: Final = 10
"""Libraries that the log names; of more, it says how many there are."""

_log = logging.getLogger("aoba.warm")


class LibraryServers:
    """Those there are; `close` ends them."""

    def __init__(self) -> None:
        self._servers: list[LibraryServer] = []
        self._left_out: dict[Hashable, dict[str, str]] = {}

    def get(self, spec: ScriptSpec, libraries: Libraries) -> "LibraryServer | None":
        """The one with these libraries, which it gets if need be; None where there are too many."""
        self._servers = [server for server in self._servers if not server.is_over]
        server = next((s for s in self._servers if s.fits(spec, libraries.packages)), None)
        if server is None:
            if len(self._servers) == MOST:
                return None
            server = LibraryServer(spec, libraries.packages, partial(self.leave_out, spec))
            self._servers.append(server)
        server.want(libraries.names)
        return server

    def leave_out(self, spec: ScriptSpec, reasons: Mapping[str, str]) -> None:
        """These cannot be loaded beforehand; why not, the log says once."""
        known = self._left_out.setdefault(_place(spec), {})
        new = [f"{name}: {reason}" for name, reason in reasons.items() if name not in known]
        known.update(reasons)
        if new:
            text = "not loaded before runs, which could tell: %s"
            _log.info(f"fork server of %s: {text}", spec.python, _listed(new, "; "))

    def left_out(self, spec: ScriptSpec) -> Collection[str]:
        return self._left_out.get(_place(spec), {}).keys()

    async def close(self) -> None:
        await asyncio.gather(*(server.close() for server in self._servers))


class LibraryServer:
    """One process after the other, each with all libraries that are wanted when it is started.

    `leave_out` hears of those that cannot be loaded, and why not.
    """

    def __init__(
        self,
        spec: ScriptSpec,
        packages: frozenset[str],
        leave_out: Callable[[Mapping[str, str]], None],
    ) -> None:
        self.tried = 0
        """Processes that have got ready, or could not."""
        self.is_over = False
        self._spec, self._packages, self._leave_out = spec, packages, leave_out
        self._users: set[object] = set()
        self._wanted: dict[str, None] = {}
        self._loading = 0  # how many of these the newest process has, or is to have
        self._server: ForkServer | None = None
        self._successor: ForkServer | None = None
        self._retired: list[ForkServer] = []
        self._ready_at = 0.0
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._idle: asyncio.TimerHandle | None = None

    def fits(self, spec: ScriptSpec, packages: frozenset[str]) -> bool:
        """Whether it is for such scripts, and is to have these packages, or, once ready, has."""
        process = self._server.newest if self._server is not None else None
        has = self._packages if process is None else self._packages & process.hides
        return has == packages and _place(spec) == _place(self._spec)

    def want(self, names: Iterable[str]) -> None:
        self._wanted.update(dict.fromkeys(names))

    def join(self, user: object) -> None:
        """Somebody uses it from now on, until `leave`."""
        self._users.add(user)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def leave(self, user: object) -> None:
        self._users.discard(user)
        if not self._users and self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(IDLE, self._end)

    def process(self) -> ForkProcess | None:
        """One that can start a run now. Where there is none, or a better one, that is started."""
        if self._successor is not None or len(self._wanted) != self._loading:
            self._succeed()
        if self._server is None:
            return None
        process = self._server.process(launch=True)
        if process is None and self._server.newest is not None and self._server.newest.changed:
            self._begin_anew()
        return process

    def _succeed(self) -> None:
        if self._successor is None:
            if time.monotonic() < self._backoff.until:
                return
            self._loading = len(self._wanted)
            self._successor = ForkServer(
                self._spec.python,
                (LEARNED, *self._wanted),
                self._spec.limits,
                self._spec.process,
                without=WITHOUT,
                loading=LOADING_TIMEOUT,
            )
        process = self._successor.process(launch=True)
        if process is not None:
            self._retire(self._server)
            self._server, self._successor = self._successor, None
            self._ready_at = time.monotonic()
            self._count(process)
        elif self._successor.is_hopeless:
            self._count(self._successor.newest)
            self._successor = None

    def _count(self, process: ForkProcess | None) -> None:
        self.tried += 1
        if process is not None:
            self._leave_out(process.left_out)
            if process.loaded:
                text = "loaded before runs: %s"
                _log.info(f"fork server of %s: {text}", self._spec.python, _listed(process.loaded))

    def _begin_anew(self) -> None:
        """The files of a library have changed."""
        _log.info(
            "fork server of %s: a library has changed, and is loaded again", self._spec.python
        )
        self._retire(self._server)
        self._server, self._loading = None, -1
        now = time.monotonic()
        if now > self._ready_at + STEADY:
            self._backoff.reset()
        self._backoff.failed(now)

    def _retire(self, server: ForkServer | None) -> None:
        if server is not None:
            server.retire()
            self._retired = [s for s in self._retired if not s.is_over] + [server]

    def _end(self) -> None:
        """Nobody has needed it for long."""
        self.is_over = True
        for server in (self._server, self._successor):
            self._retire(server)

    async def close(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        servers = (self._server, self._successor, *self._retired)
        await asyncio.gather(*(server.close() for server in servers if server is not None))


def _place(spec: ScriptSpec) -> Hashable:
    """What all scripts of a fork server have in common."""
    return spec.python, spec.limits, spec.process


def _listed(names: Iterable[str], between: str = ", ") -> str:
    known = list(names)
    more = [f"{len(known) - NAMED} more"] if len(known) > NAMED else []
    return between.join(known[:NAMED] + more)
