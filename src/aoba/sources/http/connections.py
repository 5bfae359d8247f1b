"""The connections of one listening port: how many there are, and who makes way for the next one.

`MAX_CONNECTIONS` are let in. Those that come then wait in the backlog of the port, where the system
keeps them and what they send, until one of these makes way:

- one that has nothing under way and has been so for `IDLE_AFTER` seconds, first of all those who
  have not managed to send the head of a request in that time;
- one that sends a body slowly, and has shown no token. It is told so.

As long as all places are taken, each answer ends its connection, and says so. So those that have
many requests to make take turns with those that wait, and nobody's request is dropped.

Who is refused before its body was read is heard out for a while, or the answer might be lost. It
has no place meanwhile.
"""

import asyncio
import logging
import socket
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from math import inf
from typing import Any, Final, cast

from aiohttp import web, web_protocol

from aoba.endpoints.sockets import address_of
from aoba.logs.dedup import Dedup
from aoba.loop_share import LoopShare
from aoba.sources.http.answers import TOO_LONG, answer

MAX_CONNECTIONS: Final = 256
MAX_LEAVING: Final = 64
"""That are heard out; of more, the oldest is cut off."""
IDLE_AFTER: Final = 1.0
SILENCE: Final = 15.0
"""Seconds, from the connection or the last answer on, until the head of a request is there; also
those that a client has to take an answer."""
MAX_HEAD: Final = 128 * 1024
"""Bytes, some of which may be the begin of a body."""
MAX_HEADERS: Final = 64

_LINGERING: Final = 5.0  # seconds in which a client that is refused may go on sending
_LOOK: Final = 0.1  # seconds after which it is seen whether somebody makes way
_READ_AHEAD: Final = 4 * 1024  # bytes of a body; also pieces of one that comes in small pieces

_log = logging.getLogger("aoba.http")

web_protocol.MAX_MSG_QUEUE_SIZE = 1
"""Requests that are taken in while another one of the same connection is under way."""


