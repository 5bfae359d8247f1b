"""Warm starts: which fork server a script has, and when one is started.

A fork server belongs to an interpreter, a list of modules to preload and limits, and serves every
script that asks for these. It starts in the background: until it is ready, and whenever it is gone,
runs start cold, so that no run waits for it and none fails for want of it.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol, TypeVar

from aoba.logs.dedup import Dedup
from aoba.retry import Backoff
from aoba.sources.scripts.limits import NO_LIMITS, Limits
from aoba.sources.scripts.process_options import DEFAULTS, ProcessOptions
from aoba.sources.scripts.runners.warm.fork_process import ForkProcess
from aoba.sources.scripts.spec import ScriptSpec

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
"""Seconds from the end of a fork server to the next; doubled until one has carried out a run."""

LOADING_TIMEOUT: Final = 60.0
"""Seconds that a fork server has to get ready."""

UNABLE: Final = 1.0
"""Seconds for which runs start cold when one could not be forked."""

IDLE: Final = 600.0
"""Seconds without a run after which a process may be ended that nobody needs as it seems."""

CLOSE_TIMEOUT: Final = 0.5
"""Seconds that ending all of them takes at most."""

_log = logging.getLogger("aoba.warm")


class Server(Protocol):
    async def close(self) -> None: ...


S = TypeVar("S", bound=Server)


class ForkServers:
    """All fork servers of this Aoba; `close` ends them.

    Implements `aoba.sources.shared.Resource`.
    """

    descriptors = 0

    def __init__(self) -> None:
        self._servers: dict[Hashable, Any] = {}

    def get(self, spec: ScriptSpec) -> "ForkServer":
        """The one for a script; scripts that need no different ones share it."""
        # The same for all runs of one server.
        key = (spec.python, spec.preload, spec.limits, spec.process)
        return self.shared(key, lambda: ForkServer(*key))

    def shared(self, key: Hashable, make: Callable[[], S]) -> S:
        """The one that scripts share by this key; `make` gives it where there is none."""
        if key not in self._servers:
            self._servers[key] = make()
        server: S = self._servers[key]
        return server

    async def bind(self) -> None:
        """Servers are started by runs."""

    async def close_unused(self) -> None:
        """They are kept: the next script may need the same ones."""

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await asyncio.gather(*(server.close() for server in self._servers.values()))


class ForkServer:
    """One process after the other, with pauses in between where they do not stand.

    `without` says what becomes of its scripts where it cannot do what it is for, and `loading` how
    many seconds a process has to get ready.
    """

    def __init__(  # noqa: PLR0913  what it runs, and what few have
        self,
        python: str,
        preload: tuple[str, ...],
        limits: Limits = NO_LIMITS,
        options: ProcessOptions = DEFAULTS,
        *,
        without: str = "its scripts start cold",
        loading: float = LOADING_TIMEOUT,
    ) -> None:
        self._python, self._preload, self._limits = python, preload, limits
        self._options = options
        self._without, self._loading = without, loading
        self.newest: ForkProcess | None = None
        """The newest process, if there has been one, in whatever state."""
        self._process: ForkProcess | None = None
        self._given_up = not hasattr(os, "fork")
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._resting: ForkProcess | None = None  # one that was ended for want of work
        self._asked = 0.0
        self._since = 0.0  # the start of the process
        self._unable = 0  # runs that the process could not fork, as far as is known
        self._last_line = ""
        self._warnings = Dedup("warning")

    def process(self, *, launch: bool) -> ForkProcess | None:
        """One that can start a run now. Where there is none, `launch` has it started meanwhile."""
        now = self._asked = time.monotonic()
        if self._process is None:
            if launch and not self._given_up and now >= self._backoff.until:
                self._launch(now)
            return None
        process = self._process
        if not process.was_ready and now > self._since + self._loading:
            process.end(f"was not ready in {self._loading:g} s")
        if process.unable > self._unable:
            self._unable = process.unable
            self._backoff.until = now + UNABLE
        return process if process.ready and now >= self._backoff.until else None

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing is started any more."""
        return self._given_up

    @property
    def is_over(self) -> bool:
        """Whether there is no process, and will be none."""
        return self._given_up and self._process is None

    def rest(self) -> None:
        """End the process if nobody has asked for it for long; who asks again, gets a new one."""
        if self._process is not None and time.monotonic() > self._asked + IDLE:
            self._resting = self._process
            self._process.retire()

    def retire(self) -> None:
        """Start nothing any more, and end when its runs have."""
        self._given_up = True
        if self._process is not None:
            self._process.retire()

    async def close(self) -> None:
        self._given_up = True
        if self._process is not None:
            self._process.end("was stopped")
            await self._process.wait()

    def _launch(self, now: float) -> None:
        self._since = now
        self._unable = 0
        self._last_line = ""
        try:
            self._process = self.newest = ForkProcess(
                self._python,
                self._preload,
                self._heard,
                self._ended,
                self._limits,
                self._options,
            )
        except OSError as error:
            self._tell(f"cannot be started: {error}")
            self._backoff.failed(now)

    def _heard(self, line: str) -> None:
        self._last_line = line
        if self._process is not None and self._process.was_ready:
            self._tell(line)

    def _ended(self) -> None:
        process, self._process = self._process, None
        if process is None or self._given_up or process is self._resting:
            return
        now = time.monotonic()
        if process.refused is not None:
            self._give_up(process.refused)
        elif not process.was_ready and (process.code is None or process.code >= 0):
            said = f": {self._last_line}" if self._last_line else ""
            self._give_up(f"{process.end_reason} before it was ready{said}")
        else:
            self._tell(f"{process.end_reason}, and is started again")
            if process.served:
                self._backoff.reset()
            self._backoff.failed(now)

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        self._tell(f"{reason}; {self._without}")

    def _tell(self, text: str) -> None:
        """Once, and from then on a count."""
        for line in self._warnings.happened(text, time.monotonic()):
            _log.warning("fork server of %s: %s", self._python, line)
