"""Which unit ids answer. Any answer will do, an exception too, but not that of a gateway.

A unit id is asked for one holding register: each device knows that function, or refuses it. Who
answers is asked for its identification, which others may take badly.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from aoba.client.blocks import Block
from aoba.client.channel_state import ChannelState
from aoba.client.connection import LINGER, Connection
from aoba.client.requests import identify, read_once
from aoba.client.words import FROM_GATEWAYS, in_log
from aoba.endpoints.device import Target, has_broadcast
from aoba.errors import BadAnswer, DeviceError, DeviceException, NoAnswer, NoConnection, Unasked
from aoba.identity import has_name, object_name
from aoba.logs.trace_level import TraceLevel
from aoba.modbus.spec import Table
from aoba.spans import Span

OPENING: Final = 2.0
"""Seconds that a connection may take, at least."""

SLOW: Final = 0.8
"""Seconds for each unit id, when those that were silent on a line are asked once more.

Stations built with libmodbus wait half a second for the answer to a question to another station,
and take for it whatever comes. So they miss a question that follows too soon.
"""


class Asked(NamedTuple):
    unit: int
    answers: bool
    exception: int | None = None
    """What it answered with, if that was an exception."""
    identity: dict[str, str] = {}  # noqa: RUF012  never changed
    again: bool = False
    """Whether it is asked once more, at the end: it may have missed the question, see `SLOW`."""
    came: str = ""
    """What came instead of an answer, if anything did, and what to do about it."""


async def scan(
    target: Target,
    units: Iterable[int],
    timeout: float,
    parallel: int = 1,
    trace: TraceLevel = TraceLevel.OFF,
) -> AsyncIterator[Asked]:
    """Each unit id, when it has answered or been silent for `timeout` seconds.

    `parallel` is how many connections ask at a time. Raises NoConnection.
    """
    todo = iter(units)
    news: asyncio.Queue[Asked | asyncio.Task[None]] = asyncio.Queue()
    lines = [ChannelState(target, trace) for _ in range(parallel)]
    workers = [asyncio.create_task(_work(line, todo, timeout, news)) for line in lines]
    for worker in workers:
        worker.add_done_callback(news.put_nowait)
    running = len(workers)
    try:
        while running:
            got = await news.get()
            if isinstance(got, Asked):
                yield got
            else:
                got.result()
                running -= 1
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _work(
    line: ChannelState, todo: Iterator[int], timeout: float, news: asyncio.Queue[Any]
) -> None:
    asking = _Asking(line, timeout)
    has_second_pass = has_broadcast(line.target) and timeout < SLOW
    silent = []
    try:
        for unit in todo:
            asked = await asking.ask(unit)
            if has_second_pass and not asked.answers and asked.exception is None:
                asked = asked._replace(again=True)
                silent.append(unit)
            news.put_nowait(asked)
        if silent:
            await asyncio.sleep(SLOW)
            asking.timeout = SLOW
            for unit in silent:
                news.put_nowait(await asking.ask(unit))
    finally:
        await asking.close(LINGER)


class _Asking:
    """One unit id after the other, over as many connections as it takes."""

    def __init__(self, line: ChannelState, timeout: float) -> None:
        self.timeout = timeout
        self._line = line
        self._connection: Connection | None = None

    async def ask(self, unit: int) -> Asked:
        """Raises NoConnection."""
        try:
            return await _ask(await self._connected(), unit)
        except NoConnection:  # it may have been lost over the unit id before
            if not self._connection:
                raise
            await self.close()
        return await _ask_stranger(await self._connected(), unit)

    async def close(self, linger: float = 0.0) -> None:
        """Wait for late answers before, for `linger` seconds at most."""
        if self._connection:
            connection, self._connection = self._connection, None
            await connection.close(linger)

    async def _connected(self) -> Connection:
        """An answer is soon missed, but who has no connection asks nobody."""
        if self._connection and self._connection.is_lost:
            await self.close()
        if not self._connection:
            opening = max(self.timeout, OPENING)
            self._connection = await Connection.connect(self._line, self.timeout, opening=opening)
        self._connection.timeout = self.timeout
        return self._connection


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
    except (NoAnswer, Unasked) as error:
        came = in_log(error, connection.target) if _has_come(error) else ""
        return Asked(unit, answers=False, came=came)
    except BadAnswer:  # of two stations with the same id, perhaps
        return Asked(unit, answers=True)
    if exception in FROM_GATEWAYS:
        return Asked(unit, answers=False, exception=exception)
    identity: dict[int, bytes] = {}
    with suppress(DeviceError):
        identity = await identify(connection, unit)
    return Asked(unit, True, exception, _named(identity))


def _has_come(error: NoAnswer | Unasked) -> bool:
    return isinstance(error, Unasked) or error.kind is not None


def _named(objects: dict[int, bytes]) -> dict[str, str]:
    """Those with a name, and the user's own; what lies between is reserved."""
    return {
        object_name(number): value.decode(errors="replace")
        for number, value in sorted(objects.items())
        if has_name(number)
    }
