"""One listening port for the http sources of one HOST:PORT, each at a path of its own.

Bounded in what clients can cost: connections, how long one of them may be silent, what the bodies
of their requests hold, and time of the loop.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from aoba.endpoints.sockets import Place, address_of, take_ports
from aoba.errors import HttpError, UsageError
from aoba.loop_share import LoopShare
from aoba.sources.http.answers import refusal
from aoba.sources.http.body import Bodies
from aoba.sources.http.connections import MAX_CONNECTIONS, MAX_LEAVING, Connections

CLOSE_TIMEOUT: Final = 0.5
"""Seconds for requests that are under way when Aoba stops."""

_BACKLOG: Final = 512
_RECEIVE_BUFFER: Final = 32 * 1024
"""Bytes that the system takes in for a client beyond what was read; read at a time are no more."""

Endpoint = Callable[[web.BaseRequest], Awaitable[web.Response]]
"""Answers the requests for a path; may raise HttpError."""


class HttpServer:
    """Implements `aoba.sources.shared.Resource`.

    Call `add` for each endpoint, `bind`, and `open` once for each of them; at last `close`.
    """

    descriptors = MAX_CONNECTIONS + MAX_LEAVING + 8

    def __init__(self, place: Place) -> None:
        self._share = LoopShare()
        self.bodies = Bodies(self._share)
        self._place = place
        self._port = place.port
        self._endpoints: dict[str, Endpoint] = {}
        self._opened = 0
        self._sockets: list[socket.socket] = []
        self._connections: Connections | None = None
        self._doors: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """With the real port, once bound."""
        return f"{str(self._place).rpartition(':')[0]}:{self._port}"

    @property
    def is_exposed(self) -> bool:
        """Whether others than this machine can reach it."""
        hosts = [each.getsockname()[0] for each in self._sockets]
        return not all(address_of(host).is_loopback for host in hosts)

    def add(self, path: str, endpoint: Endpoint) -> None:
        """Raises UsageError where the path is taken."""
        if path in self._endpoints:
            raise UsageError(f"{self._place}{path}: two sources; expected another path for each")
        self._endpoints[path] = endpoint

    def remove(self, path: str) -> None:
        """Call it once for what was added and opened."""
        del self._endpoints[path]
        self._opened -= 1

    async def close_unused(self) -> None:
        if not self._endpoints:
            await self.close()

    async def bind(self) -> None:
        """Take the port; clients wait there. Raises LinkError where that is impossible."""
        if self._sockets or not self._endpoints:
            return
        self._port, self._sockets = await take_ports(self._place, socket.SOCK_STREAM, _listening)

    async def open(self) -> None:
        """Let clients in, if all endpoints are ready: to be called when one of them is."""
        self._opened += 1
        if self._doors or self._opened < len(self._endpoints):
            return
        self._connections = Connections(self._answer, self._make_way, self._share)
        for each in self._sockets:
            self._doors.append(asyncio.create_task(self._connections.accept(each)))

    async def close(self) -> None:
        """Let no more in, and part from those who are there within 2 x `CLOSE_TIMEOUT`."""
        for door in self._doors:
            door.cancel()
        await asyncio.gather(*self._doors, return_exceptions=True)
        self._doors.clear()
        while self._sockets:
            self._sockets.pop().close()
        connections, self._connections = self._connections, None
        if connections:
            connections.pre_shutdown()
            await connections.shutdown(CLOSE_TIMEOUT)

    def _make_way(self) -> bool:
        return self.bodies.uploads.make_way(time.monotonic())

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        endpoint = self._endpoints.get(request.path, _nowhere)
        try:
            return await endpoint(request)
        except HttpError as error:
            return refusal(error)


async def _nowhere(request: web.BaseRequest) -> web.Response:
    raise HttpError(404, f"no source at {request.path}")


def _listening(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)  # of all connections
    return listener