class Connections(web.Server):
    """`handle` answers requests; `make_way` has a slow body make way, if there is any."""

    def __init__(
        self,
        handle: Callable[[web.BaseRequest], Awaitable[web.Response]],
        make_way: Callable[[], bool],
        share: LoopShare,
    ) -> None:
        super().__init__(
            self._handle,
            request_factory=self._request,
            access_log=None,
            logger=_log,
            keepalive_timeout=SILENCE,
            lingering_time=0,  # see `Connection.finish_response`
            read_bufsize=_READ_AHEAD,
            auto_decompress=False,
            max_headers=MAX_HEADERS,
        )
        self._handler, self._make_way, self._share = handle, make_way, share
        self._accepting = LoopShare()  # who comes does not stand behind the requests of all others
        self._present: dict[Connection, None] = {}
        self._leaving: dict[Connection, None] = {}
        self._changed = asyncio.Event()
        self._defects = Dedup("defect")

    async def accept(self, listener: socket.socket) -> None:
        """Let clients in for ever, one after the other, as there is room for them."""
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        while True:
            try:
                connected, (host, *_) = await loop.sock_accept(listener)
            except OSError as error:  # out of descriptors, or a client that has left already
                _log.debug("%s", error)
                await asyncio.sleep(_LOOK)
                continue
            try:
                await self._accepting.turn()
                await self._make_room()
                await loop.connect_accepted_socket(partial(self._new, host), connected)
            except OSError:
                connected.close()
            except BaseException:
                connected.close()
                raise

    def leave(self, connection: "Connection") -> None:
        """It needs its place no more, but is heard out."""
        if connection in self._present:
            del self._present[connection]
            self._leaving[connection] = None
            self._changed.set()
        if len(self._leaving) > MAX_LEAVING:
            next(iter(self._leaving)).abort()

    def defect(self, error: BaseException | None) -> None:
        """Whoever has found one may send the same as often as he likes."""
        trace = traceback.extract_tb(error.__traceback__)[-1:] if error else []
        text = f"defect in Aoba: {error!r:.1000}"
        key = (type(error), *((frame.filename, frame.lineno) for frame in trace))
        for line in self._defects.happened(text, time.monotonic(), key):
            _log.error("%s", line, exc_info=error if line is text else None)

    async def shutdown(self, timeout: float | None = None) -> None:
        await super().shutdown(timeout)
        for line in self._defects.end():
            _log.error("%s", line)

    def connection_made(self, handler: web.RequestHandler, transport: Any) -> None:
        super().connection_made(handler, transport)
        if isinstance(handler, Connection):
            self._present[handler] = None

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        super().connection_lost(handler, exc)
        if isinstance(handler, Connection):
            self._present.pop(handler, None)
            self._leaving.pop(handler, None)
            self._changed.set()

    def _new(self, host: str) -> "Connection":
        return Connection(self, str(address_of(host)), loop=self._loop, **self._kwargs)

    def _request(
        self,
        message: Any,
        payload: Any,
        protocol: web.RequestHandler,
        writer: Any,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """With the client's address, which the library does not know once the client has gone."""
        assert isinstance(protocol, Connection)  # noqa: S101  `_new` makes all of them
        return web.BaseRequest(
            message, payload, protocol, writer, task, self._loop, remote=protocol.host
        )

    @property
    def _is_full(self) -> bool:
        return len(self._present) >= MAX_CONNECTIONS

    async def _make_room(self) -> None:
        while self._is_full and not self._part_from_one():
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._changed.wait()

    def _part_from_one(self) -> bool:
        """Of those with nothing under way; else have a slow body make way, which takes a moment."""
        now = self._loop.time()
        idle = [each for each in self._present if now - each.idle_since >= IDLE_AFTER]
        if not idle:
            self._make_way()
            return False
        count = Counter(each.host for each in idle)
        oldest = min(idle, key=lambda c: (c.has_asked, -count[c.host], c.idle_since))
        del self._present[oldest]
        self._leaving[oldest] = None
        oldest.force_close()
        return True

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101  `_new` makes all of them
        with connection.busy():
            await self._share.turn()
            response = await self._handler(request)
        if self._is_full or not request.content.is_eof():
            response.force_close()
        return response


class Connection(web.RequestHandler):
    """One of `connections`, with a client at the address `host`."""

    def __init__(self, connections: Connections, host: str, **options: Any) -> None:
        super().__init__(connections, **options)
        self.host = host
        self.has_asked = False
        """Whether a request of its has been taken care of."""
        self.idle_since = inf
        """Loop time from which on it has nothing under way."""
        self._connections = connections
        self._own_transport: asyncio.Transport | None = None  # also when all but its buffer is gone
        self._head = 0  # bytes of the head that is awaited
        self._due = 0  # requests that have come and are yet to be taken care of
        self._is_broken = False  # what comes is no HTTP
        self._is_leaving = False
        self._is_lost = asyncio.Event()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Within it, a request of its is taken care of."""
        self.idle_since = inf
        try:
            yield
        finally:
            self.has_asked = True
            self._head = 0
            self._due = max(0, self._due - 1)
            if not self._due:
                self.idle_since = self._loop.time()

    def abort(self) -> None:
        if self._own_transport is not None:
            self._own_transport.abort()

    def force_close(self) -> None:
        super().force_close()
        self._loop.call_later(_LINGERING, self.abort)  # its last answer may not be read for ever

    async def start(self) -> None:
        if self.connected:  # else it has gone before its turn came, which the library cannot take
            await super().start()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.idle_since = self._loop.time()
        self._own_transport = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._is_leaving:
            return
        if self.has_asked and not self._head and self.idle_since < inf:
            self.idle_since = self._loop.time()  # who has been quiet has as long as who is new
        self._head += len(data)
        if self._head > MAX_HEAD and self.idle_since < inf and self.transport is not None:
            self.transport.write(TOO_LONG)
            self._hear_out(self.transport)
            return
        before = len(self._messages)
        super().data_received(data)
        if len(self._messages) > before:  # nobody takes care of it before the next turn of the loop
            self._due += len(self._messages) - before
            self.idle_since = inf

    def connection_lost(self, exc: BaseException | None) -> None:
        self._is_lost.set()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer, and where that ends the connection, hear the client out."""
        try:
            async with asyncio.timeout(SILENCE):
                result = await super().finish_response(request, resp, start_time)
        except TimeoutError:  # nobody reads it
            self.abort()
            return resp, True
        if self.transport is not None and (self._is_broken or not request.content.is_eof()):
            self._hear_out(self.transport)
            await self._is_lost.wait()
        return result

    def _hear_out(self, transport: asyncio.Transport) -> None:
        """Say that nothing more is said, and drop what comes; for a while, and without a place."""
        self._is_leaving = True
        self._connections.leave(self)
        self.close()
        transport.write_eof()
        transport.resume_reading()
        self._loop.call_later(_LINGERING, self.abort)

    def log_exception(self, *args: Any, exc_info: BaseException | None = None, **_: Any) -> None:
        """Of what goes wrong behind a request, or beside it."""
        self._connections.defect(exc_info or RuntimeError(*args))

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  the library's
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is told to whoever sent it, and a defect to the log."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._connections.defect(exc)
            message = "a defect in Aoba; its log says more"
        else:
            self._is_broken = True
        response = answer({"error": " ".join((message or "not HTTP").split())}, status)
        response.force_close()
        return response
