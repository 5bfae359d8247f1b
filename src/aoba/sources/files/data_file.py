"""A file that others write: when it has changed, and what is in it.

It is looked at now and then, which works on every file system. One that has just been written to is
let be for a moment, since half of it may be missing. All of that happens in a thread: a network
that hangs must not keep Modbus clients waiting.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final

LOOK: Final = 0.2
"""Seconds from one look to the next."""

SETTLED: Final = 0.1
"""Seconds without a write after which a file is taken for complete."""

PATIENCE: Final = 0.5
"""Seconds that one is waited for which is written to all the time."""

CHUNK: Final = 64 * 1024
"""Bytes that are read at a time."""

AT_ONCE: Final = 16 * 1024 * 1024
"""Bytes of the largest file that is read whole, before anything in it takes effect."""

TRIES: Final = 20
"""Times that this is tried with a file that is written to all the time."""

Identity = tuple[int, ...]
"""What tells one state of a file from another; empty where there is no file."""


class DataFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Identity | None = None

    async def changed(self) -> bool:
        """Whether it looks different from what `next` has found."""
        identity, _ = await asyncio.to_thread(self._look)
        return identity != self._seen

    async def next(self) -> bool:
        """Wait until it is another one than before; whether there is a file at all, now."""
        identity, age = await asyncio.to_thread(self._look)
        while identity == self._seen:
            await asyncio.sleep(LOOK)
            identity, age = await asyncio.to_thread(self._look)
        patience_ends = time.monotonic() + PATIENCE
        while self._seen is not None and age < SETTLED and time.monotonic() < patience_ends:
            await asyncio.sleep(SETTLED / 4)
            identity, age = await asyncio.to_thread(self._look)
        self._seen = identity
        return bool(identity)

    async def at_once(self) -> AsyncIterator[bytes]:
        """What is in it at one moment, however it is being written to, up to `AT_ONCE` bytes.

        A larger one is read as it stands. Raises OSError.
        """
        whole = await asyncio.to_thread(self._whole)
        if whole is not None:
            for at in range(0, len(whole), CHUNK):
                yield whole[at : at + CHUNK]
            return
        async for chunk in self.chunks():
            yield chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is in it, piece by piece. Raises OSError."""
        with await asyncio.to_thread(self._open) as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk

    def _open(self) -> BinaryIO:
        # Without blocking, since it may have become a FIFO, whose writer nobody is.
        file = os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError("it is no file any more")
        return file

    def _whole(self) -> bytes | None:
        """All of it, where nobody wrote to it meanwhile; None where that is not to be had."""
        for _ in range(TRIES):
            with self._open() as file:
                before = os.fstat(file.fileno())
                if before.st_size > AT_ONCE:
                    return None
                data = file.read(AT_ONCE + 1)
                after = os.fstat(file.fileno())
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data)):
                return data
            time.sleep(SETTLED / 4)
        return None

    def _look(self) -> tuple[Identity, float]:
        """The identity of the file, and the seconds since it was written to."""
        try:
            status = os.stat(self._path)  # noqa: PTH116  a Path takes longer
        except OSError:
            return (), SETTLED
        if not S_ISREG(status.st_mode):
            return (), SETTLED
        age = time.time() - status.st_mtime
        identity = status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
        return identity, age if age >= 0 else SETTLED  # else the clock there is not ours
