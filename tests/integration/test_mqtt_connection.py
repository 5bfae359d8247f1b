"""Connections to brokers that are no good, on both event loops; and to a good one."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from aoba.endpoints.topic import Broker as Place
from aoba.mqtt import session as sessions
from aoba.mqtt.attempts import Attempts
from aoba.mqtt.connection import Connection
from aoba.mqtt.session import Session
from support.broker import Broker, needs_mosquitto
from support.hostile_broker import SUBACK as SUBACK_1
from support.hostile_broker import publish
from support.waiting import DEADLINE

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


class Kept:
    """A connection that is kept until `use` has returned, or the log was told of a failure."""

    def __init__(self, place: Place) -> None:
        self.lines: list[str] = []
        self._over = asyncio.Event()
        attempts = Attempts(str(place), lambda _, text: self.lines.append(text))
        self._connection = Connection(place, attempts)

    async def run(self, use: Callable[[Session], Any]) -> list[str]:
        async def use_it(session: Session) -> None:
            await use(session)
            self._over.set()
            await asyncio.Event().wait()

        life = asyncio.create_task(self._connection.keep(use_it, self._over.set))
        async with asyncio.timeout(DEADLINE):
            await self._over.wait()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        return self.lines


def kept(
    place: Place, use: Callable[[Session], Any], loop: Any = asyncio.new_event_loop
) -> list[str]:
    async def run() -> list[str]:
        return await Kept(place).run(use)

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(run())


async def nothing(_: Session) -> None:
    """Of no use."""


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of what takes connections, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "ANSWER_TIMEOUT", 0.3)


@needs_mosquitto
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("loop", LOOPS)
def test_messages_come_and_go(tmp_path: Path, loop: Any, qos: int) -> None:
    heard = []

    async def use(session: Session) -> None:
        await session.subscribe("a/#", qos)
        for number in range(100):
            await session.publish("a/b", b"%d" % number, qos, retain=False)
        while len(heard) < 100:
            heard.append(int((await session.message()).payload))

    with Broker(tmp_path) as broker:
        lines = kept(Place("127.0.0.1", broker.port), use, loop)
    assert heard == list(range(100))
    assert lines == [f"connected to mqtt://127.0.0.1:{broker.port}"]


@needs_mosquitto
@pytest.mark.parametrize("loop", LOOPS)
def test_a_broker_that_goes(tmp_path: Path, loop: Any) -> None:
    with Broker(tmp_path) as broker:

        async def use(session: Session) -> None:
            await session.subscribe("a", 1)
            await asyncio.to_thread(broker.stop)
            await session.message()

        lines = kept(Place("127.0.0.1", broker.port), use, loop)
    place = f"mqtt://127.0.0.1:{broker.port}"
    assert lines == [f"connected to {place}", f"{place}: the broker closed the connection"]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.usefixtures("impatient")
def test_a_broker_that_says_nothing(silent: int, loop: Any) -> None:
    (line,) = kept(Place("127.0.0.1", silent), nothing, loop)

    assert line == (
        f"mqtt://127.0.0.1:{silent}: no answer within 0.3 s; "
        "check whether a broker listens there, for plain MQTT rather than TLS"
    )


@pytest.mark.usefixtures("impatient")
def test_a_handshake_that_does_not_end(silent: int) -> None:
    (line,) = kept(Place("127.0.0.1", silent, tls=True), nothing)

    assert line.endswith("no connection within 0.3 s; check address, cables and firewalls")


def answered_with(
    *answers: bytes, use: Callable[[Session], Any] = nothing, tls: bool = False, ends: bool = True
) -> str:
    """What is said of what gives `answers`, one at the start and one for each packet."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            for number, data in enumerate(answers):
                if number:
                    await reader.read(1000)
                writer.write(data)
                await writer.drain()
            if not ends:
                await reader.read()
        writer.close()

    async def run() -> list[str]:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await Kept(Place("127.0.0.1", port, tls=tls)).run(use)

    return asyncio.run(run())[-1]


CONNACK = bytes.fromhex(
    "20 02"  # CONNACK, two bytes follow (section 3.2)
    "00"  # no session
    "00"  # accepted
)
SUBACK = bytes.fromhex(
    "90 03"  # SUBACK, three bytes follow (section 3.9)
    "0001"  # packet identifier
    "80"  # failure
)


async def subscribe(session: Session) -> None:
    await session.subscribe("a", 1)


def test_what_the_broker_does_not_let_us_do() -> None:
    line = answered_with(b"", CONNACK, SUBACK, use=subscribe, ends=False)

    assert line.endswith(": it does not let us read a")


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_stops_to_answer() -> None:
    line = answered_with(b"", CONNACK, use=subscribe, ends=False)

    assert line.endswith(": the broker does not answer any more")


def test_a_broker_that_goes_while_it_is_asked() -> None:
    line = answered_with(b"", CONNACK, b"", use=subscribe)

    assert line.endswith(": the broker closed the connection")


def test_what_speaks_no_tls() -> None:
    assert answered_with(b"220 mail\r\n", tls=True).endswith(
        "TLS fails: wrong version number; check the port, and whether it speaks TLS"
    )


@pytest.mark.parametrize("greeting", [b"", b"\x20", b"SSH-2.0-x\r\n", b"HTTP/1.1 400\r\n\r\n"])
def test_what_closes_before_it_speaks_mqtt(greeting: bytes) -> None:
    line = answered_with(greeting)

    assert "the broker closed the connection before it said who it is; check whether" in line


@pytest.mark.parametrize("greeting", [b"\x20\x00", b"\x20\xff\xff\xff\xff\xff"])
def test_what_is_no_mqtt(greeting: bytes) -> None:
    assert "check whether a broker listens there, for plain MQTT" in answered_with(greeting)


def test_a_host_that_is_none() -> None:
    (line,) = kept(Place("no-such-host.invalid", 1883), nothing)

    assert "no such host" in line or "resol" in line.lower()


@pytest.mark.usefixtures("impatient")
def test_a_name_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    known = threading.Event()
    real = socket.getaddrinfo

    def look_up(host: str, *more: Any, **options: Any) -> Any:
        if host == "broker.example" and not options.get("flags"):
            known.wait(DEADLINE)
        return real(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        (line,) = kept(Place("broker.example", 1883), nothing)
    finally:
        known.set()

    assert line.endswith(
        "no name server says within 0.3 s where that is; check the name and the DNS"
    )


def test_what_comes_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a message that takes longer than a broker may be silent."""
    monkeypatch.setattr(sessions, "KEEPALIVE", 1)
    large = publish("a", bytes(35))
    heard = []

    async def use(session: Session) -> None:
        await session.subscribe("a", 1)
        heard.append(await session.message())

    slowly = [large[i : i + 1] for i in range(len(large))]
    line = said_slowly(CONNACK, SUBACK_1, *slowly, use=use, pause=0.1)

    assert line.startswith("connected to")
    assert [message.size for message in heard] == [35]


def said_slowly(
    connack: bytes, suback: bytes, *pieces: bytes, use: Callable[[Session], Any], pause: float
) -> str:
    """The last line of the log where a broker answers no more, and sends `pieces` with pauses."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for data in (connack, suback):
                await reader.read(1000)
                writer.write(data)
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause)
            await reader.read()
        finally:
            writer.close()

    async def run() -> list[str]:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await Kept(Place("127.0.0.1", port)).run(use)

    return asyncio.run(run())[-1]
