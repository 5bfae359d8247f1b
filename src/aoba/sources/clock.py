"""Waiting for a time of `time.monotonic`, which all of Aoba's times are of."""

import asyncio
import time


async def sleep_until(due: float) -> None:
    """Returns at `due` or, where the loop is busy, after it; never before."""
    # The loop's timers are cut to milliseconds. Late by one is better than early, and once more.
    while (left := due - time.monotonic()) > 0:  # noqa: ASYNC110  no event, the clock
        await asyncio.sleep(left + 0.0005)
