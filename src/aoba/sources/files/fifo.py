"""A FIFO that others write documents to -> image.

Writers come and go. When the last one has gone, which shows only once, the FIFO is opened anew; a
second descriptor, never read from, stays open meanwhile, or a writer that comes just then would get
SIGPIPE. The path is looked at now and then, since somebody may have made another FIFO there.
"""

import asyncio
import logging
import os
from stat import S_ISFIFO
from typing import Final

from aoba.registers.image import Image
from aoba.sources.deliveries import Deliveries
from aoba.sources.files.document_stream import DocumentStream, at_once
from aoba.sources.files.spec import FifoSpec
from aoba.sources.pipe import Pipe

LOOK: Final = 1.0
"""Seconds without a byte after which the path is looked at."""


class FifoSource:
    """Raises DocumentError where the registers for its health are taken."""

    def __init__(self, name: str, spec: FifoSpec, image: Image) -> None:
        self._deliveries = Deliveries(name, spec.monitoring, image)
        self._path = str(spec.path)

    @property
    def settled(self) -> asyncio.Event:
        return self._deliveries.settled

    async def live(self) -> None:
        self.settled.set()  # it waits for others, who may come whenever they like
        with self._deliveries.alive():
            while True:
                anchor = await self._open()
                try:
                    while self._is_at_path(anchor):
                        await self._read()
                finally:
                    os.close(anchor)

    async def _open(self) -> int:
        """A descriptor of the FIFO, when there is one."""
        missing = False
        while (anchor := self._opened()) is None:
            if not missing:
                missing = True
                async with self._deliveries.delivery():
                    self._deliveries.error(f"{self._path}: no such FIFO, its last values stay")
            await asyncio.sleep(LOOK)
        if missing:
            self._deliveries.log.of_source(logging.INFO, f"{self._path}: there again")
        return anchor

    def _opened(self) -> int | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return None
        if S_ISFIFO(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        return None

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(descriptor))  # noqa: PTH116
        except OSError:
            return False

    async def _read(self) -> None:
        """Take what comes until the last writer has gone, or the path leads elsewhere."""
        descriptor = self._opened()
        if descriptor is None:
            return
        pipe, stream = Pipe(descriptor), DocumentStream(self._deliveries)
        try:
            while not pipe.closed:
                if await _comes(pipe):
                    while chunk := pipe.read():
                        await stream.feed(chunk)
                        await at_once()  # there may be no end of text that is no document
                elif not self._is_at_path(descriptor):
                    break
            await stream.end()
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
