"""What a fork server is told of a script in each run, the same for as long as nothing changes."""

import os
from collections.abc import Sequence
from typing import Final

UNKNOWN: Final = b"-"


class Stamped:
    """Names the script at `path`, with its arguments, by how it and its folder look."""

    def __init__(self, path: str, args: Sequence[str]) -> None:
        self._path = path
        self._name = os.fsencode("\0=".join((path, *args)))
        self._stamp = b""
        self._folder = ""

    def now(self, stamp: bytes) -> bytes:
        """Stamps, path and arguments, as `fork_serve` has them.

        `stamp` says how the file looks; empty: nobody knows, nor is it kept what becomes of it.
        """
        if stamp != self._stamp or not stamp:
            self._stamp = stamp
            self._folder = os.path.dirname(os.path.realpath(self._path))  # noqa: PTH120
        return b"%b\0%b\0%b" % (stamp or UNKNOWN, self._stamp_of_folder(), self._name)

    def _stamp_of_folder(self) -> bytes:
        """It changes when modules come to it that have names of others."""
        try:
            status = os.stat(self._folder)  # noqa: PTH116  a Path takes longer
        except OSError:
            return UNKNOWN
        return b"%d.%d.%d" % (status.st_mtime_ns, status.st_ino, status.st_dev)
