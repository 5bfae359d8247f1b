"""Waiting and timing, for what happens a hundred times a second and hardly ever runs out.

A timer of the loop that is made and cancelled in each run would cost more than the run. Here one is
made when there is none, and when it fires too early for what is wanted by then, it is made again.
"""

import asyncio
import time
from collections.abc import Callable
from math import ceil


class ReusableTimer:
    """Calls `callback` at a time that may be moved, at next to no cost."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback
        self._when: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0

    def set(self, when: float) -> None:
        """`when` is of `time.monotonic`; whatever was set before no longer holds."""
        self._when = when
        if self._timer is None:
            self._start(when)
        elif when < self._fires_at:
            self._timer.cancel()
            self._start(when)

    def unset(self) -> None:
        self._when = None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, when: float) -> None:
        self._fires_at = when
        loop = asyncio.get_running_loop()
        # uvloop counts whole milliseconds, of a clock that stands still in a turn of the loop.
        # Up to one late is better than early and again.
        seconds = ceil(1000 * when) / 1000 - loop.time()
        self._timer = loop.call_later(max(0.0, seconds), self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._when is None:
            return
        if self._when > time.monotonic():
            self._start(self._when)
        else:
            self._when = None
            self._callback()


class ReusableEvent:
    """An event that one task waits for, again and again, with a deadline; `close` it at last."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None
        self._alarm = ReusableTimer(self.set)

    def set(self) -> None:
        self._is_set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        self._is_set = False

    async def wait(self, deadline: float) -> None:
        """Until it is set, or until `deadline`, of `time.monotonic`, has come."""
        if self._is_set:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        self._alarm.set(deadline)
        try:
            await self._waiter
        finally:
            self._alarm.unset()
            self._waiter = None

    def close(self) -> None:
        self._alarm.close()
