"""Makes of a configuration what it says, and of one that runs another one.

Start: have sources and outlets take what they need, so that a port in use is known at once; start
the sources; when all have settled, or `START_TIMEOUT` has passed, open the outlets. Clients of a
script that is quick thus never meet an empty server.

Stop: outlets part from whoever they serve while scripts get SIGTERM; what is left of them after
1.5 s is killed. All in all it takes less than 3 s.

Change: what is gone stops first, since what is new may need its port. What is in both
configurations is not touched: its clients stay connected, its interpreters warm, its values as they
are.

It knows no signals, no arguments and no terminal, and runs in any event loop, also in a thread.
"""

import asyncio
import logging
import resource
from typing import Final

from aoba.config.model import Config, LinkConfig, OutletKey, by_key
from aoba.errors import AobaError
from aoba.links.tcp import MAX_CLIENTS
from aoba.outlets.outlet import Outlet, Served
from aoba.outlets.registry import open_outlet
from aoba.registers.buses import Buses
from aoba.registers.image import Image
from aoba.registers.overwrites import Overwrites
from aoba.sources.group import START_TIMEOUT, SourceGroup
from aoba.sources.overwrite_log import OverwriteLog

MAX_DESCRIPTORS: Final = 16_384
RESERVED: Final = 64
"""Descriptors that are kept from clients, beside those of sources, so that scripts can be run."""

_log = logging.getLogger("aoba")


class Engine:
    """To be made in a running loop.

    Raises UsageError where a source or an outlet cannot be: a file is of no use, or two want the
    same place.
    """

    config: Config
    buses: Buses
    _sources: SourceGroup
    _overwrites: OverwriteLog

    def __init__(self, config: Config) -> None:
        self.serving = asyncio.Event()
        """Set when all outlets have begun."""
        self._stop, self._changed = asyncio.Event(), asyncio.Event()
        self._changing = asyncio.Lock()
        self._starter: asyncio.Task[None] | None = None
        self._empty(config)
        for source in config.sources:
            self._sources.add(source.name, source.spec)
        for key, outlet in by_key(config.outlets).items():
            self._outlets[key] = open_outlet(outlet, self._served)

    async def run(self) -> None:
        """Go on until `stop`. Raises AobaError where an outlet or a source cannot begin."""
        try:
            await self._sources.bind()
            for outlet in self._outlets.values():
                await outlet.bind()
            self._starter = asyncio.create_task(self._sources.start())
            await self._until_stop(self._starter, timeout=START_TIMEOUT)
            if not self._stop.is_set():
                for outlet in self._outlets.values():
                    await outlet.serve()
                for name in self._sources.unsettled:
                    _log.info("%s: no values yet; it is waited for", name)
                self.serving.set()
                await self._until_stop(self._starter)
            while not self._stop.is_set():
                self._changed.clear()
                await self._until_stop(*self._sources.lives, until=self._changed)
            _log.info("stopping")
        finally:
            await self._close()

    def stop(self) -> None:
        """Have `run` come to its end, in order; at the second call, scripts are killed at once."""
        if self._stop.is_set():
            self._sources.cancel()
        self._stop.set()

    async def change(self, config: Config) -> list[AobaError]:
        """Be what `config` says from now on; to be called while it serves.

        What is in both is left alone, unless the identity or the trace differs, which concern all.
        Returns why some of what is new could not begin; all the rest is as `config` says.
        """
        async with self._changing:
            old = self.config
            is_all_new = (old.identity, old.trace) != (config.identity, config.trace)
            await self._remove(Config() if is_all_new else config)
            if is_all_new:
                await self._sources.ended()
                self._overwrites.close()
                self._empty(config)
            self.config = config
            failures = [*await self._add_sources(), *await self._add_outlets()]
            self._changed.set()
            return failures

    def _empty(self, config: Config) -> None:
        """Be without sources and outlets."""
        self.config = config
        self.buses = Buses(config.identity)
        self._overwrites = OverwriteLog()
        self.buses.watch(self._watch_overwrites)
        self._sources = SourceGroup(self.buses, config.trace)
        self._outlets: dict[OutletKey, Outlet] = {}

    def _watch_overwrites(self, image: Image) -> None:
        Overwrites(image, self._overwrites.tell)

    @property
    def _served(self) -> Served:
        free = raise_descriptor_limit() - RESERVED - self._sources.descriptors
        links = sum(isinstance(it, LinkConfig) for it in self.config.outlets)
        max_clients = max(1, min(free // max(1, links), MAX_CLIENTS))
        return Served(self.buses, self.config.sources, self.config.trace, max_clients)

    async def _remove(self, config: Config) -> None:
        """All that is not the same in `config`."""
        old, new = by_key(self.config.outlets), by_key(config.outlets)
        gone = [key for key in self._outlets if old.get(key) != new.get(key)]
        await asyncio.gather(*(self._outlets.pop(key).close() for key in gone))
        await self._sources.keep({it.name: it.spec for it in config.sources})

    async def _add_sources(self) -> list[AobaError]:
        failures: list[AobaError] = []
        for source in self.config.sources:
            if source.name not in self._sources:
                try:
                    self._sources.add(source.name, source.spec)
                except AobaError as error:
                    failures.append(error)
        try:
            await self._sources.bind()
        except AobaError as error:
            failures.append(error)
        await self._sources.start()
        return failures

    async def _add_outlets(self) -> list[AobaError]:
        failures: list[AobaError] = []
        for key, config in by_key(self.config.outlets).items():
            if key not in self._outlets:
                try:
                    outlet = open_outlet(config, self._served)
                    await outlet.bind()
                    await outlet.serve()
                    self._outlets[key] = outlet
                except AobaError as error:
                    failures.append(error)
        return failures

    async def _until_stop(
        self,
        *tasks: asyncio.Task[None],
        until: asyncio.Event | None = None,
        timeout: float | None = None,
    ) -> None:
        """Wait for `stop`, for `until`, for `timeout` seconds, or for one of `tasks` to end.

        Raises what that one raises.
        """
        events = [asyncio.create_task(it.wait()) for it in (self._stop, until) if it]
        done, _ = await asyncio.wait(
            (*events, *tasks), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for event in events:
            event.cancel()
        for task in tasks:
            if task in done and not task.cancelled() and not self._stop.is_set():
                task.result()

    async def _close(self) -> None:
        if self._starter:
            self._starter.cancel()
        self._sources.cancel()
        async with self._changing:
            closing = [outlet.close() for outlet in self._outlets.values()]
            await asyncio.gather(self._sources.ended(), *closing, return_exceptions=True)
        self._overwrites.close()


def raise_descriptor_limit() -> int:
    """Ask for as many descriptors as Aoba may have; returns how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = resource.RLIM_INFINITY
    wanted = MAX_DESCRIPTORS if hard == infinite else min(hard, MAX_DESCRIPTORS)
    if soft != infinite and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
