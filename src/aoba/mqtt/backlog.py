"""Messages that wait until there is time for them.

All of them, as long as they are few; else the newest of each topic. What is passed over was
replaced, except where more topics than fit have something to say at the same time.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from aoba.document.stream import MAX_VALUE

MAX_MESSAGES: Final = 256
MAX_BYTES: Final = 4 * MAX_VALUE
"""Of payload, unless a single message is larger."""


class Message(NamedTuple):
    topic: str
    payload: bytes
    is_kept: bool = False
    """Whether the broker had it before we subscribed."""


class Backlog:
    """`passed_over` is called where messages are."""

    def __init__(self, passed_over: Callable[[], None]) -> None:
        self._passed_over = passed_over
        self._messages: deque[Message] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> None:
        self._messages.append(message)
        self._bytes += len(message.payload)
        if self._is_full():
            self._keep_newest()

    def take(self) -> Message:
        """The oldest. Raises IndexError where there is none."""
        message = self._messages.popleft()
        self._bytes -= len(message.payload)
        return message

    def _is_full(self) -> bool:
        return len(self._messages) > MAX_MESSAGES or self._bytes > MAX_BYTES

    def _keep_newest(self) -> None:
        newest: dict[str, Message] = {}
        for message in self._messages:
            newest.pop(message.topic, None)  # so that it stands where it came
            newest[message.topic] = message
        self._messages = deque(newest.values())
        self._bytes = sum(len(message.payload) for message in self._messages)
        while self._is_full() and len(self._messages) > 1:
            self.take()
        self._passed_over()
