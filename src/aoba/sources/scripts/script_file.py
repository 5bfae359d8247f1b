"""A script's file, and which version of it there is.

One version is told from another by content: touching the file changes nothing. A file that has just
been written to is let be for a moment, since half of a script may well be one, too.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from aoba.errors import RunError
from aoba.sources.scripts.look import Found, Identity, find, identity_of
from aoba.worker.caller import Caller

POLL_INTERVAL: Final = 0.04
"""Seconds for which a file that was looked at counts as unchanged, where runs are closer than that.

Less than `STABLE_AFTER`, which an edit has to wait for anyway.
"""


@dataclass(slots=True, eq=False)
class Version:
    source: bytes
    digest: bytes
    stamp: bytes = b""
    """How its file looks now, as long as that is known: of another stamp, it may be another."""
    folder: bytes = b""
    """The same of the folder that modules beside the script are in."""
    known_good: bool = False
    """Whether it has given a document."""
    look_at: float = 0.0
    """When the file is to be looked at before a run again, of `time.monotonic`."""

    def is_due(self) -> bool:
        """Whether the file is to be looked at, which it then counts as."""
        now = time.monotonic()
        if now < self.look_at:
            return False
        self.look_at = now + POLL_INTERVAL
        return True


class CompileRejected(NamedTuple):
    """Why a version cannot be run."""

    reason: str
    goes_on: bool
    """Whether the last good version is run instead; else there is none."""


class ScriptFile:
    """All of it raises RunError where the file system does not answer."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._version: Version | None = None
        self._seen: Identity | None = None
        self._stamp = b""
        self._caller = Caller()

    async def changed(self) -> bool:
        """Whether it looks different from what `read` found."""
        try:
            identity = await self._caller.call(identity_of, self._path)
        except OSError as error:
            raise self._unanswered(error) from None
        return identity is not None and identity != self._seen

    async def read(self) -> Version | None:
        """The version that is there now; the last one where none can be read.

        Raises RunError where the script is not there.
        """
        return await self._find(settles=False)

    async def stable(self) -> Version | None:
        """The same; waits while the file is being changed, but not for the very first one."""
        return await self._find(settles=True)

    async def _find(self, *, settles: bool) -> Version | None:
        try:
            found = await self._caller.call(find, self._path, self._seen, settles)
        except OSError as error:
            raise self._unanswered(error) from None
        if found.missing:
            raise RunError(f"{self._path}: {found.missing}")
        self._take(found)
        return self._version

    def _take(self, found: Found) -> None:
        if found.source is not None and found.identity and found.digest:
            self._seen = found.identity
            self._stamp = ".".join(map(str, found.identity)).encode()
            if self._version is None or self._version.digest != found.digest:
                self._version = Version(found.source, found.digest)
        if self._version is not None:
            self._version.stamp = self._stamp if found.identity else b""
            self._version.folder = found.folder

    def _unanswered(self, error: OSError) -> RunError:
        return RunError(f"{self._path}: {error.strerror or error}")
