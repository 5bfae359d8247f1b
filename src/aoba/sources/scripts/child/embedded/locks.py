"""Locks that a run has left on files that it has opened with `os.open`, and not closed.

A file object is closed with the namespace of its run, and its lock is gone. But nobody knows
whether a descriptor is still in use; so the interpreter that has such a lock ends, and the lock
with it.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import sys
from posix import close, dup

from .own_builtins import own as __builtins__


class Locks:
    def __init__(self) -> None:
        self._lowest = _lowest_unused()

    def left_behind(self) -> str | None:
        """A lock, in words."""
        if "fcntl" not in sys.modules:
            return None
        before, self._lowest = self._lowest, _lowest_unused()
        return "a lock" if any(map(_is_locked, range(before, self._lowest))) else None


def _lowest_unused() -> int:
    """All descriptors below are in use."""
    descriptor = dup(0)
    close(descriptor)
    return descriptor


def _is_locked(descriptor: int) -> bool:
    """Whether it has a lock by `flock`, as far as the system tells."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as file:
            return b"FLOCK" in file.read()
    except OSError:  # not Linux
        return False
