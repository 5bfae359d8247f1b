"""A file of documents, JSON or JSON Lines -> image: all of it at once, or one after the other.

It is read again when it has changed. What it no longer defines stays defined: a program that writes
its newest values to a file may leave some out.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

from aoba.registers.image import SourceRegisters
from aoba.sources.clock import sleep_until
from aoba.sources.files.data_file import DataFile
from aoba.sources.files.document_stream import DocumentStream, at_once
from aoba.sources.files.spec import FileSpec
from aoba.sources.ingest import Ingest
from aoba.sources.schedule import Schedule
from aoba.sources.shared import Shared


class FileSource:
    """Raises DocumentError where the registers for its health are taken."""

    def __init__(self, name: str, spec: FileSpec, image: SourceRegisters) -> None:
        self._deliveries = Ingest(name, spec.monitoring, image)
        self._path = spec.path
        self._file = DataFile(spec.path)

    @property
    def settled(self) -> asyncio.Event:
        return self._deliveries.settled

    async def live(self) -> None:
        missing = False
        with self._deliveries.alive():
            while True:
                if absence := await self._absence():
                    missing = True
                    await self._fail(f"{self._path}: {absence}, its last values stay")
                    continue
                if missing:
                    missing = False
                    self._deliveries.log.of_source(logging.INFO, f"{self._path}: there again")
                await self._read()

    async def _absence(self) -> str | None:
        """Wait until the file is another one; why there is none, now."""
        try:
            return None if await self._file.next() else "there is no file"
        except OSError as error:
            return error.strerror or str(error)

    async def _read(self) -> None:
        stream = DocumentStream(self._deliveries, self._turn, numbered=True)
        await self._deliver(stream, self._file.at_once())

    async def _turn(self) -> None:
        await at_once()

    async def _deliver(self, stream: DocumentStream, chunks: AsyncIterator[bytes]) -> None:
        """Have `stream` take all of the file."""
        try:
            async for chunk in chunks:
                await stream.feed(chunk)
        except OSError as error:
            await self._fail(f"{self._path}: cannot be read: {error.strerror or error}")
            return
        await stream.end()
        if not stream.count:
            await self._fail("no document in it")

    async def _fail(self, reason: str) -> None:
        async with self._deliveries.delivery():
            self._deliveries.error(reason)


class Replay(FileSource):
    """Plays documents one after the other, each in a slot of its own, counted without drift."""

    def __init__(self, name: str, spec: FileSpec, image: SourceRegisters, interval: float) -> None:
        super().__init__(name, spec, image)
        self._loop = spec.loop
        self._schedule = Schedule(interval, first=0.0)

    async def _read(self) -> None:
        """Play until the file has changed."""
        self._schedule = Schedule(self._schedule.interval, first=time.monotonic())
        try:
            while True:
                stream = DocumentStream(self._deliveries, self._turn, numbered=True)
                await self._deliver(stream, self._file.chunks())
                if not (self._loop and stream.count):
                    return
        except _Changed:
            pass

    async def _turn(self) -> None:
        await sleep_until(self._schedule.due)
        self._schedule.begin(time.monotonic())
        if await self._file.changed():
            raise _Changed


class _Changed(Exception):  # noqa: N818  no error
    """What is being played is no longer what the file has in it."""


def build_file(name: str, spec: FileSpec, shared: Shared) -> FileSource | Replay:
    if spec.replay is None:
        return FileSource(name, spec, shared.registers(spec.bus))
    return Replay(name, spec, shared.registers(spec.bus), spec.replay)
