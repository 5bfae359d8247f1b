"""Modbus TCP: one listening port, many clients.

A client that does not read is not read from: when its answers pile up, nothing more is taken from
it until they have gone out. What a client can make Aoba hold is thereby one read and the write
buffer's high-water mark.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from aoba.errors import LinkError
from aoba.links.session import Session
from aoba.links.url import NetworkUrl
from aoba.modbus.client import Client

PARTING: Final = 0.5
"""Seconds a client has, when Aoba stops, to take the answers that are on their way."""

BACKLOG: Final = 512
"""Clients that may wait to be let in."""

IDLE: Final = 60
"""Seconds without a word after which a client is asked whether it is still there."""

MAX_CLIENTS: Final = 10_000

_log = logging.getLogger("aoba.link")


class TcpLink:
    """Call `bind`, then `serve`; at the end `close`. `url` has the real port once bound."""

    def __init__(
        self,
        url: NetworkUrl,
        open_session: Callable[[Client], Session],
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self.url = url
        self.max_clients = max_clients
        self._open_session = open_session
        self._clients: set[_Client] = set()
        self._full = False
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []

    async def bind(self) -> None:
        """Take the port at each address of the host; clients wait there until `serve`.

        Raises LinkError where that is impossible.
        """
        loop = asyncio.get_running_loop()
        host, port = self.url.host, self.url.port
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for family, address in dict.fromkeys((family, info[0]) for family, *_, info in found):
                # Not left to the loop: uvloop's does not say when the port is taken after all.
                listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
                self._sockets.append(listener)
                port = listener.getsockname()[1]  # one for all addresses where 0 was asked for
        except OSError as error:
            raise LinkError(f"cannot listen on {self.url}: {_reason(error)}") from None
        self.url = replace(self.url, port=port)

    async def serve(self) -> None:
        """Let clients in. Call `bind` first."""
        for listener in self._sockets:
            server = await asyncio.get_running_loop().create_server(
                lambda: _Client(self, self._open_session), sock=listener, backlog=BACKLOG
            )
            self._servers.append(server)

    def admit(self, client: "_Client") -> bool:
        """Whether there is room for one more client; told once, until there is room again."""
        if len(self._clients) < self.max_clients:
            self._clients.add(client)
            return True
        if not self._full:
            _log.warning("%s has %d clients, more are turned away", self.url, self.max_clients)
        self._full = True
        return False

    def leave(self, client: "_Client") -> None:
        self._clients.discard(client)
        self._full = self._full and len(self._clients) >= self.max_clients

    async def close(self) -> None:
        """Stop listening, and part from each client once its answers are sent, or `PARTING` on."""
        for server in self._servers:
            server.close()
        for listener in self._sockets:
            listener.close()
        for client in self._clients:
            client.transport.close()
        gone = [client.gone.wait() for client in self._clients]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PARTING):
                await asyncio.gather(*gone)
        for client in self._clients:
            client.transport.abort()


def _keep_alive(connection: socket.socket) -> None:
    """Have a client that is silent for `IDLE` s asked for a sign of life, and dropped without."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", IDLE), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _reason(error: OSError) -> str | None:
    # The socket module adds the address, and has numbers of its own for names that are not known.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror


class _Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, link: TcpLink, open_session: Callable[[Client], Session]) -> None:
        self._link = link
        self._open_session = open_session
        self.gone = asyncio.Event()
        self._full = False  # the client does not read its answers
        self._ended = False  # the client has sent all it will

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by duck typing
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self._name = f"client {host} port {port}"
        self._session = self._open_session(Client(f"{host} port {port}"))
        # A client that vanished without a word would keep its descriptor for ever.
        _keep_alive(transport.get_extra_info("socket"))
        if self._link.admit(self):
            _log.debug("%s connected", self._name)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.leave(self)
        self.gone.set()
        _log.debug("%s gone%s", self._name, f": {exc}" if exc else "")

    def data_received(self, data: bytes) -> None:
        self._session.feed(data)
        self._answer()

    def eof_received(self) -> bool:
        self._ended = True
        self._answer()
        return True  # the connection stays open for the answers that are still to go

    def pause_writing(self) -> None:
        self._full = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        self._answer()

    def _answer(self) -> None:
        """Answer a turn's worth of requests; where there are more, the others come first."""
        if self._full or self.transport.is_closing():
            return
        answers = self._session.answers()
        if answers:
            self.transport.write(answers)
        if self._session.error:
            _log.warning("%s: %s; connection closed", self._name, self._session.error)
            self.transport.close()
        elif self._session.more:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._answer)
        elif self._ended:
            self.transport.close()
        elif not self._full:
            self.transport.resume_reading()
