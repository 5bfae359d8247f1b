"""Builds a server out of sources and links, starts it in order, stops it in order.

Start: take every port, so that a taken one is known at once; start the scripts; when each has
given its first document, or failed, or `PATIENCE` has passed, let clients in. Clients of a script
that is quick thus never meet an empty server.

Stop: links stop listening and part from their clients while scripts get SIGTERM; what is left of
them after 1.5 s is killed. All in all it takes less than 3 s.
"""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aoba.links.tcp import TcpLink
from aoba.links.url import TcpUrl
from aoba.registers.image import Image
from aoba.sources.python_external import PythonExternal
from aoba.sources.script import Script
from aoba.sources.spec import ScriptSpec

PATIENCE: Final = 1.0

_log = logging.getLogger("aoba")


class Runtime:
    def __init__(self, sources: Sequence[ScriptSpec], listen: Sequence[TcpUrl]) -> None:
        self._image = Image()
        self._stop = asyncio.Event()
        self._lives: list[asyncio.Task[None]] = []
        names = source_names([spec.path for spec in sources])
        self._scripts = [
            Script(name, spec.path, spec.timeout, PythonExternal(spec), self._image)
            for name, spec in zip(names, sources, strict=True)
        ]
        self._links = [TcpLink(url, self._image.stations) for url in listen]

    async def run(self) -> None:
        """Serve until SIGINT or SIGTERM. Raises LinkError where a link cannot be opened."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop_or_hurry)
        try:
            for link in self._links:
                await link.bind()
            self._lives = [asyncio.create_task(script.live()) for script in self._scripts]
            settled = asyncio.create_task(self._all_settled())
            await self._until_stop(settled, timeout=PATIENCE)
            settled.cancel()
            if not self._stop.is_set():
                await self._open()
                await self._until_stop(*self._lives)
            _log.info("stopping")
        finally:
            await self._close()

    def _stop_or_hurry(self) -> None:
        """Orderly at the first signal; at the second, scripts are killed at once."""
        if self._stop.is_set():
            self._cancel_lives()
        self._stop.set()

    async def _all_settled(self) -> None:
        await asyncio.gather(*(script.settled.wait() for script in self._scripts))

    async def _until_stop(self, *tasks: asyncio.Task[None], timeout: float | None = None) -> None:
        """Wait for a signal, for one of `tasks` to end or raise, or for `timeout` seconds."""
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait(
            (stop, *tasks), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        stop.cancel()
        for task in done - {stop}:
            task.result()

    async def _open(self) -> None:
        for link in self._links:
            await link.serve()
            _log.info("listening on %s", link.url)

    async def _close(self) -> None:
        self._cancel_lives()
        closing = [link.close() for link in self._links]
        await asyncio.gather(*self._lives, *closing, return_exceptions=True)

    def _cancel_lives(self) -> None:
        for life in self._lives:
            life.cancel()


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
