"""How much of the event loop's time one source of work may take while it never runs out of it.

What others send, such as posts and messages, is taken step by step. A step is what a task does
between two pauses; it is timed and charged, and behind each step whoever asks over Modbus is
answered. Who has used up `BURST` seconds goes on at `SHARE` of the time that passes, so that a
flood costs the one who floods: its bytes wait in the sockets, where they slow down its sender.

Steps are timed from outside, as callbacks of the loop run in the order in which they were asked
for: one that looks at the clock, the step itself, one that looks at the clock again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

SHARE: Final = 1 / 3
BURST: Final = 0.02
"""Seconds, saved up while there was less to do. Others still have their turn behind each step."""

_SHORTEST: Final = 0.001  # seconds of a pause; uvloop's timers know nothing shorter


class LoopShare:
    """Tasks call `turn` before each step. They have their turns in the order in which they ask."""

    def __init__(
        self,
        share: float = SHARE,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share, self._burst, self._clock = share, burst, clock
        self._left = burst
        self._charged_at = clock()
        self._begun = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_active = False  # a step is under way, or the pause behind one

    async def turn(self) -> None:
        """Wait until it is the caller's turn; charged is all it does until it waits again."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append(future)
        if not self._is_active:
            self._is_active = True
            loop.call_soon(self._next)  # when the caller waits
        await future

    def _next(self) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():  # else who waited was cancelled
                loop = asyncio.get_running_loop()
                loop.call_soon(self._begin)
                future.set_result(None)
                loop.call_soon(self._end)
                return
        self._is_active = False

    def _begin(self) -> None:
        self._begun = self._clock()

    def _end(self) -> None:
        now = self._clock()
        gained = (now - self._charged_at) * self._share
        self._left = min(self._burst, self._left + gained) - (now - self._begun)
        self._charged_at = now
        if self._left > 0:
            self._next()
        else:
            pause = max(_SHORTEST, -self._left / self._share)
            asyncio.get_running_loop().call_later(pause, self._next)
