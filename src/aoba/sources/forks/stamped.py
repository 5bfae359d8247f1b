"""What a fork server is told of a script in each run, the same for as long as nothing changes."""

import os
from collections.abc import Sequence
from typing import Final

UNKNOWN: Final = b"-"


class Stamped:
    """Names the script at `path`, with its arguments, by how it and its folder look."""

    def __init__(self, path: str, args: Sequence[str]) -> None:
        self._path, self._beside = path, os.path.dirname(path)  # noqa: PTH120  a str is quicker
        self._name = os.fsencode("\0=".join((path, *args)))
        self._known: tuple[bytes, int, int] | None = None  # for which `_folder` holds
        self._folder = ""

    def now(self, stamp: bytes) -> bytes:
        """Stamps, path and arguments, as `fork_serve` has them.

        `stamp` says how the file looks; empty: nobody knows, nor is it kept what becomes of it.
        """
        return b"%b\0%b\0%b" % (stamp or UNKNOWN, self._stamp_of_folder(stamp), self._name)

    def _stamp_of_folder(self, stamp: bytes) -> bytes:
        """It changes when modules come to it that have names of others, or it is another one.

        The script may be a link, and lie in a folder that is one.
        """
        try:
            status = os.stat(self._beside)  # noqa: PTH116  a Path takes longer
            known = stamp, status.st_ino, status.st_dev
            if self._known != known:
                self._known = known
                self._folder = os.path.dirname(os.path.realpath(self._path))  # noqa: PTH120
            if self._folder != self._beside:
                status = os.stat(self._folder)  # noqa: PTH116
        except OSError:
            return UNKNOWN
        times = status.st_mtime_ns, status.st_ctime_ns
        return b"%d.%d.%d.%d" % (*times, status.st_ino, status.st_dev)
