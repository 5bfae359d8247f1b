"""Keeps devices at what the documents say.

A round goes through the stations, one after the other, and writes what differs at the moment of
each request; so however many documents come meanwhile, the newest values are written, once. Then it
rests until there is a document, a time to try something again, or the connection is lost.

A station that is silent is left alone for a while, and the others go on. Where no station answers,
it is the connection that is broken.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterable
from math import inf
from typing import Final

from aoba.client.channel import is_silence
from aoba.client.channel_state import ChannelState
from aoba.client.connection import LINGER, Connection
from aoba.config.model import PushConfig
from aoba.endpoints.device import TlsTarget
from aoba.endpoints.tls import client_context
from aoba.errors import DeviceError
from aoba.outlets.push.connection import PushConnection
from aoba.outlets.push.desired_state import DesiredState, Station
from aoba.outlets.push.report import Report
from aoba.outlets.push.sync import Sync
from aoba.registers.changes import DocumentApplied, SourceReset, StalenessChanged
from aoba.registers.image import Image

CLOSE_TIMEOUT: Final = 1.0
"""Seconds that a round under way has at the end."""


class Reconciler:
    """Implements `Outlet` for the documents of `sources` that take effect in `image`.

    Some of these, `feeding`, are to be told what the devices hold.
    """

    def __init__(
        self,
        state: ChannelState,
        image: Image,
        config: PushConfig,
        sources: Collection[str],
        feeding: Collection[str] = (),
    ) -> None:
        target = self._target = state.target
        self._sources = sources
        self._refresh = config.refresh
        self._desired = DesiredState(image, feeding)
        self._report = Report(target, self._desired)
        self._connection = PushConnection(state, config, self._desired, self._report)
        self._news, self._stop = asyncio.Event(), asyncio.Event()
        self._renew_at = inf
        self._suspect: Station | None = (
            None  # over which connections may be lost, to be seldom asked
        )
        self._life: asyncio.Task[None] | None = None
        kinds = DocumentApplied, SourceReset, StalenessChanged
        self._unsubscribe = image.changes.subscribe(self._hear, *kinds)

    async def bind(self) -> None:
        """Raises UsageError where a certificate of ours cannot be used."""
        if isinstance(self._target, TlsTarget):
            client_context(self._target)

    async def serve(self) -> None:
        self._report.begins()
        self._renew_at = time.monotonic() + (self._refresh or inf)
        self._life = asyncio.create_task(self._live())

    async def close(self) -> None:
        self._unsubscribe()
        self._stop.set()
        if self._life:
            await asyncio.wait((self._life,), timeout=CLOSE_TIMEOUT)
            self._life.cancel()
            await asyncio.wait((self._life,))
            self._connection.end()
            self._report.end()

    def _hear(self, change: DocumentApplied | SourceReset | StalenessChanged) -> None:
        if change.source in self._sources:
            self._report.remarks(self._desired.hear(change))
            self._news.set()

    async def _live(self) -> None:
        """Until told to stop; then what has come by that time is still written, if it can be."""
        try:
            while self._news.is_set() or not self._stop.is_set():
                if error := await self._go_on():
                    again_at = await self._connection.failed(error)
                    if self._stop.is_set():
                        break
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(again_at - time.monotonic()):
                            await self._stop.wait()
        finally:
            await self._connection.close(LINGER)

    async def _go_on(self) -> DeviceError | None:
        """Do what there is to do, and wait for more; returns why no station can be asked."""
        try:
            sync = await self._connection.open()
            if not await self._round(sync):
                await self._connection.close()
            elif sync.connection.target.requests.keep_open:
                await self._rest(sync.connection)
            else:
                await self._connection.close(LINGER)
                await self._rest(None)
        except DeviceError as error:
            return error
        except Exception:  # noqa: BLE001  whatever happens, the next round follows
            self._report.defect()
            return DeviceError("given up")
        return None

    async def _round(self, sync: Sync) -> bool:
        """Go through the stations; returns whether the connection may still be of use.

        Raises DeviceError where it is not, and where no station answers.
        """
        self._news.clear()
        self._renew()
        answers = sync.answers
        silent = await self._serve_all(sync, self._desired)
        if silent and self._connection.is_down and sync.answers > answers:
            # These may have been asked before the connection was there again.
            silent = await self._serve_all(sync, [station for station, _ in silent])
        if silent and not any(station.is_well for station in self._desired):
            raise silent[0][1]
        for station, reason in silent:
            self._report.failures["silence"] += 1
            words = self._report.words(reason)
            self._report.trouble(station.silence.happened(words, time.monotonic()))
        if sync.answers:
            self._connection.serves()
        # Others were well when last asked, but who knows whether the connection still leads there?
        return sync.answers > answers or not any(sync.connection.is_over(it) for _, it in silent)

    async def _serve_all(
        self, sync: Sync, stations: Iterable[Station]
    ) -> list[tuple[Station, DeviceError]]:
        """Returns which are silent, and why. Raises DeviceError where none can be asked."""
        silent: list[tuple[Station, DeviceError]] = []
        for station in stations:
            if station.silence.backoff.until <= time.monotonic():
                try:
                    await self._serve(sync, station)
                except DeviceError as error:
                    if not is_silence(error):
                        raise
                    silent.append((station, error))
        return silent

    async def _serve(self, sync: Sync, station: Station) -> None:
        """Raises DeviceError."""
        answers, written = sync.answers, self._report.written
        try:
            await sync.serve(station)
        except DeviceError as error:
            station.is_well = False
            station.forget()
            if sync.answers and not is_silence(error):
                if self._suspect is station:
                    station.silence.backoff.failed(time.monotonic())
                self._suspect = station
            raise
        if sync.answers == answers:  # there was nothing to say
            station.silence.backoff.until = 0.0
            return
        station.is_well = True
        if self._suspect is station:
            self._suspect = None
        was_told = station.silence.lasts
        self._report.trouble(station.silence.over())
        if was_told:
            self._report.connected(f"station {station.unit} answers again", written)

    def _renew(self) -> None:
        now = time.monotonic()
        if now >= self._renew_at:
            self._renew_at = now + (self._refresh or inf)
            self._desired.renew()

    async def _rest(self, connection: Connection | None) -> None:
        """Until there is something to do. Raises DeviceError where the connection is lost.

        There is none while a device is not asked that wants it closed.
        """
        until = min((self._renew_at, *map(_next_try, self._desired)))
        seconds = max(0.0, until - time.monotonic())
        signs = [asyncio.create_task(event.wait()) for event in (self._news, self._stop)]
        lost = [asyncio.create_task(connection.until_lost())] if connection else []
        try:
            await asyncio.wait(
                (*lost, *signs),
                timeout=None if seconds == inf else seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in lost:
                if task.done():
                    raise task.result()
        finally:
            for sign in (*lost, *signs):
                sign.cancel()


def _next_try(station: Station) -> float:
    """When something is to be tried again that has failed."""
    shadows = station.shadows.values()
    refused = (it.outage.backoff.until for shadow in shadows for it in shadow.unwritable)
    return station.silence.backoff.until or min(refused, default=inf)
