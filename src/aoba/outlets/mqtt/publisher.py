"""A topic of a broker that hears of all that a source defines.

Each message is one document that says all the source has defined so far, with the newest values. So
it does not matter which messages somebody has missed: the broker keeps the newest one for those who
subscribe later, and while it is away nothing has to wait but the newest.
"""

import asyncio
import contextlib
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from aoba.bus import MAIN
from aoba.config.model import PublishConfig
from aoba.logs.dedup import Dedup
from aoba.mqtt.attempts import Attempts
from aoba.mqtt.connection import Connection, together
from aoba.mqtt.session import Session
from aoba.outlets.mqtt.payload import Newest
from aoba.outlets.outlet import Served
from aoba.registers.buses import Buses
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.image import Image

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_WORDS: Final = 0.5
"""Seconds that the newest document has to reach the broker when all is over."""

_log = logging.getLogger("aoba")


def open_publisher(config: PublishConfig, served: Served) -> "Publisher":
    """Raises UsageError where a certificate or a file with a password is of no use."""
    buses = {source.spec.bus for source in served.sources if source.name == config.source}
    return Publisher(served.buses, config, next(iter(buses), None))


class Publisher:
    """Implements `Outlet`. `bus` is where the source is; None: on any. Raises UsageError."""

    def __init__(self, buses: Buses, config: PublishConfig, bus: str | None = None) -> None:
        target = self._target = config.place
        self._attempts = Attempts(str(target.broker), _log.log)
        self._connection = Connection(target.broker, self._attempts)
        self._newest = Newest()
        self._is_news = asyncio.Event()
        self._is_published = asyncio.Event()
        """Whether the broker has the newest document."""
        self._is_published.set()
        self._documents = 0
        self._complaints = Dedup()
        self._life: asyncio.Task[None] | None = None
        self._source, self._bus = config.source, bus
        self._unsubscribers: list[Callable[[], None]] = []
        if bus:
            self._follow(buses.image(bus))
        else:
            self._unsubscribers.append(buses.watch(self._follow))

    async def bind(self) -> None:
        """There is nothing to take: a broker that is not there may come."""

    async def serve(self) -> None:
        _log.info("publishing to %s", self._target)
        self._life = asyncio.create_task(self._connection.keep(self._publish))
        self._life.add_done_callback(_tell_defect)

    async def close(self) -> None:
        for unsubscribe in self._unsubscribers:
            unsubscribe()
        if self._life is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._is_published.wait()
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)
        self._attempts.end()
        self._tell(self._complaints.end())
        self._tell_summary()

    def _follow(self, image: Image) -> None:
        hear = partial(self._hear, MAIN if self._bus else image.bus)  # as its stations name it
        kinds = DocumentApplied, SourceReset
        self._unsubscribers.append(image.changes.subscribe(hear, *kinds, source=self._source))

    def _hear(self, bus: str, change: DocumentApplied | SourceReset) -> None:
        if isinstance(change, SourceReset):
            self._newest.forget(bus)
            return
        self._newest.add(change.document)
        self._is_news.set()
        self._is_published.clear()

    async def _publish(self, session: Session) -> None:
        """What the broker was given before may be lost with the connection: begin with it."""
        self._is_news.set()
        await together(session.lost(), self._publish_news(session))

    async def _publish_news(self, session: Session) -> None:
        target = self._target
        while True:
            await self._is_news.wait()
            self._is_news.clear()
            payload = self._newest.payload()
            if self._newest.complaint:
                self._complain(self._newest.complaint)
            if payload:
                await session.publish(target.topic, payload, target.qos, retain=target.retain)
                self._documents += 1
            if not self._is_news.is_set():
                self._is_published.set()

    def _complain(self, text: str) -> None:
        """The same as ever, though what is too much may be as much or more each time."""
        self._tell(self._complaints.happened(text, time.monotonic(), "too much"))

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            _log.error("%s: %s", self._target, line)

    def _tell_summary(self) -> None:
        figures = {
            "topic": str(self._target),
            "documents": self._documents,
            "connections": self._attempts.connections,
        }
        missing = "" if self._is_published.is_set() else "; the newest one is not among them"
        _log.info(
            "%s: documents published: %d, connections: %d%s",
            self._target,
            self._documents,
            self._attempts.connections,
            missing,
            extra=figures,
        )


def _tell_defect(life: asyncio.Task[None]) -> None:
    if not life.cancelled():
        _log.error("defect in Aoba", exc_info=life.exception())
