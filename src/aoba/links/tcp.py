"""Modbus TCP: a listening port and its clients, each of them a `Connection`."""

import asyncio
import contextlib
import socket
from dataclasses import replace
from functools import partial
from typing import ClassVar, Final

from aoba.endpoints.sockets import take_ports
from aoba.endpoints.url import NetworkUrl
from aoba.links.access import AccessRules
from aoba.links.clients import Clients
from aoba.links.connection import Connection, OpenSession
from aoba.links.forwarded_writes import ForwardedWrites
from aoba.links.link_log import LinkLog
from aoba.links.served import ServedStations
from aoba.modbus.counters import Counters

CLOSE_TIMEOUT: Final = 0.5
"""Seconds a client has, when Aoba stops, to take the answers that are on their way."""

BACKLOG: Final = 512
"""Clients that may wait to be let in."""

RECEIVE_BUFFER: Final = 32 * 1024
"""Bytes that the system takes in for a client beyond what Aoba has read: 100 long requests."""

MAX_CLIENTS: Final = 10_000


class TcpLink:
    """Call `bind`, then `serve`; at the end `close`. `url` has the real port once bound.

    There are descriptors for `room` clients.
    """

    connection: ClassVar[type[Connection]] = Connection

    def __init__(
        self,
        url: NetworkUrl,
        open_session: OpenSession,
        room: int = MAX_CLIENTS,
        log: LinkLog | None = None,
    ) -> None:
        self.url = url
        self.counters = Counters()
        self.log = log or LinkLog()
        self.access_rules = AccessRules(url, self.log)
        self.clients = Clients[Connection](min(room, url.max_clients or room), url.idle)
        self.open_session = open_session
        self.forwarded_writes = ForwardedWrites(self.log)
        self._empty = asyncio.Event()  # all clients are gone, and no more come
        self._sweeping: asyncio.TimerHandle | None = None
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []

    def __str__(self) -> str:
        return str(self.url)

    async def bind(self) -> None:
        """Take the port at each address of the host; clients wait there until `serve`.

        Raises LinkError where that is impossible.
        """
        url = self.url
        port, self._sockets = await take_ports(
            url, socket.SOCK_STREAM, _listening, host=url.bound_host, ports=url.ports
        )
        self.url = replace(self.url, port=port)
        self.access_rules.url = self.url
        self.counters.name = self.log.name = str(self.url)

    async def serve(self) -> None:
        """Let clients in. Call `bind` first."""
        loop = asyncio.get_running_loop()
        network = self.url.network  # whoever calls an address outside is parted from
        hosts = [listener.getsockname()[0] for listener in self._sockets]
        self.access_rules.warn_if_open([str(network.network_address)] if network else hosts)
        for listener in self._sockets:
            server = await loop.create_server(
                lambda: self.connection(self), sock=listener, backlog=BACKLOG
            )
            self._servers.append(server)
        self.start_sweeping()

    def start_sweeping(self) -> None:
        self.log.start()
        self._sweep_later()

    def _sweep_later(self) -> None:
        pause = self.clients.pause
        if pause is not None:
            self._sweeping = asyncio.get_running_loop().call_later(pause, self._sweep)

    def _sweep(self) -> None:
        self.clients.sweep(asyncio.get_running_loop().time())
        self._sweep_later()

    def accept(self, connection: Connection, host: str) -> bool:
        """Whether it may stay."""
        if not self.access_rules.allows(host) or not self.url.has(connection.called[0]):
            return False
        if self.clients.accept(connection, asyncio.get_running_loop().time()):
            self.counters.clients += 1
            return True
        self.log.tell(f"{self.url} has {self.clients.most} clients, more are turned away")
        return False

    def leave(self, connection: Connection) -> None:
        self.clients.leave(connection)
        if not self._sockets and not self.clients:
            self._empty.set()

    async def close(self) -> None:
        """Stop listening; close each client when it has its answers, or after `CLOSE_TIMEOUT`."""
        if self._sweeping:
            self._sweeping.cancel()
        self.forwarded_writes.close()
        for server in self._servers:
            server.close()
        while self._sockets:
            self._sockets.pop().close()
        for client in self.clients:
            client.drain()
        if self.clients:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), CLOSE_TIMEOUT)
        for client in self.clients:
            client.transport.abort()
        self.log.close()


def _listening(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    # Not left to the loop: uvloop's does not say when the port is taken after all.
    listener = socket.create_server(address, family=family, backlog=BACKLOG)
    # Inherited by all connections; it bounds what is read from one at a time.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return listener


def open_tcp_link(url: NetworkUrl, served: ServedStations) -> TcpLink:
    log = LinkLog()
    return TcpLink(url, partial(served.mbap, log=log, url=url), served.room, log)
