"""Waiting for a time of `time.monotonic`, which all of Aoba's times are of."""

import asyncio
import time


async def sleep_until(due: float) -> None:
    """Returns at `due` or, where the loop is busy, after it; never before."""
    # More than once where need be: the loop's timers are cut to milliseconds and may be early.
    while (left := due - time.monotonic()) > 0:  # noqa: ASYNC110  no event, the clock
        await asyncio.sleep(left)
