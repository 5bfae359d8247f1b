"""One TCP connection, from its first byte to its last.

A client that does not read is not read from: as soon as the system does not take an answer at once,
nothing more is taken from that client until it has. What a client can make Aoba hold is thereby one
read, and the answers to one turn of requests.

A link may have thousands of clients that connect and say nothing. So there are slots, and a session
only from the first byte on.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import ClassVar, Final, Protocol, cast

from aoba.endpoints.sockets import address_of
from aoba.errors import ForeignFrames, FrameError
from aoba.links.access import Access, AccessRules
from aoba.links.direct import direct_writer
from aoba.links.forwarded_writes import ForwardedWrites
from aoba.links.link_log import LinkLog
from aoba.links.session import NullSession, Session
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.modbus.pending import Pending

KEEPALIVE_TIMEOUT: Final = 60
"""Seconds without a word after which a client is asked whether it is still there."""

ID: Final = slice(2)
BEHIND_ID: Final = slice(2, None)
"""Where a request has its transaction id, and what it is looked up by."""

NULL_SESSION: Final = NullSession()

OpenSession = Callable[[Peer], Session]


class Link(Protocol):
    """What a connection needs of its link."""

    @property
    def counters(self) -> Counters: ...

    @property
    def access_rules(self) -> AccessRules: ...

    @property
    def open_session(self) -> OpenSession: ...

    @property
    def forwarded_writes(self) -> ForwardedWrites: ...

    @property
    def log(self) -> LinkLog: ...

    def accept(self, connection: "Connection", host: str) -> bool:
        """Whether the connection may stay. `leave` is called either way."""
        ...

    def leave(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """One client. Slots, and what is made late, are for those who connect and say nothing."""

    __slots__ = (
        "_add_to_history",
        "_ended",
        "_full",
        "_hit_answer",
        "_hit_request",
        "_is_closing",
        "_link",
        "_name",
        "_requests",
        "_session",
        "_write",
        "heard",
        "known",
        "since",
        "transport",
    )

    unsent: ClassVar[int] = 0
    """Bytes of answers beyond which nothing is read: all that the system does not take at once."""

    listens_on: ClassVar[bool] = False
    """Whether what comes while a request is pending says something about it."""

    transport: asyncio.Transport
    heard: bool
    known: bool
    since: float

    def __init__(self, link: Link) -> None:
        self._link = link
        self._session: Session = NULL_SESSION
        self._requests = link.counters.requests
        self._full = False  # the client does not read its answers
        # Of what is answered out of memory, the last one: to remember more costs a twentieth.
        self._hit_request = self._hit_answer = b""
        self._ended = False  # the client has sent all it will
        self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by duck typing
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self._name = f"{host} port {port}"
        if not self._link.accept(self, host):
            self.transport.abort()
            return
        # With 0, nothing waits in the buffer unless writing is paused.
        self.transport.set_write_buffer_limits(self.unsent)
        self._write = direct_writer(self.transport)
        # A client that vanished without a word would keep its descriptor for ever.
        _keep_alive(transport.get_extra_info("socket"))
        self._link.log.detail(f"client {self._name} connected", client=self._name)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.leave(self)
        why = f": {exc}" if exc else ""
        self._link.log.detail(f"client {self._name} gone{why}", client=self._name)

    def data_received(self, data: bytes) -> None:
        # Most requests end here. All in one place, since every call would cost a hundredth more.
        # As much is saved by local names: `self._write(answer)` would look for a method first.
        session = self._session
        find = session.find
        rest = find(data[BEHIND_ID])
        if rest is not None:
            self._requests[data[7]] += 1  # by function code
            self.heard = True
            self._hit_request = data
            self._hit_answer = answer = data[ID] + rest
            write = self._write
            write(answer)
            return
        if self._hit_request:
            self._add_to_history((self._hit_request, self._hit_answer))
            self._hit_request = b""
        reply = None if self._full or self._is_closing else session.reply(data)
        if reply:
            self.heard = True
            write = self._write
            write(reply)
        else:
            if reply is None:
                self._feed(data)
            self._answer()

    def _feed(self, data: bytes) -> None:
        if self._session is NULL_SESSION:
            client = Peer(self._name, self._link.counters, *self.access())
            client.called = self.called
            self._session = self._link.open_session(client)
            self._add_to_history = client.history.add
        self._session.feed(data)

    @property
    def called(self) -> tuple[str, int]:
        """The address and the port of ours that the client has called."""
        ip, port, *_ = self.transport.get_extra_info("sockname") or ("", 0)
        return str(address_of(ip)) if ip else "", port

    def access(self) -> Access:
        """What the client may do, and why no more; see `aoba.modbus.peer.Peer`."""
        return self._link.access_rules.access

    def eof_received(self) -> bool:
        self._ended = True
        self._answer()
        return True  # the connection stays open for the answers that are still to go

    def pause_writing(self) -> None:
        self._full = True
        self._write = self.transport.write  # behind what waits
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        self._write = direct_writer(self.transport)
        self._answer()

    def close(self) -> None:
        if self._full:  # it would not take what is still to go
            self.transport.abort()
        else:
            self.drain()

    def drain(self) -> None:
        """Answer nothing any more; what is on its way is still sent."""
        self._is_closing = True
        self.transport.close()

    def _answer(self) -> None:
        """Answer a turn's worth of requests; where there are more, the others come first."""
        if self._full or self.transport.is_closing():
            return
        answers = self._session.answers()
        if answers:
            self.heard = True
            self._write(answers)
        if self._session.to_forward:
            self.heard = True
            self._link.forwarded_writes.ask(self._session.to_forward, self._finish)
            self._session.to_forward = ()
        if self._session.error:
            self._tell_of(self._session.error)
            self.drain()
        elif self._session.more:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._answer)
        elif self._ended:
            if not self._session.pending:
                self.drain()
        elif self._session.pending and not self.listens_on:
            self.transport.pause_reading()
        elif not self._full:
            self.transport.resume_reading()

    def _tell_of(self, error: FrameError | ForeignFrames) -> None:
        text = f"client {self._name}: {error}; connection closed"
        host = self._name.partition(" port ")[0]
        self._link.log.tell(text, ("closed", host, str(error)), host=host, client=self._name)

    def _finish(self, pending: Pending, code: int | None) -> None:
        """What devices say to a request has come; the client may have gone meanwhile."""
        others_wait = pending is self._session.pending
        answer = self._session.finish(pending, code)
        if answer and not self.transport.is_closing():
            self.heard = True
            self._write(answer)
        if others_wait and not self._session.more:  # else turns go on without it, one at a time
            self._answer()


def _keep_alive(connection: socket.socket) -> None:
    """Have a client asked for a sign of life after `KEEPALIVE_TIMEOUT`, and dropped without one."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_TIMEOUT),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
    ):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
