"""Calls of one source, or of whoever else has files: one after the other, each within bounds.

So a file system that hangs costs one thread of the worker for each of those who use it, and none of
those who do not.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import Any, Final, TypeVar

from aoba.worker.client import HANGS, Call, worker

T = TypeVar("T")

ANSWER: Final = 5.0
"""Seconds that a file system has, as one whose disks have to start first."""


class Caller:
    """Functions are called in the worker, so they and their arguments have to be pickled.

    Modules that they are of are imported there: the smaller, the better.
    """

    def __init__(self) -> None:
        self._call: Call | None = None  # that is under way
        self._ended = asyncio.Event()
        self._hangs = False

    async def call(
        self, function: Callable[..., T], *arguments: Any, seconds: float | None = ANSWER
    ) -> T:
        """What `function` returns. Raises what it raises, and OSError where there is no worker.

        Raises TimeoutError where it takes longer than `seconds`, and from then on at once, as long
        as it has not returned. With None it is waited for.
        """
        if self._call is not None:
            await self._wait(0.0 if self._hangs and seconds is not None else seconds)
        self._ended = asyncio.Event()
        call = Call(self._ended.set)
        worker.send(call, function, arguments)
        self._call = call
        worker.attach(asyncio.get_running_loop())
        await self._wait(seconds)
        self._call = None
        result: T = call.result()
        return result

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            self._hangs = True
            raise TimeoutError(errno.ETIMEDOUT, HANGS) from None
        finally:
            if self._call is not None and not self._call.has_ended:
                self._call.given_up = True
        self._hangs = False
