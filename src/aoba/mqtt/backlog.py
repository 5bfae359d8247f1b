"""Messages that wait until there is time for them.

All of them, as long as they are few; else the newest of each topic. What is passed over was
replaced, except where more topics than fit have something to say at the same time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from aiomqtt import Message

from aoba.document.stream import MAX_VALUE

MAX_MESSAGES: Final = 256
MAX_BYTES: Final = 4 * MAX_VALUE
"""Of payload, unless a single message is larger."""


class Backlog(asyncio.Queue[Message]):
    """For a client, as its `queue_type`; it never has to wait for room.

    `passed_over` is called where messages are.
    """

    def __init__(self, maxsize: int = 0, *, passed_over: Callable[[], None]) -> None:
        self._passed_over = passed_over
        super().__init__(maxsize)

    def _init(self, maxsize: int) -> None:  # noqa: ARG002  what the base class calls it with
        self._bytes = 0
        self._queue: deque[Message] = deque()

    def _put(self, item: Message) -> None:
        self._queue.append(item)
        self._bytes += _size(item)
        if self._is_full():
            self._keep_newest()

    def _get(self) -> Message:
        item = self._queue.popleft()
        self._bytes -= _size(item)
        return item

    def _is_full(self) -> bool:
        return len(self._queue) > MAX_MESSAGES or self._bytes > MAX_BYTES

    def _keep_newest(self) -> None:
        newest: dict[str, Message] = {}
        for item in self._queue:
            newest.pop(item.topic.value, None)  # so that it stands where it came
            newest[item.topic.value] = item
        self._queue = deque(newest.values())
        self._bytes = sum(map(_size, self._queue))
        while self._is_full() and len(self._queue) > 1:
            self._get()
        self._passed_over()


def _size(item: Message) -> int:
    return len(item.payload)
