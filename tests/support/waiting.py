"""Waiting for a condition, never for luck."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

DEADLINE: Final = 30.0
"""Seconds; far more than anything here takes on a busy machine."""


def eventually(condition: Callable[[], T], what: str = "it", seconds: float = DEADLINE) -> T:
    """Return what `condition` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.01)
    return result


async def soon(condition: Callable[[], T]) -> T:
    """The same for a condition that the event loop brings about."""
    async with asyncio.timeout(DEADLINE):
        while not (result := condition()):  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.001)
    return result
