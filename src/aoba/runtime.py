"""Sources on one side, outlets on the other: starts both in order, stops them in order.

Start: have sources and outlets take what they need, so that a port that is in use is known at once;
start the sources; when all have settled, or `PATIENCE` has passed, open the outlets. Clients of a
script that is quick thus never meet an empty server.

Stop: outlets part from whoever they serve while scripts get SIGTERM; what is left of them after
1.5 s is killed. All in all it takes less than 3 s.
"""

import asyncio
import logging
import signal
from collections.abc import Sequence
from typing import Any, Final, Protocol

from aoba.orphans.reaper import reaper
from aoba.sources.group import PATIENCE, SourceGroup

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The last is left alone where it is ignored already, as under nohup."""

_log = logging.getLogger("aoba")


class Outlet(Protocol):
    """Where values go: to clients that ask, or to others without being asked."""

    async def bind(self) -> None:
        """Take what is needed. Raises AobaError where that is impossible."""
        ...

    async def serve(self) -> None:
        """Begin, and return. Call `bind` first."""
        ...

    async def close(self) -> None:
        """Come to an end, within 3 s; to be called whether or not it was begun."""
        ...


class Runtime:
    def __init__(self, sources: SourceGroup, outlets: Sequence[Outlet]) -> None:
        self._sources, self._outlets = sources, outlets
        self._stop = asyncio.Event()
        self._starter: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Go on until told to stop by a signal. Raises what an outlet raises.

        From now on this process, with all that it starts, is Aoba's.
        """
        reaper.own_process()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:
                loop.add_signal_handler(number, self._stop_or_hurry)
        try:
            await self._sources.bind()
            for outlet in self._outlets:
                await outlet.bind()
            self._starter = asyncio.create_task(self._sources.start())
            await self._until_stop(self._starter, timeout=PATIENCE)
            if not self._stop.is_set():
                for outlet in self._outlets:
                    await outlet.serve()
                for name in self._sources.unsettled:
                    _log.info("%s: no values yet; it is waited for", name)
                await self._until_stop(self._starter)
                await self._until_stop(*self._sources.lives)
            _log.info("stopping")
        finally:
            await self._close()

    def _stop_or_hurry(self) -> None:
        """Orderly at the first signal; at the second, scripts are killed at once."""
        if self._stop.is_set():
            self._sources.cancel()
        self._stop.set()

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

    async def _close(self) -> None:
        if self._starter:
            self._starter.cancel()
        self._sources.cancel()
        closing = [outlet.close() for outlet in self._outlets]
        await asyncio.gather(self._sources.ended(), *closing, return_exceptions=True)
