"""Messages of a broker -> image. Each is a document, whatever its topic.

The broker gives the newest message that it keeps of a topic whenever we subscribe, hence again
after each connection that was lost. Where that has been taken before it is no news, and does not
make stale values fresh.

Where messages come faster than we take them, a broker passes over some without a word, and not the
oldest. But it keeps the newest; so when it is quiet after many messages, we subscribe again.
"""

import asyncio
import contextlib
import logging
import time
from typing import Final

from aoba.errors import DocumentError
from aoba.mqtt.attempts import Attempts
from aoba.mqtt.backlog import Message
from aoba.mqtt.connection import Connection
from aoba.mqtt.session import Session
from aoba.registers.image import Image
from aoba.sources.deliveries import Deliveries
from aoba.sources.mqtt.spec import MqttSpec
from aoba.sources.repeats import Repeats

GRACE: Final = 0.2
"""Seconds for the messages that the broker keeps; who starts behind us waits no longer."""
MANY: Final = 100
"""Messages; brokers have room for some more before they pass over any."""
QUIET: Final = 1.0
"""Seconds."""
MAX_KNOWN: Final = 10_000
"""Topics whose newest message is known again."""


class MqttSource:
    """Raises DocumentError where the registers for its health are taken, and as `Connection`."""

    def __init__(self, name: str, spec: MqttSpec, image: Image) -> None:
        self._spec = spec
        self._deliveries = Deliveries(name, spec.monitoring, image)
        self._attempts = Attempts(str(spec.broker), self._deliveries.log.of_source)
        self._connection = Connection(
            spec.broker,
            self._attempts,
            persistent=spec.persistent,
            passed_over=self._passed_over,
        )
        self._known: dict[str, int] = {}
        self._complaints = Repeats()

    @property
    def settled(self) -> asyncio.Event:
        return self._deliveries.settled

    async def live(self) -> None:
        with self._deliveries.alive():
            try:
                await self._connection.keep(self._receive, self.settled.set)
            finally:
                self._attempts.end()

    async def _receive(self, session: Session) -> None:
        while True:
            await session.subscribe(self._spec.topic, self._spec.qos)
            asyncio.get_running_loop().call_later(GRACE, self.settled.set)
            await self._receive_many(session)

    async def _receive_many(self, session: Session) -> None:
        """Returns when it is quiet after so many that the broker may have passed over some."""
        for _ in range(MANY):
            await self._take(await session.message())
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUIET):
                    message = await session.message()
                await self._take(message)

    async def _take(self, message: Message) -> None:
        topic, payload, is_kept = message
        if not payload:  # the broker was told to keep nothing of it any more
            return
        digest = hash(payload)
        if is_kept and self._known.get(topic) == digest:
            return
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[topic] = digest
        async with self._deliveries.delivery():
            with contextlib.suppress(DocumentError):  # which the log has been told of
                await self._deliveries.take(payload, topic)

    def _passed_over(self) -> None:
        text = "messages come faster than they can be taken: some are passed over for newer ones"
        for line in self._complaints.happened(text, time.monotonic()):
            self._deliveries.log.of_source(logging.WARNING, line)
