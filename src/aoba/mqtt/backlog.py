"""Messages that wait until there is time for them.

All of them, as long as they are few; else the newest of each topic. Where even these are too many,
no more are read until there is room: they wait in the connection, and at the broker.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from aoba.document.stream import MAX_VALUE

MAX_MESSAGES: Final = 256
"""From which on no more are read. Before, up to twice as many wait, so that it is rare that those
which were replaced are looked for."""
MAX_BYTES: Final = MAX_VALUE
"""The same of topics and payload together."""


class Message(NamedTuple):
    topic: str
    payload: bytes
    """Empty where it was too large for a document."""
    is_kept: bool = False
    """Whether the broker had it before we subscribed."""
    size: int = 0
    """Bytes that the payload had."""

    @property
    def cost(self) -> int:
        return len(self.topic) + len(self.payload)


class Backlog:
    """`passed_over` is called where messages are replaced."""

    def __init__(self, passed_over: Callable[[], None]) -> None:
        self.has_room = asyncio.Event()
        """Whether there may be a `put`."""
        self.has_room.set()
        self.arrived = asyncio.Event()
        """Set by each `put`."""
        self._passed_over = passed_over
        self._messages: deque[Message] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> None:
        self._messages.append(message)
        self._bytes += message.cost
        if len(self._messages) >= 2 * MAX_MESSAGES or self._bytes >= MAX_BYTES:
            self._keep_newest()
        self.arrived.set()

    def take(self) -> Message:
        """The oldest. Raises IndexError where there is none."""
        message = self._messages.popleft()
        self._bytes -= message.cost
        if not (self.has_room.is_set() or self._is_full()):
            self.has_room.set()
        return message

    def _is_full(self) -> bool:
        return len(self._messages) >= MAX_MESSAGES or self._bytes >= MAX_BYTES

    def _keep_newest(self) -> None:
        newest: dict[str, Message] = {}
        for message in self._messages:
            newest.pop(message.topic, None)  # so that it stands where it came
            newest[message.topic] = message
        if len(newest) < len(self._messages):
            self._messages = deque(newest.values())
            self._bytes = sum(message.cost for message in self._messages)
            self._passed_over()
        if self._is_full():
            self.has_room.clear()
