"""Who may send a large body, and who has to make way: what the bodies of a server hold together.

Each body may hold `FREE` bytes. One that comes to be larger needs room for all it may become, in
`MAX_LARGE` bytes for all of these; there is room for the largest document. So two bodies that wait
for each other cannot be. Who has shown a token goes before those who have not, and who sends
slowly makes way for those who wait, unless a token was shown.

Pure: bytes and times, in seconds of one clock, are passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aoba.document.stream import MAX_VALUE

FREE: Final = 64 * 1024
MAX_LARGE: Final = MAX_VALUE + 2 * 1024 * 1024

SLOW_AFTER: Final = 1.0
"""Seconds that a body has before it can be called slow."""
SLOW: Final = 64 * 1024
"""Bytes a second; who sends fewer may have to make way."""


@dataclass(eq=False, slots=True)
class Upload:
    """A body that comes; `stop` has who reads it give up."""

    begun: float
    is_trusted: bool
    """Whether its request has shown a token."""
    stop: Callable[[], None]
    received: int = 0
    """Bytes, as they came."""
    is_complete: bool = False
    reserved: int = field(default=0, init=False)
    is_stopped: bool = field(default=False, init=False)

    def rate(self, now: float) -> float:
        return self.received / max(now - self.begun, SLOW_AFTER)

    def is_slow(self, now: float) -> bool:
        return now - self.begun >= SLOW_AFTER and self.rate(now) < SLOW


class Uploads:
    """Call `begin` for each body, `reserve` again and again until it has room, and `end`."""

    def __init__(self) -> None:
        self._uploads: dict[Upload, None] = {}
        self._waiting: dict[Upload, None] = {}

    def begin(self, upload: Upload) -> None:
        self._uploads[upload] = None

    def end(self, upload: Upload) -> None:
        """It is done with, or given up."""
        self._uploads.pop(upload, None)
        self._waiting.pop(upload, None)

    def reserve(self, upload: Upload, size: int, now: float) -> bool:
        """Whether there is room for it to become `size` bytes; that is reserved then.

        Where there is none, `upload` waits for it, and those who have to make way are stopped.
        """
        self._waiting[upload] = None
        if upload is not min(self._waiting, key=lambda each: not each.is_trusted):
            return False
        missing = sum(each.reserved for each in self._uploads) + size - MAX_LARGE
        if missing <= 0:
            del self._waiting[upload]
            upload.reserved = size
            return True
        self._free(missing, now, even_quick=upload.is_trusted)
        return False

    def make_way(self, now: float) -> bool:
        """Stop the slowest one, as a client waits for its place; whether there was one."""
        slow = [each for each in self._stoppable() if each.is_slow(now)]
        if slow:
            _stop(min(slow, key=lambda each: each.rate(now)))
        return bool(slow)

    def _free(self, missing: int, now: float, *, even_quick: bool) -> None:
        missing -= sum(each.reserved for each in self._uploads if each.is_stopped)
        for other in sorted(self._stoppable(), key=lambda each: each.rate(now)):
            if missing > 0 and other.reserved and (even_quick or other.is_slow(now)):
                missing -= other.reserved
                _stop(other)

    def _stoppable(self) -> list[Upload]:
        return [
            each
            for each in self._uploads
            if not (each.is_trusted or each.is_complete or each.is_stopped)
            and each not in self._waiting
        ]


def _stop(upload: Upload) -> None:
    upload.is_stopped = True
    upload.stop()
