"""All that is asked at one target, by however many: over one connection, one after the other.

A serial port can be opened only once, and many devices take a single connection. It is opened with
the first request and opened again by itself. While that fails, requests fail at once until the next
attempt is due, so that nobody waits for a place that is known to be down.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aoba.client.channel_state import ChannelState
from aoba.client.connection import LINGER, Connection
from aoba.client.reconnector import Reconnector
from aoba.client.request_queue import RequestQueue
from aoba.client.words import FROM_GATEWAYS
from aoba.endpoints.device import Target
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import DeviceBusy, DeviceError, DeviceException, NoAnswer, NoConnection, UsageError
from aoba.logs.trace_level import TraceLevel
from aoba.retry import Backoff

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds until the next attempt to connect; doubled while it fails."""

IDLE_TIMEOUT: Final = 0.05
"""Seconds without a request after which a connection is closed that is not to be kept open."""

T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    unit: int
    policy: RetryPolicy
    request: Callable[[Connection], Awaitable[Any]]
    answer: asyncio.Future[Any]
    is_write: bool


class Channel:
    """Use it in a running loop; `close` it at the end."""

    def __init__(self, target: Target, level: TraceLevel = TraceLevel.OFF) -> None:
        self.target = target
        self._state = ChannelState(target, level)
        self.units: Counter[int] = Counter()
        """Of those who use it, as often as they do; told by themselves."""
        self._queue = RequestQueue[_Job]()
        self._more = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._reconnector = Reconnector(self._state)
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._down: NoConnection | None = None

    @property
    def gives_back(self) -> bool:
        """Whether what is sent comes back, and nobody has said that it would."""
        return self._state.echo.is_unexpected

    async def ask(
        self,
        unit: int,
        request: Callable[[Connection], Awaitable[T]],
        policy: RetryPolicy,
        *,
        is_write: bool = False,
    ) -> T:
        """What `request` gives, to which the connection is lent when it is its turn.

        Raises DeviceError, and DeviceBusy where too many writes wait for that station already.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(unit, policy, request, answer, is_write)
        if not self._queue.put(unit, job, is_write=is_write):
            raise DeviceBusy(f"{self.target}: too many writes to station {unit} wait already")
        self._worker = self._worker or asyncio.create_task(self._work())
        self._more.set()
        return await answer

    async def close(self) -> None:
        """Break off what is under way, and leave unanswered what waits."""
        if self._worker:
            self._worker.cancel()
            await asyncio.wait((self._worker,))
        await self._reconnector.close(LINGER)

    async def _work(self) -> None:
        while True:
            job = self._queue.take()
            if job is None:
                self._more.clear()
                if not self.target.requests.keep_open:
                    await self._close_unless_more()
                await self._more.wait()
            elif not job.answer.done():  # else whoever asked waits no more
                await self._carry_out(job)

    async def _close_unless_more(self) -> None:
        """Who polls several blocks asks for each when it has got the one before."""
        try:
            async with asyncio.timeout(IDLE_TIMEOUT):
                await self._more.wait()
        except TimeoutError:
            await self._reconnector.close()

    async def _carry_out(self, job: _Job) -> None:
        try:
            result = await self._result(job)
        except DeviceError as error:
            self._queue.heard(job.unit, is_silent=is_silence(error))
            await self._reconnector.failed(error)
            _settle(job.answer, error)
        except Exception as error:  # noqa: BLE001  of whoever asks; the others go on
            _settle(job.answer, error)
        else:
            self._queue.heard(job.unit, is_silent=False)
            if not job.answer.done():
                job.answer.set_result(result)

    async def _result(self, job: _Job) -> Any:
        """Raises DeviceError.

        Some devices close a connection after each answer, or after a while. Where that and the next
        request cross each other, a read is asked for again; a write may have been carried out.
        """
        was_open = self._reconnector.connection
        connection = await self._connected(job.policy)
        try:
            return await self._request(job, connection)
        except NoConnection:
            if job.is_write or connection is not was_open:
                raise
        return await self._request(job, await self._connected(job.policy))

    async def _request(self, job: _Job, connection: Connection) -> Any:
        connection.timeout, connection.retries, connection.busy_retries = job.policy
        return await job.request(connection)

    async def _connected(self, policy: RetryPolicy) -> Connection:
        connection = self._reconnector.connection
        if connection and not connection.is_lost:
            return connection
        await self._reconnector.close()
        if self._down and time.monotonic() < self._backoff.until:
            raise NoConnection(str(self._down))
        try:
            connection = await self._reconnector.open(policy)
        except (NoConnection, UsageError) as error:
            self._backoff.failed(time.monotonic())
            self._down = NoConnection(str(error))
            raise self._down from None
        self._backoff.reset()
        self._down = None
        return connection


def is_silence(error: DeviceError) -> bool:
    """Whether the station did not answer, be it that a gateway on the way to it says so."""
    if isinstance(error, DeviceException):
        return error.code in FROM_GATEWAYS
    return isinstance(error, NoAnswer)


def _settle(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
