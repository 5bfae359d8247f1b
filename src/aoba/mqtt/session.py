"""One connection to a broker, from its first byte to its last.

The protocol is paho's, but for the messages that come: it makes packets of what is asked for, and
calls back with what comes. Here each call back becomes the answer that somebody waits for, and the
loss of the connection becomes an answer to all of them.
"""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Callable
from typing import Any, Final, NoReturn

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from aoba.endpoints.reasons import BROKER, not_found, too_late, why_network
from aoba.endpoints.resolver import Address, connect, resolve
from aoba.endpoints.topic import Broker
from aoba.errors import BrokerError
from aoba.mqtt.backlog import MAX_MESSAGES, Backlog, Message
from aoba.mqtt.packets import MAX_PUBLISH
from aoba.mqtt.reasons import (
    forbidden,
    not_mqtt,
    refused,
    silent,
    why_lost,
)
from aoba.mqtt.receiver import Receiver
from aoba.mqtt.wire import Wire

ANSWER_TIMEOUT: Final = 5.0
"""Seconds for a connection, and for each answer."""
SLOWEST: Final = 50_000
"""Bytes a second at which a message may take its way."""
KEEPALIVE: Final = 15
"""Seconds without a word after which the broker is asked for one; a dead one is noticed in twice
that time."""
CLOSE_TIMEOUT: Final = 0.5
NEVER: Final = 0xFFFF_FFFF
"""When a session expires (section 3.1.2.11.2 of MQTT 5)."""
_PINGRESP: Final = b"\xd0\x00"  # no more follows (section 3.13)


class _Paho(Client):
    """Gets a connection instead of making one."""

    wire: Wire

    def _create_socket(self) -> Any:
        return self.wire


