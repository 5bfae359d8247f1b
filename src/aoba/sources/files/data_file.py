"""A file that others write: when it has changed, and what is in it.

It is looked at now and then, which works on every file system. One that has just been written to is
let be for a moment, since half of it may be missing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, TypeVar

from aoba.sources.files.reading import SETTLED, Identity, look, part, whole
from aoba.worker.caller import ANSWER, Caller

T = TypeVar("T")

LOOK: Final = 0.2
"""Seconds from one look to the next."""

STABLE_TIMEOUT: Final = 0.5
"""Seconds that one is waited for which is written to all the time."""

CHUNK: Final = 64 * 1024
"""Bytes that are taken at a time, and"""

PART: Final = 16 * CHUNK
"""that are read at a time."""


READING: Final = 60.0
"""Seconds that reading a part takes at most, which may be all of it."""


class DataFile:
    """All of it raises OSError: where the file system does not answer, and what reading raises."""

    def __init__(self, path: Path, caller: Caller | None = None) -> None:
        self._path = str(path)
        self._seen: Identity | None = None
        self._caller = caller or Caller()
        self._hangs = False

    async def changed(self) -> bool:
        """Whether it looks different from what `next` has found."""
        identity, _ = await self._look()
        return identity != self._seen

    async def next(self) -> bool:
        """Wait until it is another one than before; whether there is a file at all, now.

        Where its file system did not answer the last time, wait for that first.
        """
        if self._hangs:
            await self._answer()
        identity, age = await self._look()
        while identity == self._seen:
            await asyncio.sleep(LOOK)
            identity, age = await self._look()
        deadline = time.monotonic() + STABLE_TIMEOUT
        while self._seen is not None and age < SETTLED and time.monotonic() < deadline:
            await asyncio.sleep(SETTLED / 4)
            identity, age = await self._look()
        self._seen = identity
        return bool(identity)

    async def at_once(self) -> AsyncIterator[bytes]:
        """What is in it at one moment, however it is being written to, up to `AT_ONCE` bytes.

        A larger one is read as it stands.
        """
        data = await self._call(whole, seconds=READING)
        if data is not None:
            for at in range(0, len(data), CHUNK):
                yield data[at : at + CHUNK]
            return
        async for chunk in self.chunks():
            yield chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is in it, piece by piece."""
        at, inode = 0, None
        while True:
            data, inode = await self._call(part, at, PART, inode, seconds=READING)
            for start in range(0, len(data), CHUNK):
                yield data[start : start + CHUNK]
            at += len(data)
            if len(data) < PART:
                return

    async def _look(self) -> tuple[Identity, float]:
        return await self._call(look, seconds=ANSWER)

    async def _answer(self) -> None:
        """What there is then counts as new."""
        while self._hangs:
            try:
                await self._caller.call(look, self._path, seconds=None)
            except OSError:  # of the worker
                await asyncio.sleep(LOOK)
            else:
                self._hangs, self._seen = False, None

    async def _call(self, function: Callable[..., T], *arguments: object, seconds: float) -> T:
        try:
            return await self._caller.call(function, self._path, *arguments, seconds=seconds)
        except TimeoutError:
            self._hangs = True
            raise
