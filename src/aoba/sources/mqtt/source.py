"""Messages of a broker -> image. Each is a document, whatever its topic.

The broker gives the newest message that it keeps of a topic whenever we subscribe, hence again
after each connection that was lost. Where that has been taken before it is no news, and does not
make stale values fresh.

Where messages come faster than we take them, a broker passes over some without a word, and not the
oldest. But it keeps the newest; so when it is quiet after many messages, we subscribe again. Those
that it had kept do not count as many: they come each time.
"""

import asyncio
import contextlib
import logging
from typing import Final

from aoba.errors import DocumentError
from aoba.mqtt.attempts import Attempts
from aoba.mqtt.backlog import Message
from aoba.mqtt.connection import Connection, together
from aoba.mqtt.session import Session
from aoba.registers.image import SourceRegisters
from aoba.sources.ingest import Ingest, too_large
from aoba.sources.mqtt.spec import MqttSpec
from aoba.sources.shared import Shared

SETTLE_TIMEOUT: Final = 0.2
"""Seconds for the messages that the broker keeps; who starts behind us waits no longer."""
MANY: Final = 100
"""Messages; brokers have room for some more before they pass over any."""
QUIET: Final = 1.0
"""Seconds."""
MAX_KNOWN: Final = 10_000
"""Topics whose newest message is known again."""
MAX_SHOWN: Final = 100
"""Characters of a topic in the log; it may have 65 535."""


class MqttSource:
    """Raises DocumentError where the registers for its health are taken, and as `Connection`."""

    def __init__(self, name: str, spec: MqttSpec, image: SourceRegisters) -> None:
        self._spec = spec
        self._deliveries = Ingest(name, spec.monitoring, image)
        self._attempts = Attempts(str(spec.broker), self._deliveries.log.of_source)
        self._connection = Connection(
            spec.broker,
            self._attempts,
            persistent=spec.persistent,
            passed_over=self._passed_over,
        )
        self._known: dict[int, int] = {}  # hash of a topic -> hash of its newest message
        self._seen = 0  # messages that the broker had not kept

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
        await together(self._keep_subscribed(session), self._take_all(session))

    async def _keep_subscribed(self, session: Session) -> None:
        while True:
            await session.subscribe(self._spec.topic, self._spec.qos)
            asyncio.get_running_loop().call_later(SETTLE_TIMEOUT, self.settled.set)
            await self._quiet_after_many(session)

    async def _quiet_after_many(self, session: Session) -> None:
        """Returns when it is quiet after so many that the broker may have passed over some.

        It is not while any wait to be taken, however long one takes: the broker's answer might not
        be read in time.
        """
        begun = before = self._seen
        while self._seen < begun + MANY or self._seen > before or session.is_behind:
            before = self._seen
            await asyncio.sleep(QUIET)

    async def _take_all(self, session: Session) -> None:
        while True:
            message = await session.message()
            self._seen += not message.is_kept
            await self._take(message)

    async def _take(self, message: Message) -> None:
        topic, payload, is_kept, size = message
        if not size:  # the broker was told to keep nothing of it any more
            return
        digest = hash(payload) if payload else size
        if self._is_known(hash(topic), digest) and is_kept:
            return
        place = topic if len(topic) <= MAX_SHOWN else f"{topic[:MAX_SHOWN]}..."
        async with self._deliveries.delivery(place):
            if size > len(payload):
                self._deliveries.refused(too_large(size), place)
                return
            with contextlib.suppress(DocumentError):  # which the log has been told of
                await self._deliveries.take(payload, place)

    def _is_known(self, topic: int, digest: int) -> bool:
        """Whether the newest message of the topic was the same; it is remembered from now on."""
        known = self._known.pop(topic, None)
        if len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]  # which was not renewed for longest
        self._known[topic] = digest
        return known == digest

    def _passed_over(self) -> None:
        text = "messages come faster than they can be taken: some are passed over for newer ones"
        self._deliveries.log.repeatable(logging.WARNING, text)


def build_mqtt(name: str, spec: MqttSpec, shared: Shared) -> MqttSource:
    return MqttSource(name, spec, shared.registers(spec.bus))
