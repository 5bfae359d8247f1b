"""A timer for counts that are to be logged though nothing may follow what was counted."""

import asyncio
from collections.abc import Callable


class Reminder:
    """Calls `tell` in `seconds`, again and again while `is_pending`; call `look` when it may be.

    Where no loop is running, as in another thread, that is left to the next call.
    """

    def __init__(
        self, seconds: float, is_pending: Callable[[], bool], tell: Callable[[], None]
    ) -> None:
        self._seconds, self._is_pending, self._tell = seconds, is_pending, tell
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        if self._timer is None and self._is_pending():
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._timer = loop.call_later(self._seconds, self._due)

    def cancel(self) -> None:
        """Nothing more is going to happen."""
        if self._timer:
            self._timer.cancel()

    def _due(self) -> None:
        self._timer = None
        self._tell()
        self.look()