class Session:
    """Call `open`, then the others, and `close` at last. All but `close` raise BrokerError.

    With `persistent`, the broker keeps messages while there is no connection. `passed_over` is
    called where messages are, since newer ones have come.
    """

    def __init__(
        self,
        broker: Broker,
        password: str | None,
        *,
        persistent: bool,
        passed_over: Callable[[], None],
    ) -> None:
        self._broker, self._persistent = broker, persistent
        self._messages = Backlog(passed_over)
        self._loss: BrokerError | None = None
        self._connected: asyncio.Future[None] = asyncio.Future()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._wire = Wire(self._readable, self._write)
        self._paho = self._new_paho(password)
        self._receiver = Receiver(
            self._wire,
            self._messages,
            self._paho.loop_read,
            is_version_5=broker.protocol == "5",
        )
        self._was_heard = False  # since we last looked
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._receiving: asyncio.Task[None] | None = None

    async def open(self, context: ssl.SSLContext | None) -> None:
        broker = self._broker
        addresses: list[Address] = []
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                addresses = await resolve(broker.host, broker.port)
                await self._loop.create_connection(
                    lambda: self._wire,
                    sock=await connect(addresses),
                    ssl=context,
                    server_hostname=(broker.name or broker.host) if context else None,
                )
        except TimeoutError:
            raise BrokerError((too_late if addresses else not_found)(ANSWER_TIMEOUT)) from None
        except OSError as error:
            raise BrokerError(why_network(BROKER, error, tls=broker.tls)) from None
        # Before version 5, paho is told at its start whether the session persists.
        clean = not self._persistent if broker.protocol == "5" else MQTT_CLEAN_START_FIRST_ONLY
        self._paho.connect(
            broker.host, broker.port, KEEPALIVE, clean_start=clean, properties=self._properties()
        )
        self._receiving = asyncio.create_task(self._receive())
        self._look_after()
        await self._wait(self._connected, ANSWER_TIMEOUT, silent(broker, ANSWER_TIMEOUT))

    async def subscribe(self, topic: str, qos: int) -> None:
        _, number = self._paho.subscribe(topic, qos)
        for code in await self._answer(number):
            if code.is_failure:
                raise BrokerError(forbidden(f"read {topic}", code.getName()), is_final=True)

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        """Returns when the broker has it; with qos 0, when it is on its way."""
        info = self._paho.publish(topic, payload, qos, retain)
        if info.rc or not info.is_published():
            code = await self._answer(info.mid, len(payload) / SLOWEST)
            if code.is_failure:
                raise BrokerError(forbidden(f"write to {topic}", code.getName()), is_final=True)

    @property
    def is_behind(self) -> bool:
        """Whether messages wait to be taken, and with them what the broker says, perhaps."""
        return bool(self._messages) or not self._messages.has_room.is_set()

    async def message(self) -> Message:
        """The next one that comes."""
        while not self._messages:
            if self._loss:
                raise self._loss
            self._messages.arrived.clear()
            await self._messages.arrived.wait()
        return self._messages.take()

    async def lost(self) -> NoReturn:
        """Wait for the end of the connection. What comes until then is nobody's."""
        while True:
            await self.message()

    async def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._receiving:
            self._receiving.cancel()
        self._paho.disconnect()
        self._wire.close()
        if not self._wire.is_open:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._wire.closed.wait()
        self._wire.abort()

    def _new_paho(self, password: str | None) -> _Paho:
        broker = self._broker
        is_5 = broker.protocol == "5"
        paho = _Paho(
            CallbackAPIVersion.VERSION2,
            broker.client_id or f"aoba{secrets.token_hex(6)}",
            clean_session=None if is_5 else not self._persistent,
            protocol=MQTTv5 if is_5 else MQTTv311,
            reconnect_on_failure=False,
        )
        paho.wire = self._wire
        if broker.user is not None:
            paho.username_pw_set(broker.user, password)
        paho.on_connect = self._on_connect
        paho.on_disconnect = self._on_disconnect
        paho.on_subscribe = lambda _, __, number, codes, ___: self._on_answer(number, codes)
        paho.on_publish = lambda _, __, number, code, ___: self._on_answer(number, code)
        return paho

    def _properties(self) -> Properties | None:
        """What a broker of version 5 is told of our limits (section 3.1.2.11)."""
        if self._broker.protocol != "5":
            return None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MAX_PUBLISH
        properties.ReceiveMaximum = MAX_MESSAGES
        if self._persistent:
            properties.SessionExpiryInterval = NEVER
        return properties

    async def _answer(self, number: int | None, more: float = 0) -> Any:
        """The one to the packet with that number, for which there are `more` seconds than else."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if number is not None:
            self._answers[number] = future
        return await self._wait(
            future, ANSWER_TIMEOUT + more, "the broker does not answer any more"
        )

    async def _wait(self, future: asyncio.Future[Any], patience: float, else_words: str) -> Any:
        if self._loss:
            raise self._loss
        try:
            async with asyncio.timeout(patience):
                return await future
        except TimeoutError:
            raise BrokerError(else_words) from None

    def _readable(self) -> None:
        self._was_heard = True
        self._receiver.readable()

    async def _receive(self) -> None:
        try:
            await self._receiver.run()
        except Exception:  # noqa: BLE001  paho raises all sorts of them at what is no MQTT
            self._lose(BrokerError(not_mqtt(self._broker)))

    def _write(self) -> None:
        self._paho.loop_write()

    def _look_after(self) -> None:
        """Once a second, see whether it is time to ask the broker for a word, or to give it up.

        Whatever comes is a sign of life. paho, which sees but a part of it, takes what is asked for
        in such a case: a large message may be in front of that for minutes.
        """
        if self._was_heard and self._connected.done() and not self._loss:
            self._was_heard = False
            self._wire.offer(_PINGRESP)
            self._paho.loop_read()
        self._paho.loop_misc()
        self._timer = self._loop.call_later(1, self._look_after)

    def _lose(self, error: BrokerError) -> None:
        if self._loss:
            return
        self._loss = error
        for future in (self._connected, *self._answers.values()):
            if not future.done():
                future.set_exception(error)
                future.exception()  # whether or not somebody waits for it
        self._messages.arrived.set()
        self._wire.close()

    def _on_connect(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:
        if code.is_failure:
            self._lose(BrokerError(refused(code.getName()), is_final=True))
        elif not self._connected.done():
            self._connected.set_result(None)

    def _on_disconnect(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:
        error, was_open = self._wire.error, self._connected.done()
        if isinstance(error, OSError) and not isinstance(error, ConnectionError):
            words = why_network(BROKER, error, tls=self._broker.tls)
        else:
            words = why_lost(self._broker, code.getName(), was_open=was_open)
        self._lose(BrokerError(words))

    def _on_answer(self, number: int, answer: Any) -> None:
        future = self._answers.pop(number, None)
        if future and not future.done():
            future.set_result(answer)
