"""Keeps devices at what the documents say, over one connection that is opened again by itself.

A round goes through the stations, one after the other, and writes what differs at the moment of
each request; so however many documents come meanwhile, the newest values are written, once. Then it
rests until there is a document, a time to try something again, or the connection is lost.

A station that is silent is left alone for a while, and the others go on. Where no station answers,
it is the way there that is broken: nothing is known then of what the devices hold, and all is
written again when they are back.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Collection
from math import inf
from typing import Final, NamedTuple

from aoba.client.connection import Connection
from aoba.client.poll import is_over
from aoba.client.target import Target, TlsTarget
from aoba.client.transport import client_context
from aoba.client.words import FROM_GATEWAYS
from aoba.document.schema import Document
from aoba.errors import DeviceError, DeviceException, NoAnswer, NoConnection, UsageError
from aoba.push.exchange import Exchange, Manner
from aoba.push.plan import Plan, Station
from aoba.push.report import Report
from aoba.push.trouble import Trouble
from aoba.registers.image import Image

GRACE: Final = 1.0
"""Seconds that a round under way has at the end."""

STALE: Final = 1.0
"""Seconds after which values that a source withholds, since it is stale, are noticed."""


class Options(NamedTuple):
    timeout: float
    retries: int
    refresh: float | None
    """Seconds after which everything is written again; None: never."""
    manner: Manner
    may_be_stale: bool = False
    """Whether sources withhold their values at times."""


class Pusher:
    """Implements `Outlet`. `feeding` are the sources to be told what the devices hold."""

    def __init__(
        self, target: Target, image: Image, options: Options, feeding: Collection[str] = ()
    ) -> None:
        self._target, self._options = target, options
        self._plan = Plan(image, feeding)
        self._report = Report(target, self._plan)
        self._news, self._stop = asyncio.Event(), asyncio.Event()
        self._line = Trouble(first=0.1, most=2.0)
        self._lost_by: DeviceError | None = None  # a connection that had been of use
        self._introduced = False  # whether the log has been told of a connection
        self._renew_at = inf
        self._exchange: Exchange | None = None
        self._written_before: Counter[int] = Counter()  # when the connection was opened
        self._life: asyncio.Task[None] | None = None
        image.watch(self._hear)

    async def bind(self) -> None:
        """Raises UsageError where a certificate of ours cannot be used."""
        if isinstance(self._target, TlsTarget):
            client_context(self._target)

    async def serve(self) -> None:
        self._report.begins()
        self._life = asyncio.create_task(self._live())

    async def close(self) -> None:
        self._stop.set()
        if self._life:
            await asyncio.wait((self._life,), timeout=GRACE)
            self._life.cancel()
            await asyncio.wait((self._life,))
            self._report.end()

    def _hear(self, source: str, document: Document) -> None:
        self._report.remarks(self._plan.hear(source, document))
        self._news.set()

    async def _live(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    await self._go_on()
                except DeviceError as error:
                    await self._failed(error)
                except UsageError as error:  # of files that were fine when Aoba was started
                    await self._failed(NoConnection(str(error)))
                except Exception:  # noqa: BLE001  whatever happens, the next round follows
                    self._report.defect()
                    await self._failed(NoConnection("given up"))
        finally:
            await self._disconnect()

    async def _go_on(self) -> None:
        """Do what there is to do, and wait for more. Raises DeviceError, UsageError."""
        if self._exchange is None:
            timeout, retries = self._options.timeout, self._options.retries
            connection = await Connection.connect(self._target, timeout, retries)
            manner = self._options.manner
            self._exchange = Exchange(connection, self._plan, self._report, manner)
            self._written_before = self._report.written
        if await self._round(self._exchange):
            await self._rest(self._exchange.connection)
        else:
            await self._disconnect()

    async def _round(self, exchange: Exchange) -> bool:
        """Go through the stations; returns whether the connection may still be of use.

        Raises DeviceError where it is not, and where no station answers.
        """
        self._news.clear()
        self._renew()
        answers = exchange.answers
        silent: list[tuple[Station, DeviceError]] = []
        for station in self._plan:
            if self._stop.is_set():
                break
            if station.silence.until <= time.monotonic():
                try:
                    await self._serve(exchange, station)
                except DeviceError as error:
                    if not _is_silence(error):
                        raise
                    silent.append((station, error))
        if silent and not any(station.is_well for station in self._plan):
            raise silent[0][1]
        for station, reason in silent:
            self._report.failures["silence"] += 1
            self._report.trouble(station.silence.happened(self._words(reason), time.monotonic()))
        if exchange.answers:
            self._tell_of_connection()
        return exchange.answers > answers or not silent or not is_over(self._target, silent[0][1])

    async def _serve(self, exchange: Exchange, station: Station) -> None:
        """Raises DeviceError."""
        answers, written = exchange.answers, self._report.written
        try:
            await exchange.serve(station)
        except DeviceError as error:
            station.is_well = False
            station.forget()
            if exchange.answers and not _is_silence(error):
                # It may be this station over which connections are lost.
                station.silence.wait(time.monotonic())
            raise
        if exchange.answers == answers:  # there was nothing to say
            station.silence.until = 0.0
            return
        station.is_well = True
        was_told = station.silence.lasts
        self._report.trouble(station.silence.over())
        if was_told:
            self._report.connected(f"station {station.unit} answers again", written)

    def _renew(self) -> None:
        now = time.monotonic()
        if now >= self._renew_at:
            self._plan.renew()
        if self._options.refresh and (now >= self._renew_at or self._renew_at == inf):
            self._renew_at = now + self._options.refresh

    def _tell_of_connection(self) -> None:
        """There is one that serves."""
        how = "connected"
        if self._line.since is not None:
            how = f"back after {time.monotonic() - self._line.since:.1f} s"
        elif self._lost_by:
            how = f"connected again, after this: {self._words(self._lost_by)}"
        self._report.trouble(self._line.over())
        if how != "connected" or not self._introduced:
            self._report.connected(how, self._written_before)
        self._introduced, self._lost_by = True, None

    async def _failed(self, error: DeviceError) -> None:
        """No station answers, for this reason: wait until it is time to try again."""
        self._plan.forget()
        was_of_use = self._exchange is not None and self._exchange.answers > 0
        if is_over(self._target, error):
            await self._disconnect()
        self._written_before = self._report.written
        if was_of_use and isinstance(error, NoConnection):
            self._lost_by = error  # which another connection may put right at once
            return
        words = self._words(error)
        if not self._line.lasts:
            self._report.failures["outage"] += 1
            words += f"; {self._report.waiting} wait"
        told = self._line.happened(words, time.monotonic())
        self._report.trouble(told)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._line.until):
                await self._stop.wait()

    async def _rest(self, connection: Connection) -> None:
        """Until there is something to do. Raises DeviceError where the connection is lost."""
        now = time.monotonic()
        seconds = max(0.0, min(self._renew_at, *map(_next_try, self._plan)) - now)
        if self._options.may_be_stale:
            seconds = min(seconds, STALE)
        news = asyncio.create_task(self._news.wait())
        lost = asyncio.create_task(connection.until_lost())
        try:
            await asyncio.wait(
                (news, lost),
                timeout=None if seconds == inf else seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if lost.done():
                raise lost.result()
        finally:
            news.cancel()
            lost.cancel()

    async def _disconnect(self) -> None:
        if self._exchange:
            await self._exchange.connection.close()
        self._exchange = None

    def _words(self, error: DeviceError) -> str:
        return str(error).removeprefix(f"{self._target}: ")


def _is_silence(error: DeviceError) -> bool:
    """Whether it is one station that does not answer, perhaps behind a gateway that does."""
    if isinstance(error, DeviceException):
        return error.code in FROM_GATEWAYS
    return isinstance(error, NoAnswer)


def _next_try(station: Station) -> float:
    """When something is to be tried again that has failed."""
    refused = (
        it.trouble.until for replica in station.replicas.values() for it in replica.unwritable
    )
    return station.silence.until or min(refused, default=inf)
