"""Calls of one source, or of whoever else has files: one after the other, each within bounds.

So a file system that hangs costs one thread of the worker for each of those who use it, and none of
those who do not.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from aoba.worker.client import HANGS, Call, worker

T = TypeVar("T")

ANSWER: Final = 5.0
"""Seconds that a file system has, as one whose disks have to start first."""


class Caller:
    """Functions are called in the worker, so they and their arguments have to be pickled.

    Modules that they are of are imported there: the smaller, the better. Several tasks may use it:
    each waits for its turn, within the same bounds.
    """

    def __init__(self) -> None:
        self._call: Call | None = None  # that is under way, of whoever has made it
        self._ended = asyncio.Event()
        self._hangs = False

    async def call(
        self, function: Callable[..., T], *arguments: Any, seconds: float | None = ANSWER
    ) -> T:
        """What `function` returns. Raises what it raises, and OSError where there is no worker.

        Raises TimeoutError where it takes longer than `seconds`, and from then on at once, as long
        as it has not returned. With None it is waited for.
        """
        async with self._bound(0.0 if self._hangs and seconds is not None else seconds):
            while self._call is not None:
                await self._ended.wait()
        ended = self._ended = asyncio.Event()
        call = Call(lambda: self._end(ended))
        worker.send(call, function, arguments)
        self._call = call
        try:
            worker.attach(asyncio.get_running_loop())
            async with self._bound(seconds):
                await ended.wait()
        except BaseException:  # also where there was an answer in that very moment
            call.give_up()
            raise
        result: T = call.result()
        return result

    def _end(self, ended: asyncio.Event) -> None:
        self._call, self._hangs = None, False
        ended.set()

    @asynccontextmanager
    async def _bound(self, seconds: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            self._hangs = self._call is not None
            raise TimeoutError(errno.ETIMEDOUT, HANGS) from None
