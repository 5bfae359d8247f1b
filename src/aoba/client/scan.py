"""Which unit ids answer. Any answer will do, an exception too, but not that of a gateway.

A unit id is asked for one holding register: each device knows that function, or refuses it. Who
answers is asked for its identification, which others may take badly.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from aoba.client.blocks import Block
from aoba.client.connection import LINGER, Connection
from aoba.client.line_state import LineState
from aoba.client.requests import identify, read_once
from aoba.client.target import Target
from aoba.client.words import FROM_GATEWAYS
from aoba.errors import BadAnswer, DeviceError, DeviceException, NoAnswer, NoConnection
from aoba.identity import has_name, object_name
from aoba.links.trace import Level
from aoba.modbus.spec import Table
from aoba.spans import Span

OPENING: Final = 2.0
"""Seconds that a connection may take, at least."""


class Asked(NamedTuple):
    unit: int
    answers: bool
    exception: int | None = None
    """What it answered with, if that was an exception."""
    identity: dict[str, str] = {}  # noqa: RUF012  never changed


async def scan(
    target: Target,
    units: Iterable[int],
    timeout: float,
    parallel: int = 1,
    trace: Level = Level.OFF,
) -> AsyncIterator[Asked]:
    """Each unit id, when it has answered or been silent for `timeout` seconds.

    `parallel` is how many connections ask at a time. Raises NoConnection.
    """
    lines = [LineState(target, trace) for _ in range(parallel)]
    todo = iter(units)
    done: asyncio.Queue[Asked | None] = asyncio.Queue()
    workers = [asyncio.create_task(_work(line, todo, timeout, done)) for line in lines]
    all_of_them = asyncio.gather(*workers)
    all_of_them.add_done_callback(lambda _: done.put_nowait(None))
    try:
        while one := await done.get():
            yield one
        await all_of_them
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _work(
    line: LineState, todo: Iterator[int], timeout: float, done: asyncio.Queue[Asked | None]
) -> None:
    connection = await _connect(line, timeout)
    try:
        for unit in todo:
            try:
                asked = await _ask(connection, unit)
            except NoConnection:  # it may have been lost over the unit id before
                await connection.close()
                connection = await _connect(line, timeout)
                asked = await _ask_stranger(connection, unit)
            done.put_nowait(asked)
    finally:
        await connection.close(LINGER)


async def _connect(line: LineState, timeout: float) -> Connection:
    """An answer is soon missed, but who has no connection asks nobody."""
    return await Connection.connect(line, timeout, opening=max(timeout, OPENING))


async def _ask_stranger(connection: Connection, unit: int) -> Asked:
    """There are devices that hang up on those who ask for others; but UDP has nothing to hang up.

    Raises NoConnection.
    """
    try:
        return await _ask(connection, unit)
    except NoConnection:
        if getattr(connection.target, "scheme", None) == "udp":
            raise
        return Asked(unit, answers=False)


async def _ask(connection: Connection, unit: int) -> Asked:
    """Raises NoConnection."""
    exception = None
    try:
        await read_once(connection, Block(unit, Table.HOLDING, Span(0, 1)))
    except DeviceException as error:
        exception = error.code
    except NoAnswer:
        return Asked(unit, answers=False)
    except BadAnswer:  # of two stations with the same id, perhaps
        return Asked(unit, answers=True)
    if exception in FROM_GATEWAYS:
        return Asked(unit, answers=False, exception=exception)
    identity: dict[int, bytes] = {}
    with suppress(DeviceError):
        identity = await identify(connection, unit)
    return Asked(unit, True, exception, _named(identity))


def _named(objects: dict[int, bytes]) -> dict[str, str]:
    """Those with a name, and the user's own; what lies between is reserved."""
    return {
        object_name(number): value.decode(errors="replace")
        for number, value in sorted(objects.items())
        if has_name(number)
    }
