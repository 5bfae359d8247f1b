"""Builds a server out of sources and links, starts it in order, stops it in order.

Start: take every port, so that a taken one is known at once; start the scripts in their order, each
when the one before has given its first document, or failed; when all have, or `PATIENCE` has
passed, let clients in. Clients of a script that is quick thus never meet an empty server. Scripts
that are left then go on starting one after the other, none waiting for longer than `STEP`: so
however many they are, they do not all start at once, neither now nor at any later slot.

Stop: links stop listening and part from their clients while scripts get SIGTERM; what is left of
them after 1.5 s is killed. All in all it takes less than 3 s.
"""

import asyncio
import contextlib
import logging
import resource
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aoba.errors import DocumentError, UsageError
from aoba.identity import DEFAULT_IDENTITY
from aoba.links.open import Link, Served, open_link
from aoba.links.roles import NO_RULES, Rules
from aoba.links.tcp import MAX_CLIENTS
from aoba.links.trace import Level
from aoba.links.url import Url
from aoba.modbus.summary import exceptions_by_name, requests_by_name, summary
from aoba.registers.image import Image
from aoba.sources.hosts import host_of
from aoba.sources.script import Script
from aoba.sources.spec import ScriptSpec
from aoba.sources.warm import ForkServers

PATIENCE: Final = 1.0
STEP: Final = 0.05

MAX_DESCRIPTORS: Final = 16_384
RESERVED: Final = 64
PER_SCRIPT: Final = 12
"""Descriptors that are kept from clients, so that however many come, scripts can be run."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The last is left alone where it is ignored already, as under nohup."""

_log = logging.getLogger("aoba")


class Runtime:
    """`identity` are identification objects of all stations, where no document gives others.

    `rules` say what the roles of TLS clients may do, `trace` how much of the traffic the log is
    told. Raises UsageError where the files of a link are of no use, and where two sources are to
    have their health in the same registers.
    """

    def __init__(
        self,
        sources: Sequence[ScriptSpec],
        listen: Sequence[Url],
        identity: Mapping[int, bytes] = DEFAULT_IDENTITY,
        rules: Rules = NO_RULES,
        trace: Level = Level.OFF,
    ) -> None:
        self._image = Image(identity)
        self._servers = ForkServers()
        self._stop = asyncio.Event()
        self._starter: asyncio.Task[None] | None = None
        self._lives: list[asyncio.Task[None]] = []
        self._open_links: list[Link] = []
        names = source_names([spec.path for spec in sources])
        self._scripts = [
            self._script(name, spec) for name, spec in zip(names, sources, strict=True)
        ]
        room = (raise_descriptor_limit() - RESERVED - PER_SCRIPT * len(sources)) // max(
            1, len(listen)
        )
        room = max(1, min(room, MAX_CLIENTS))
        served = Served(self._image.stations, self._image.ready, rules, room, trace)
        self._links = [open_link(url, served) for url in listen]

    def _script(self, name: str, spec: ScriptSpec) -> Script:
        try:
            return Script(name, spec, host_of(spec, self._servers), self._image)
        except DocumentError as error:
            raise UsageError(f"health of {name}: {error.reason}") from None

    async def run(self) -> None:
        """Serve until told to stop by a signal. Raises LinkError where a link cannot be opened."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:
                loop.add_signal_handler(number, self._stop_or_hurry)
        try:
            for link in self._links:
                await link.bind()
            self._starter = asyncio.create_task(self._start_scripts())
            await self._until_stop(self._starter, timeout=PATIENCE)
            if not self._stop.is_set():
                await self._open()
                await self._until_stop(self._starter)
                await self._until_stop(*self._lives)
            _log.info("stopping")
        finally:
            await self._close()

    def _stop_or_hurry(self) -> None:
        """Orderly at the first signal; at the second, scripts are killed at once."""
        if self._stop.is_set():
            self._cancel_lives()
        self._stop.set()

    async def _start_scripts(self) -> None:
        """In their order, so that of two in conflict the first named is the first to define."""
        patience_ends = time.monotonic() + PATIENCE
        for script in self._scripts:
            self._lives.append(asyncio.create_task(script.live()))
            seconds = max(STEP, patience_ends - time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await script.settled.wait()

    async def _until_stop(self, *tasks: asyncio.Task[Any], timeout: float | None = None) -> None:
        """Wait for a signal, for one of `tasks` to end or raise, or for `timeout` seconds."""
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait(
            (stop, *tasks), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        stop.cancel()
        if not self._stop.is_set():  # else it may be cancelled already, by a second signal
            for task in done - {stop}:
                task.result()

    async def _open(self) -> None:
        for link in self._links:
            await link.serve()
            self._open_links.append(link)
            _log.info("listening on %s", link)

    async def _close(self) -> None:
        self._cancel_lives()
        closing = [link.close() for link in self._links]
        await asyncio.gather(*self._lives, *closing, return_exceptions=True)
        await self._servers.close()
        for link in self._open_links:
            _tell_summary(link)

    def _cancel_lives(self) -> None:
        if self._starter:
            self._starter.cancel()
        for life in self._lives:
            life.cancel()


def _tell_summary(link: Link) -> None:
    port = link.port
    figures = {
        "link": port.name,
        "requests": requests_by_name(port),
        "exceptions": exceptions_by_name(port),
        "clients": port.clients,
    }
    _log.info("%s served %s", port.name, summary(port), extra=figures)


def raise_descriptor_limit() -> int:
    """Ask for as many descriptors as Aoba may have; returns how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = resource.RLIM_INFINITY
    wanted = MAX_DESCRIPTORS if hard == infinite else min(hard, MAX_DESCRIPTORS)
    if soft != infinite and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def source_names(paths: Sequence[Path]) -> list[str]:
    """A name for each script: its file's, its path where that is not unique, numbered at last."""
    files = Counter(path.name for path in paths)
    seen: Counter[str] = Counter()
    names: list[str] = []
    for path in paths:
        name = path.name if files[path.name] == 1 else str(path)
        seen[name] += 1
        names.append(f"{name} #{seen[name]}" if seen[name] > 1 else name)
    return names
