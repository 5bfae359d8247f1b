"""Modbus/TCP Security: Modbus TCP within TLS, with certificates on both sides.

The event loop keeps 256 KiB for each TLS connection, from its first moment on. So a connection
becomes one of TLS when the client has said something, and only `HANDSHAKES` of them at a time are
yet to finish their handshake, 32 MiB at most. Who connects and says nothing costs a descriptor, for
5 s at most, and less where others are waiting.
"""

import asyncio
import logging
import socket
import ssl
from functools import partial
from typing import ClassVar, Final, cast

from aoba.endpoints.url import TlsUrl
from aoba.links.access import Access
from aoba.links.certificates import role_of, server_context
from aoba.links.connection import Connection, OpenSession
from aoba.links.handshake_limit import LifoSemaphore
from aoba.links.link_log import LinkLog
from aoba.links.protocols import foreign_words
from aoba.links.roles import Rules, functions_of, words_for
from aoba.links.served import ServedStations
from aoba.links.tcp import CLOSE_TIMEOUT, TcpLink
from aoba.modbus.foreign import WireProtocol, protocol_of

HANDSHAKE: Final = 5.0
"""Seconds in which a handshake has to be over."""

HURRY: Final = 1.0
"""The same while many are under way, so that those that lead nowhere make way for others."""

HANDSHAKES: Final = 128
WAITING: Final = 512
"""Clients that may wait for their handshake; the one that waits longest makes way for the next."""

MAX_CLIENTS: Final = 256
"""Unless `?max_clients=` says otherwise: 64 MiB."""

_FIRST: Final = 260
"""Bytes that tell another protocol from TLS."""
_UNREAD: Final = 64 * 1024
_LEFT: Final = "it left before the end of the handshake"

_log = logging.getLogger("aoba.link")


class TlsConnection(Connection):
    __slots__ = ()

    # Not 0: the end of the handshake may still be among them, and goes out only with the reading.
    unsent: ClassVar[int] = 16 * 1024

    def access(self) -> Access:
        link = cast("TlsLink", self._link)
        certificate = self.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        role = role_of(certificate) if certificate else None
        has = f"role {role!r}" if role else "no role"
        link.log.detail(f"client {self._name} has {has}", client=self._name)
        return link.access_of(role)

    def eof_received(self) -> bool:
        super().eof_received()
        return False  # TLS ends in both directions at once


class TlsLink(TcpLink):
    """As `TcpLink`; `rules` say what clients may do. Raises UsageError where files are no use."""

    connection: ClassVar[type[Connection]] = TlsConnection

    def __init__(
        self,
        url: TlsUrl,
        open_session: OpenSession,
        room: int,
        rules: Rules,
        log: LinkLog | None = None,
    ) -> None:
        room = room if url.max_clients else min(room, MAX_CLIENTS)
        super().__init__(url, open_session, room, log)
        self._rules = rules
        self._context = server_context(url)
        self._verifies = url.ca is not None
        self._handshakes = LifoSemaphore(HANDSHAKES)
        self._waiting: dict[asyncio.Task[None], None] = {}
        self._doors: list[asyncio.Task[None]] = []

    def access_of(self, role: str | None) -> Access:
        """What a client of `role` may do, which may be less on this link."""
        functions = functions_of(role, self._rules)
        readable, restriction = self.access_rules.access
        if readable is None or not functions:
            return functions, words_for(role, functions)
        return functions & readable, restriction

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
                self.log.detail(f"{self.url}: {error}")
                await asyncio.sleep(0.1)
                continue
            if not self.access_rules.allows(host):
                connection.close()
                continue
            if len(self._waiting) >= WAITING:
                next(iter(self._waiting)).cancel()
                full = f"{self.url}: {WAITING} clients wait for their handshake"
                self.log.tell(f"{full}, and the one that waits longest makes way for the next")
            task = asyncio.create_task(self._shake_hands(connection, host))
            self._waiting[task] = None
            task.add_done_callback(self._waiting.pop)

    async def _shake_hands(self, connection: socket.socket, host: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + HANDSHAKE
        try:
            async with asyncio.timeout_at(deadline):
                await _is_readable(connection)
            self._look_at(connection)
            async with self._handshakes.place(until=deadline):
                left = HURRY if self._handshakes.is_crowded else deadline - loop.time()
                deadline = loop.time() + left
                await loop.connect_accepted_socket(
                    lambda: self.connection(self),
                    connection,
                    ssl=self._context,
                    ssl_handshake_timeout=max(0.01, left),
                    ssl_shutdown_timeout=CLOSE_TIMEOUT,
                )
        except OSError as error:  # so is an SSLError, and a TimeoutError
            connection.close()
            is_late = loop.time() >= deadline
            reason = f"no handshake within {deadline - began:.0f} s" if is_late else _reason(error)
            self.log.tell(f"client {host} is turned away: {reason}", host=host)
        except BaseException:
            connection.close()
            raise

    def _look_at(self, connection: socket.socket) -> None:
        """Raises OSError, which says why, where what a client says first leads to no handshake."""
        first = connection.recv(_FIRST, socket.MSG_PEEK)
        words = foreign_words(str(self.url), protocol_of(first), WireProtocol.TLS)
        if words or not first:
            connection.recv(_UNREAD)  # what is left unread would make of the end a reset
            raise OSError(words or _LEFT)


async def _is_readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return _LEFT if isinstance(error, ConnectionError) else str(error)


def open_tls_link(url: TlsUrl, served: ServedStations) -> TlsLink:
    log = LinkLog()
    open_session = partial(served.mbap, log=log, url=url)
    return TlsLink(url, open_session, served.room, served.rules, log)
