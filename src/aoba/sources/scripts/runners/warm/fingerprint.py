"""What a fork server is told of a script in each run, the same for as long as nothing changes."""

import os
from collections.abc import Sequence
from typing import Final

from aoba.sources.scripts.script_file import Version

UNKNOWN: Final = b"-"


class Fingerprint:
    """Names the script at `path`, with its arguments, by how it and its folder look."""

    def __init__(self, path: str, args: Sequence[str]) -> None:
        self._name = os.fsencode("\0=".join((path, *args)))

    def of(self, version: Version | None) -> bytes:
        """Stamps, path and arguments, as `forks/serve` has them.

        Where nobody knows how file or folder look, it is not kept what becomes of them.
        """
        stamp, folder = (version.stamp, version.folder) if version else (b"", b"")
        return b"%b\0%b\0%b" % (stamp or UNKNOWN, folder or UNKNOWN, self._name)
