"""What is remembered of one connection or line: its last frames, for when something goes wrong.

Remembering is a single call of a deque's own method, since it is done for each request. What comes
of it, and of what went wrong, is up to subclasses: this one keeps frames and says nothing.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

FRAMES: Final = 20

Entry = tuple[bytes, bytes | None]
"""A request and its answer, empty where nothing was sent, as on the wire.

With None, the frame was for another device, or came from one.
"""


class FrameHistory:
    __slots__ = ("_entries", "add")

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=FRAMES)
        self.add: Callable[[Entry], None] = self._entries.append

    def broken(self, reason: str, data: bytes) -> None:
        """`data` is no frame, or no good one."""

    def noticed(self, text: str) -> None:
        """Something about the line that people can do something about."""

    def refused(self, unit: int, pdu: bytes, code: int, reason: Callable[[], str]) -> None:
        """The request `pdu` to `unit` is answered with an exception, and `reason` knows why."""


class Framing(NamedTuple):
    """How frames are taken apart and shown."""

    parts: Callable[[bytes], tuple[int, bytes]]
    """A frame -> its unit id and PDU."""
    shown: Callable[[bytes], str]


def in_hex(data: bytes) -> str:
    return data.hex(" ").upper()
