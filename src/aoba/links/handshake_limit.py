"""Lets in a number of tasks at a time; of those that wait, the last to come is the first to enter.

For handshakes of TLS, of which only so many can be under way. Whoever keeps a place for long is not
honest, and neither are those who wait longest behind him. So a flood of clients that stop in the
middle of their handshake stands in its own way: 800 of them keep another client waiting a second.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class LifoSemaphore:
    def __init__(self, places: int) -> None:
        self._places = places
        self._taken = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_crowded(self) -> bool:
        """Whether at least half of the places are taken."""
        return 2 * self._taken >= self._places

    @asynccontextmanager
    async def place(self, until: float) -> AsyncIterator[None]:
        """Have a place. Raises TimeoutError if there is none by the loop's time `until`."""
        if self._taken >= self._places:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                async with asyncio.timeout_at(until):
                    await turn
            except BaseException:
                self._give_up(turn)
                raise
        else:
            self._taken += 1
        try:
            yield
        finally:
            self._leave()

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        else:
            self._leave()  # the place came at the same time

    def _leave(self) -> None:
        """Hand the place on, or back."""
        if self._waiting:
            self._waiting.pop().set_result(None)
        else:
            self._taken -= 1
