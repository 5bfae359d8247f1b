"""Modbus TCP: one listening port, many clients.

A client that does not read is not read from: when its answers pile up, nothing more is taken from
it until they have gone out. What a client can make Aoba hold is thereby one read and the write
buffer's high-water mark.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping
from typing import Final, cast

from aoba.errors import LinkError
from aoba.links.session import MbapSession
from aoba.links.url import TcpUrl
from aoba.modbus.answer import Station

PARTING: Final = 0.5
"""Seconds a client has, when Aoba stops, to take the answers that are on their way."""

_log = logging.getLogger("aoba.link")


class TcpLink:
    """Call `bind`, then `serve`; at the end `close`. `url` has the real port once bound."""

    def __init__(self, url: TcpUrl, stations: Mapping[int, Station]) -> None:
        self.url = url
        self._stations = stations
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None

    async def bind(self) -> None:
        """Take the port, without answering yet. Raises LinkError where that is impossible."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Client(self._stations, self._clients),
                self.url.host,
                self.url.port,
                start_serving=False,
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise LinkError(f"cannot listen on {self.url}: {reason}") from None
        self.url = TcpUrl(self.url.host, self._server.sockets[0].getsockname()[1])

    async def serve(self) -> None:
        """Let clients in. Call `bind` first; raises LinkError where the port is taken after all."""
        assert self._server is not None  # noqa: S101  the order of calls
        try:
            await self._server.start_serving()
        except OSError as error:
            raise LinkError(f"cannot listen on {self.url}: {error.strerror}") from None

    async def close(self) -> None:
        """Stop listening, and part from each client once its answers are sent, or `PARTING` on."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.transport.close()
        gone = [client.gone.wait() for client in self._clients]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PARTING):
                await asyncio.gather(*gone)
        for client in self._clients:
            client.transport.abort()


class _Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, stations: Mapping[int, Station], clients: "set[_Client]") -> None:
        self._session = MbapSession(stations)
        self._clients = clients
        self.gone = asyncio.Event()
        self._full = False  # the client does not read its answers
        self._ended = False  # the client has sent all it will

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by duck typing
        self._clients.add(self)
        _log.debug("%s connected", self._name())

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        self.gone.set()
        _log.debug("%s gone%s", self._name(), f": {exc}" if exc else "")

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
            _log.warning("%s: %s; connection closed", self._name(), self._session.error)
            self.transport.close()
        elif self._session.more:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._answer)
        elif self._ended:
            self.transport.close()
        elif not self._full:
            self.transport.resume_reading()

    def _name(self) -> str:
        host, port, *_ = self.transport.get_extra_info("peername") or ("?", 0)
        return f"client {host} port {port}"
