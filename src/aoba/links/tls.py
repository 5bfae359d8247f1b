"""Modbus/TCP Security: Modbus TCP within TLS, with certificates on both sides.

The event loop keeps 256 KiB for each TLS connection, from its first moment on. So a connection
becomes one of TLS when the client has said something, and only `HANDSHAKES` of them at a time are
yet to finish their handshake. Who connects and says nothing costs a descriptor, for 5 s at most,
and less where others are waiting.
"""

import asyncio
import logging
import socket
from typing import ClassVar, Final, cast

from aoba.links.certificates import role_of, server_context
from aoba.links.connection import Connection, OpenSession
from aoba.links.roles import Rules, functions_of
from aoba.links.tcp import PARTING, TcpLink
from aoba.links.url import TlsUrl

HANDSHAKE: Final = 5.0
"""Seconds in which a handshake has to be over."""

HANDSHAKES: Final = 32
WAITING: Final = 512
"""Clients that may wait for their handshake; the one that waits longest makes way for the next."""

MAX_CLIENTS: Final = 256
"""Unless `?max_clients=` says otherwise: 64 MiB."""

_log = logging.getLogger("aoba.link")


class TlsConnection(Connection):
    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Here it is the TLS layer's buffer, which counts as full from `high` on, not beyond.
        self.transport.set_write_buffer_limits(high=1, low=0)

    def functions(self) -> frozenset[int] | None:
        link = cast("TlsLink", self._link)
        certificate = self.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        role = role_of(certificate) if certificate else None
        _log.debug("client %s has %s", self._name, f"role {role!r}" if role else "no role")
        return link.functions_of(role)

    def eof_received(self) -> bool:
        super().eof_received()
        return False  # TLS ends in both directions at once


class TlsLink(TcpLink):
    """As `TcpLink`; `rules` say what clients may do. Raises UsageError where files are no use."""

    connection: ClassVar[type[Connection]] = TlsConnection

    def __init__(self, url: TlsUrl, open_session: OpenSession, room: int, rules: Rules) -> None:
        super().__init__(url, open_session, room if url.max_clients else min(room, MAX_CLIENTS))
        self._rules = rules
        self._context = server_context(url)
        self._verifies = url.ca is not None
        self._handshakes = asyncio.Semaphore(HANDSHAKES)
        self._waiting: dict[asyncio.Task[None], None] = {}
        self._doors: list[asyncio.Task[None]] = []

    def functions_of(self, role: str | None) -> frozenset[int]:
        """What a client of `role` may use, which may be less on this link."""
        functions = functions_of(role, self._rules)
        return functions if self.guard.functions is None else functions & self.guard.functions

    async def serve(self) -> None:
        if not self._verifies:
            _log.warning("%s has no ?ca=FILE: whoever can reach it is let in", self.url)
        self.start_sweeping()
        self._doors = [asyncio.create_task(self._door(listener)) for listener in self._sockets]

    async def close(self) -> None:
        tasks = [*self._doors, *self._waiting]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await super().close()

    async def _door(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, (host, *_) = await loop.sock_accept(listener)
            except OSError as error:  # out of descriptors, or a client that has left already
                _log.debug("%s: %s", self.url, error)
                await asyncio.sleep(0.1)
                continue
            if not self.guard.allows(host):
                connection.close()
                continue
            if len(self._waiting) >= WAITING:
                next(iter(self._waiting)).cancel()
            task = asyncio.create_task(self._shake_hands(connection, host))
            self._waiting[task] = None
            task.add_done_callback(self._waiting.pop)

    async def _shake_hands(self, connection: socket.socket, host: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HANDSHAKE
        try:
            async with asyncio.timeout_at(deadline):
                await _is_readable(connection)
                await self._handshakes.acquire()
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                return
            raise
        try:
            await loop.connect_accepted_socket(
                lambda: self.connection(self),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=max(0.01, deadline - loop.time()),
                ssl_shutdown_timeout=PARTING,
            )
        except OSError as error:  # an SSLError is one, and so is a handshake that takes too long
            _log.warning("client %s: %s", host, error)
        finally:
            self._handshakes.release()


async def _is_readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
