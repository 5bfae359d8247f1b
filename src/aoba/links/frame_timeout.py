"""When nothing more comes: tells a session that a frame has begun, but does not go on."""

import asyncio
from collections.abc import Callable


class FrameTimeout:
    """Calls `on_gap` once, `seconds` after the last `watch`."""

    def __init__(self, seconds: float, on_gap: Callable[[], None]) -> None:
        self._seconds = seconds
        self._on_gap = on_gap
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, *, waiting: bool, at_least: float = 0) -> None:
        """Bytes have come; `waiting` says whether they are the begin of more."""
        self.cancel()
        if waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(self._seconds, at_least), self._over)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        self._timer = None
        self._on_gap()
