"""Reads the same again and again, and connects again by itself.

Slots are counted from start to start, as those of scripts; one that passes during a slow read, or
an attempt to connect, is skipped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from aoba.client.connection import LINGER, Connection
from aoba.errors import DeviceError

T = TypeVar("T")


async def poll(
    connect: Callable[[], Awaitable[Connection]],
    read: Callable[[Connection], Awaitable[T]],
    every: float,
) -> AsyncIterator[T | DeviceError]:
    """What `read` gives every `every` seconds, or why it gives nothing; never ends by itself.

    Raises UsageError where a certificate of ours cannot be used.
    """
    started = time.monotonic()
    connection: Connection | None = None
    try:
        while True:
            try:
                connection = connection or await connect()
                got: T | DeviceError = await read(connection)
            except DeviceError as error:
                got = error
                if connection and connection.is_over(error):
                    await connection.close()
                    connection = None
            if connection and not connection.target.requests.keep_open:
                await connection.close()
                connection = None
            yield got
            await asyncio.sleep(every - (time.monotonic() - started) % every)
    finally:
        if connection:
            await connection.close(linger=LINGER)
