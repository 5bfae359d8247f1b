"""One listening port for the http sources of one HOST:PORT, each at a path of its own.

Bounded in what clients can cost: connections, how long one of them may be silent, and what the
bodies of their requests hold. A connection that has no request under way makes way for a new one.
"""

import json
import logging
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from aoba.errors import HttpError, UsageError
from aoba.sockets import Place, address_of, take_ports
from aoba.sources.http.body import Bodies

MAX_CONNECTIONS: Final = 64
SILENCE: Final = 15.0
"""Seconds, from the connection or the last answer on, until the head of a request is there."""
PARTING: Final = 0.5
"""Seconds for requests that are under way when Aoba stops."""

_LINGERING: Final = 5.0  # seconds in which a client that is refused may go on sending
_READ_AHEAD: Final = 64 * 1024
_BACKLOG: Final = 128

_log = logging.getLogger("aoba.http")

Endpoint = Callable[[web.BaseRequest], Awaitable[web.Response]]
"""Answers the requests for a path; may raise HttpError."""


class HttpServer:
    """Call `add` for each endpoint, `bind`, and `open` once for each of them; at last `close`."""

    descriptors = MAX_CONNECTIONS + 8

    def __init__(self, place: Place) -> None:
        self.bodies = Bodies()
        self._place = place
        self._port = place.port
        self._endpoints: dict[str, Endpoint] = {}
        self._opened = 0
        self._sockets: list[socket.socket] = []
        self._runner: web.ServerRunner | None = None

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

    async def bind(self) -> None:
        """Take the port; clients wait there. Raises LinkError where that is impossible."""
        self._port, self._sockets = await take_ports(self._place, socket.SOCK_STREAM, _listening)

    async def open(self) -> None:
        """Let clients in, if all endpoints are ready: to be called when one of them is."""
        self._opened += 1
        if self._opened < len(self._endpoints):
            return
        self._runner = web.ServerRunner(_Server(self._answer), shutdown_timeout=PARTING)
        await self._runner.setup()
        for each in self._sockets:
            await web.SockSite(self._runner, each, backlog=_BACKLOG).start()

    async def close(self) -> None:
        """Let no more in, and part from those who are there within 2 x `PARTING`."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()
        while self._sockets:
            self._sockets.pop().close()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        endpoint = self._endpoints.get(request.path, _nowhere)
        try:
            return await endpoint(request)
        except HttpError as error:
            return refusal(error)


async def _nowhere(request: web.BaseRequest) -> web.Response:
    raise HttpError(404, f"no source at {request.path}")


def answer(content: dict[str, Any], status: int = 200, **headers: str) -> web.Response:
    text = json.dumps(content) + "\n"
    named = {"Server": "Aoba", **headers}
    return web.Response(text=text, status=status, headers=named, content_type="application/json")


def refusal(error: HttpError) -> web.Response:
    response = answer({"error": str(error)}, error.status, **error.headers)
    if error.status in _UNREAD:
        response.force_close()
    return response


_UNREAD: Final = (400, 408, 413, 503)
"""Where some of the body may be left, and nobody knows how much."""


class _Server(web.Server):
    def __init__(self, handler: Endpoint) -> None:
        super().__init__(
            self._handle,
            access_log=None,
            logger=_log,
            keepalive_timeout=SILENCE,
            lingering_time=_LINGERING,
            read_bufsize=_READ_AHEAD,
            auto_decompress=False,
        )
        self._handler = handler
        self._busy: set[web.RequestHandler] = set()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: Any) -> None:
        super().connection_made(handler, transport)
        connected = [each for each in self.connections if each.connected]
        if len(connected) > MAX_CONNECTIONS:
            next(each for each in connected if each not in self._busy).force_close()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self._busy.add(request.protocol)
        try:
            return await self._handler(request)
        finally:
            self._busy.discard(request.protocol)


class _Connection(web.RequestHandler):
    async def start(self) -> None:
        if self.connected:  # else it has gone before its turn came, which the library cannot take
            await super().start()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  the library's
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is told to whoever sent it, and a defect to the log."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("defect in Aoba", exc_info=exc)
            message = "a defect in Aoba; its log says more"
        response = answer({"error": " ".join((message or "not HTTP").split())}, status)
        response.force_close()
        return response


def _listening(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    return socket.create_server(address, family=family, backlog=_BACKLOG)
