"""Reads the same again and again, and connects again by itself.

Slots are counted from start to start, as those of scripts; one that passes during a slow read, or
an attempt to connect, is skipped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from aoba.client.connection import Connection
from aoba.client.target import SerialUrl, Target
from aoba.errors import DeviceError, DeviceException, NoAnswer

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
                if connection and is_over(connection.target, error):
                    await connection.close()
                    connection = None
            yield got
            await asyncio.sleep(every - (time.monotonic() - started) % every)
    finally:
        if connection:
            await connection.close()


def is_over(target: Target, error: DeviceError) -> bool:
    """Whether another connection may do better; a host that was cut off never says goodbye."""
    if isinstance(error, NoAnswer):
        return not isinstance(target, SerialUrl)
    return not isinstance(error, DeviceException)
