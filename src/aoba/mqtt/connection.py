"""A connection to a broker that is made again whenever it is lost, by aiomqtt.

aiomqtt connects in a thread, which nothing can stop, and tells little of why that fails. So a plain
connection is made first, to see whether the broker is there: it says why not, and can be given up
at any time. aiomqtt then connects to a broker that has answered a moment ago.
"""

import asyncio
import contextlib
import logging
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final, NoReturn

from aiomqtt import Client, MqttError, ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from aoba.errors import UsageError
from aoba.mqtt.attempts import Attempts
from aoba.mqtt.backlog import Backlog
from aoba.mqtt.reasons import is_refusal, silent, too_late, why_lost, why_not
from aoba.mqtt.url import Broker

PATIENCE: Final = 5.0
"""Seconds for each step of a connection, and for each answer."""
KEEPALIVE: Final = 15
"""Seconds without a word after which the broker is asked for one; a dead one is noticed in twice
that time."""
PARTING: Final = 0.5
OBJECTION: Final = 0.2
"""Seconds that a broker has to object to our having no certificate."""
NEVER: Final = 0xFFFF_FFFF
"""When a session expires (section 3.1.2.11.2 of MQTT 5)."""

_VERSIONS: Final = {"3.1.1": ProtocolVersion.V311, "5": ProtocolVersion.V5}

_silent = logging.getLogger("aoba.mqtt.library")
_silent.setLevel(logging.CRITICAL)  # what it has to say comes as exceptions, too


class Refused(Exception):  # noqa: N818
    """The broker does not do as it is asked; the text says why."""


class _Silent(Exception):  # noqa: N818
    """It was connected to, and has said nothing since."""


class Connection:
    """Raises UsageError where a certificate or the password's file cannot be used.

    With `persistent`, the broker keeps messages while there is no connection. `passed_over` is
    called where messages are, since newer ones have come.
    """

    def __init__(
        self,
        broker: Broker,
        attempts: Attempts,
        *,
        persistent: bool = False,
        passed_over: Callable[[], None] = lambda: None,
    ) -> None:
        self._broker, self._attempts, self._persistent = broker, attempts, persistent
        self._queue: Any = partial(Backlog, passed_over=passed_over)
        self._context = _context(broker) if broker.tls else None
        if broker.password:
            broker.password.read()

    async def keep(
        self, use: Callable[[Client], Awaitable[None]], failed: Callable[[], None] = lambda: None
    ) -> NoReturn:
        """Call `use` with each connection; it returns or raises MqttError when that is lost.

        `failed` is called each time there is none.
        """
        while True:
            hopeless = False
            try:
                await self._probe()
                async with self._connected() as client:
                    self._attempts.connected(time.monotonic())
                    await use(client)
                reason = why_lost(self._broker)
            except MqttError as error:
                hopeless, reason = is_refusal(error), why_lost(self._broker, error)
            except (Refused, UsageError) as error:
                hopeless, reason = True, str(error)
            except _Silent as error:
                reason = str(error)
            except TimeoutError:
                reason = too_late(PATIENCE)
            except OSError as error:
                reason = why_not(self._broker, error)
            pause = self._attempts.failed(reason, time.monotonic(), hopeless=hopeless)
            failed()
            await asyncio.sleep(pause)

    async def _probe(self) -> None:
        """Raises OSError, of which TimeoutError is one."""
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(
                self._broker.host, self._broker.port, ssl=self._context
            )
        try:
            if self._broker.tls and not self._broker.cert:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(OBJECTION):
                        await reader.read(1)
        finally:
            writer.transport.abort()

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        client = self._client()
        try:
            await client.__aenter__()
        except MqttError as error:
            if isinstance(error.__context__, TimeoutError):
                raise _Silent(silent(self._broker, PATIENCE)) from None
            raise
        try:
            yield client
        finally:
            with contextlib.suppress(TimeoutError, MqttError):
                async with asyncio.timeout(PARTING):
                    await client.__aexit__(None, None, None)

    def _client(self) -> Client:
        broker = self._broker
        options: dict[str, Any] = {}
        if broker.protocol == "5":
            options["clean_start"] = not self._persistent
            if self._persistent:
                options["properties"] = properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                properties.SessionExpiryInterval = NEVER
        else:
            options["clean_session"] = not self._persistent
        return Client(
            broker.host,
            broker.port,
            identifier=broker.client_id or f"aoba{secrets.token_hex(6)}",
            username=broker.user,
            password=broker.password.read() if broker.password else None,
            protocol=_VERSIONS[broker.protocol],
            tls_context=self._context,
            timeout=PATIENCE,
            keepalive=KEEPALIVE,
            queue_type=self._queue,
            logger=_silent,
            **options,
        )


def _context(broker: Broker) -> ssl.SSLContext:
    path = broker.ca
    try:
        context = ssl.create_default_context(cafile=path)
        if path := broker.cert:
            context.load_cert_chain(broker.cert, broker.key)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{broker}: {path} cannot be used: {reason}") from None
    return context
