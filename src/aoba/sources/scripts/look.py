"""Looking at a script's file, and reading it: called in the worker, since any of that may hang.

Standard library only.
"""

import hashlib
import os
import time
from stat import S_ISREG
from typing import Final, NamedTuple

MAX_SCRIPT: Final = 16 * 1024 * 1024
"""Bytes of the longest script whose changes are noticed."""

STABLE_AFTER: Final = 0.1
"""Seconds without a write after which a changed file is taken for complete."""

STABLE_TIMEOUT: Final = 2.0
"""Seconds that one is waited for which is written to all the time."""


class Identity(NamedTuple):
    """Two files that look the same are the same."""

    mtime: int
    ctime: int
    """That of writing may be set at will."""
    size: int
    inode: int
    device: int


class Found(NamedTuple):
    """What there is at a path. Where all but `folder` is None, something that is no script now."""

    missing: str | None = None
    """Why there is no file."""
    identity: Identity | None = None
    source: bytes | None = None
    """None where it is the file that was seen before."""
    digest: bytes | None = None
    folder: bytes = b""
    """How the folder looks that modules beside the script are in; empty where nobody knows."""


def identity_of(path: str) -> Identity | None:
    """None where there is no file now, or one that is too large to be looked at."""
    status = _status(path)
    return status and _identity(status)


def find(path: str, seen: Identity | None, settles: bool) -> Found:
    """Read the file, unless it looks as it did when it was `seen`.

    With `settles`, one that is being changed is waited for, but not for the very first one.
    """
    status = _status(path)
    deadline = time.monotonic() + STABLE_TIMEOUT
    while settles and seen is not None and status is not None and _identity(status) != seen:
        if not 0 <= time.time() - status.st_mtime < STABLE_AFTER or time.monotonic() > deadline:
            break
        time.sleep(STABLE_AFTER / 4)
        status = _status(path)
    folder = stamp_of_folder(path)
    if status is None:
        return Found(missing=_missing(path), folder=folder)
    if _identity(status) == seen:
        return Found(identity=seen, folder=folder)
    try:
        with open(path, "rb") as file:  # noqa: PTH123  a Path takes longer
            source = file.read()
    except OSError:
        return Found(folder=folder)
    return Found(None, _identity(status), source, hashlib.sha256(source).digest(), folder)


def stamp_of_folder(path: str) -> bytes:
    """It changes when modules come to it that have names of others, or it is another one.

    The script may be a link, and lie in a folder that is one.
    """
    try:
        beside = os.stat(os.path.dirname(path))  # noqa: PTH116, PTH120
        status = os.stat(os.path.dirname(os.path.realpath(path)))  # noqa: PTH116, PTH120
    except OSError:
        return b""
    times = status.st_mtime_ns, status.st_ctime_ns
    ids = status.st_ino, status.st_dev, beside.st_ino, beside.st_dev
    return b"%d.%d.%d.%d.%d.%d" % (*times, *ids)


def _missing(path: str) -> str | None:
    # Of os.path, since a Path raises where a folder above it may no longer be entered.
    if not os.path.exists(path):  # noqa: PTH110
        return "no such script"
    return None if os.path.isfile(path) else "is not a file"  # noqa: PTH113


def _status(path: str) -> os.stat_result | None:
    try:
        status = os.stat(path)  # noqa: PTH116  a Path takes longer
    except OSError:
        return None
    return status if S_ISREG(status.st_mode) and status.st_size <= MAX_SCRIPT else None


def _identity(status: os.stat_result) -> Identity:
    return Identity(
        status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev
    )
