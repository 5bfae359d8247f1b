"""Reads the same again and again, and connects again by itself.

Slots are counted from start to start, as those of scripts; one that passes during a slow read, or
an attempt to connect, is skipped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from aoba.client.channel_state import ChannelState
from aoba.client.connection import LINGER, Connection
from aoba.client.reconnector import Reconnector
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import DeviceError

T = TypeVar("T")


async def poll(
    state: ChannelState,
    policy: RetryPolicy,
    read: Callable[[Connection], Awaitable[T]],
    every: float,
) -> AsyncIterator[T | DeviceError]:
    """What `read` gives every `every` seconds, or why it gives nothing; never ends by itself.

    Raises UsageError where a certificate of ours cannot be used.
    """
    started = time.monotonic()
    reconnector = Reconnector(state)
    try:
        while True:
            try:
                got: T | DeviceError = await read(await reconnector.open(policy))
            except DeviceError as error:
                got = error
                await reconnector.failed(error)
            if not state.target.requests.keep_open:
                await reconnector.close()
            yield got
            await asyncio.sleep(every - (time.monotonic() - started) % every)
    finally:
        await reconnector.close(LINGER)
