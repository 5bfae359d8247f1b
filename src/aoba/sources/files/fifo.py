"""A FIFO that others write documents to -> image.

Writers come and go. When the last one has gone, which shows only once, the FIFO is opened anew; a
second descriptor, never read from, stays open meanwhile, or a writer that comes just then would get
SIGPIPE. The path is looked at now and then, since somebody may have made another FIFO there.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Final

from aoba.registers.image import SourceRegisters
from aoba.sources.files.document_stream import DocumentStream, at_once
from aoba.sources.files.reading import Fifo, leads_to, open_fifo
from aoba.sources.files.spec import FifoSpec
from aoba.sources.ingest import Ingest
from aoba.sources.pipe import Pipe
from aoba.sources.shared import Shared
from aoba.worker.caller import Caller
from aoba.worker.process import Opened

LOOK: Final = 1.0
"""Seconds without a byte after which the path is looked at."""


class FifoSource:
    """Raises DocumentError where the registers for its health are taken."""

    def __init__(
        self, name: str, spec: FifoSpec, image: SourceRegisters, pipe: Callable[[int], Pipe] = Pipe
    ) -> None:
        self._deliveries = Ingest(name, spec.monitoring, image)
        self._path = str(spec.path)
        self._caller = Caller()
        self._held: int | None = None
        self._pipe = pipe

    @property
    def settled(self) -> asyncio.Event:
        return self._deliveries.settled

    async def live(self) -> None:
        self.settled.set()  # it waits for others, who may come whenever they like
        with self._deliveries.alive():
            try:
                while True:
                    descriptor, fifo = await self._open()
                    if not await self._read(self._pipe(descriptor), fifo):
                        self._let_go()
            finally:
                self._let_go()

    async def _open(self) -> Opened:
        """A descriptor of the FIFO, when there is one, and which one it is."""
        missing = False
        while (opened := await self._opened(tell=not missing)) is None:
            missing = True
            await asyncio.sleep(LOOK)
        if missing:
            self._deliveries.log.of_source(logging.INFO, f"{self._path}: there again")
        return opened

    async def _opened(self, *, tell: bool) -> Opened | None:
        opened, reason = None, "no such FIFO"
        try:
            opened = await self._caller.call(open_fifo, self._path)
            if opened is not None:
                self._hold(opened.descriptor)
        except OSError as error:
            if opened is not None:
                os.close(opened.descriptor)
            opened, reason = None, error.strerror or str(error)
        if opened is None and tell:
            async with self._deliveries.delivery():
                self._deliveries.error(f"{self._path}: {reason}, its last values stay")
        return opened

    def _hold(self, descriptor: int) -> None:
        """Keep the FIFO open for those who write, also when this descriptor is closed."""
        duplicate = os.dup(descriptor)
        self._let_go()
        self._held = duplicate

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    async def _is_at_path(self, fifo: Fifo) -> bool:
        """Whether it is that one, or as far as is known: who writes to it goes on."""
        try:
            return await self._caller.call(leads_to, self._path, fifo)
        except OSError:
            return True

    async def _read(self, pipe: Pipe, fifo: Fifo) -> bool:
        """Take what comes until the last writer has gone; or False: the path leads elsewhere."""
        stream = DocumentStream(self._deliveries)
        try:
            while not pipe.closed:
                if await _comes(pipe):
                    while chunk := pipe.read():
                        await stream.feed(chunk)
                        await at_once()  # there may be no end of text that is no document
                elif not await self._is_at_path(fifo):
                    break
            await stream.end()
            return pipe.closed
        finally:
            pipe.close()


async def _comes(pipe: Pipe) -> bool:
    """Whether there is something to read, or an end, before it is time to look at the path."""
    comes = asyncio.Event()
    pipe.watch(comes.set)
    try:
        async with asyncio.timeout(LOOK):
            await comes.wait()
    except TimeoutError:
        return False
    return True


def build_fifo(name: str, spec: FifoSpec, shared: Shared) -> FifoSource:
    return FifoSource(name, spec, shared.registers(spec.bus))
