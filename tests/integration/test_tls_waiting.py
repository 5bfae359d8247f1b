"""Clients that connect to a TLS link and say nothing: how many may wait, and who makes way.

In this process, since 512 of them would have to be there within five seconds.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aoba.endpoints.url import TlsUrl
from aoba.links import tls
from aoba.links.roles import NO_RULES
from aoba.links.session import MbapSession
from aoba.links.tls import TlsLink
from aoba.modbus.peer import Peer
from support.certificates import Authority
from support.wire import frame, read_pdu

WAITING = 3
DEADLINE = 20


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setattr(tls, "WAITING", WAITING)
    monkeypatch.setattr(tls, "HANDSHAKE", 10.0 * DEADLINE)  # nobody is late within a test
    return Authority(tmp_path)


@contextlib.asynccontextmanager
async def serving(authority: Authority) -> AsyncIterator[TlsLink]:
    mine = authority.issue("server")
    url = TlsUrl("tls", "127.0.0.1", 0, cert=mine.cert, key=mine.key)

    def session(client: Peer) -> MbapSession:
        return MbapSession({}, client)

    link = TlsLink(url, session, 100, NO_RULES)
    await link.bind()
    await link.serve()
    try:
        async with asyncio.timeout(DEADLINE):
            yield link
    finally:
        await link.close()


async def connect(link: TlsLink) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, and say nothing; the link has let the client in."""
    waiting = len(link._waiting)
    streams = await asyncio.open_connection("127.0.0.1", link.url.port)
    while len(link._waiting) == waiting and waiting < WAITING:  # noqa: ASYNC110  nobody tells of it
        await asyncio.sleep(0.01)
    return streams


def is_open(reader: asyncio.StreamReader) -> bool:
    return not reader.at_eof()


def test_the_one_that_has_waited_longest_makes_way(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with serving(authority) as link:
            clients = [await connect(link) for _ in range(WAITING)]
            readers = [reader for reader, _ in clients]
            assert len(link._waiting) == WAITING
            assert all(map(is_open, readers))
            for i in range(WAITING):
                clients.append(await connect(link))
                assert await readers[i].read() == b""
                assert len(link._waiting) <= WAITING
                assert all(is_open(reader) for reader, _ in clients[i + 1 :])
            for _, writer in clients:
                writer.close()

    asyncio.run(scenario())
    told = [message for message in caplog.messages if "wait for their handshake" in message]
    assert told[0].endswith(
        "3 clients wait for their handshake, and the one that waits longest makes way for the next"
    )
    assert len(told) == 2  # once, and the count at the end


def test_who_shakes_hands_is_served_while_others_wait(authority: Authority) -> None:
    async def scenario() -> None:
        async with serving(authority) as link:
            silent = [await connect(link) for _ in range(WAITING - 1)]
            context = ssl.create_default_context(cafile=authority.cert)
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", link.url.port, ssl=context, server_hostname="127.0.0.1"
            )
            writer.write(frame(1, read_pdu("holding", 0, 1)))
            assert await reader.readexactly(9) == frame(1, b"\x83\x0b")
            assert all(is_open(each) for each, _ in silent)
            for _, each in [*silent, (reader, writer)]:
                each.close()

    asyncio.run(scenario())


def test_who_leaves_no_longer_waits(authority: Authority) -> None:
    async def scenario() -> None:
        async with serving(authority) as link:
            for _ in range(2 * WAITING):
                _, writer = await connect(link)
                writer.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                writer.close()
                while link._waiting:  # noqa: ASYNC110  nobody tells of it
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())
