"""A script's file, and which version of it there is.

One version is told from another by content: touching the file changes nothing. A file that has just
been written to is let be for a moment, since half of a script may well be one, too.
"""

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final, NamedTuple

from aoba.errors import RunError

MAX_SCRIPT: Final = 16 * 1024 * 1024
"""Bytes of the longest script whose changes are noticed."""

SETTLED: Final = 0.1
"""Seconds without a write after which a changed file is taken for complete."""

LOOK: Final = 0.04
"""Seconds for which a file that was looked at counts as unchanged, where runs are closer than that.

Less than `SETTLED`, which an edit has to wait for anyway.
"""

PATIENCE: Final = 2.0
"""Seconds that one is waited for which is written to all the time."""


@dataclass(slots=True, eq=False)
class Version:
    source: bytes
    digest: bytes
    stamp: bytes = b""
    """How its file looks now, as long as that is known: of another stamp, it may be another."""
    proven: bool = False
    """Whether it has given a document."""


class Identity(NamedTuple):
    """Two files that look the same are the same."""

    mtime: int
    ctime: int
    """That of writing may be set at will."""
    size: int
    inode: int
    device: int


class Unfit(NamedTuple):
    """Why a version cannot be run."""

    reason: str
    goes_on: bool
    """Whether the last good version is run instead; else there is none."""


class ScriptFile:
    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._version: Version | None = None
        self._seen: Identity | None = None
        self._stamp = b""
        self._look_at = 0.0

    def changed(self) -> bool:
        """Whether it looks different from what `read` found."""
        status = self._status()
        return status is not None and _identity(status) != self._seen

    def unchanged(self) -> bool:
        """Whether it is there, and looked like what `read` found less than `LOOK` seconds ago."""
        now = time.monotonic()
        if now < self._look_at:
            return True
        try:
            same = _identity(os.stat(self._path)) == self._seen  # noqa: PTH116  a Path takes longer
        except OSError:
            return False
        if same:
            self._look_at = now + LOOK
        return same

    def read(self) -> Version | None:
        """The version that is there now; the last one where none can be read.

        Raises RunError where the script is not there.
        """
        return self._read(self._status())

    async def settled(self) -> Version | None:
        """The same; waits while the file is being changed, but not for the very first one."""
        status = self._status()
        patience_ends = time.monotonic() + PATIENCE
        while self._version is not None and status is not None and _identity(status) != self._seen:
            if not 0 <= time.time() - status.st_mtime < SETTLED or time.monotonic() > patience_ends:
                break
            await asyncio.sleep(SETTLED / 4)
            status = self._status()
        return self._read(status)

    def _read(self, status: os.stat_result | None) -> Version | None:
        if status is None:
            self._complain()
        elif _identity(status) != self._seen:
            self._take(status)
        if self._version is not None:
            is_known = status is not None and _identity(status) == self._seen
            self._version.stamp = self._stamp if is_known else b""
        return self._version

    def _take(self, status: os.stat_result) -> None:
        try:
            with open(self._path, "rb") as file:  # noqa: PTH123  a Path takes longer
                source = file.read()
        except OSError:
            return
        self._seen = _identity(status)
        self._stamp = ".".join(map(str, self._seen)).encode()
        digest = hashlib.sha256(source).digest()
        if self._version is None or self._version.digest != digest:
            self._version = Version(source, digest)

    def _complain(self) -> None:
        # Of os.path, since a Path raises where a folder above it may no longer be entered.
        if not os.path.exists(self._path):  # noqa: PTH110
            raise RunError(f"{self._path}: no such script")
        if not os.path.isfile(self._path):  # noqa: PTH113
            raise RunError(f"{self._path}: is not a file")

    def _status(self) -> os.stat_result | None:
        """None where there is no file now, or one that is too large to be looked at."""
        try:
            status = os.stat(self._path)  # noqa: PTH116  a Path takes longer
        except OSError:
            return None
        # Reading what is no file, or a very large one, would keep Modbus clients waiting.
        return status if S_ISREG(status.st_mode) and status.st_size <= MAX_SCRIPT else None


def _identity(status: os.stat_result) -> Identity:
    return Identity(
        status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev
    )
