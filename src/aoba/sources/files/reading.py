"""Looking at files and FIFOs, and reading them: called in the worker, since any of that may hang.

Standard library only.
"""

import os
import time
from stat import S_ISFIFO, S_ISREG
from typing import BinaryIO, Final

from aoba.worker.process import Opened

SETTLED: Final = 0.1
"""Seconds without a write after which a file is taken for complete."""

AT_ONCE: Final = 16 * 1024 * 1024
"""Bytes of the largest file that is read whole, before anything in it takes effect."""

TRIES: Final = 20
"""Times that this is tried with a file that is written to all the time."""

Identity = tuple[int, ...]
"""What tells one state of a file from another; empty where there is no file."""


Fifo = tuple[int, int]
"""What tells one FIFO from another."""


def look(path: str) -> tuple[Identity, float]:
    """The identity of the file, and the seconds since it was written to."""
    try:
        status = os.stat(path)  # noqa: PTH116  a Path takes longer
    except OSError:
        return (), SETTLED
    if not S_ISREG(status.st_mode):
        return (), SETTLED
    age = time.time() - status.st_mtime
    identity = status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
    return identity, age if age >= 0 else SETTLED  # else the clock there is not ours


def whole(path: str) -> bytes | None:
    """All of the file, where nobody wrote to it meanwhile; None where that is not to be had.

    Raises OSError.
    """
    for _ in range(TRIES):
        with open_file(path) as file:
            before = os.fstat(file.fileno())
            if before.st_size > AT_ONCE:
                return None
            data = file.read(AT_ONCE + 1)
            after = os.fstat(file.fileno())
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data)):
            return data
        time.sleep(SETTLED / 4)
    return None


def part(path: str, start: int, size: int, inode: int | None) -> tuple[bytes, int]:
    """So many bytes, and the inode. Raises OSError, also where the inode is another one by now."""
    with open_file(path) as file:
        found = os.fstat(file.fileno()).st_ino
        if inode not in (None, found):
            raise OSError(None, "it has been replaced meanwhile")
        file.seek(start)
        return file.read(size), found


def open_file(path: str) -> BinaryIO:
    # Without blocking, since it may have become a FIFO, whose writer nobody is.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(None, "it is no file any more")
    return file


def open_fifo(path: str) -> Opened | None:
    """A descriptor to read from, which does not block, and of which FIFO; None: there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if S_ISFIFO(status.st_mode):
        return Opened(descriptor, (status.st_dev, status.st_ino))
    os.close(descriptor)
    return None


def leads_to(path: str, fifo: Fifo) -> bool:
    """Whether it is that FIFO which is at the path now."""
    try:
        status = os.stat(path)  # noqa: PTH116  a Path takes longer
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == fifo
