"""Modbus over UDP: one MBAP frame a datagram, answered to whoever sent it.

A datagram that is not exactly one frame is dropped: of a shorter one the rest will never come, and
what stands behind a frame would be a request hidden in another one. UDP knows no connections, so a
client is whoever has asked within the last minute, or within `?idle=`. What a client sends while it
waits for a device is answered afterwards, as far as there is room for it.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

from aoba.endpoints.sockets import take_ports
from aoba.endpoints.url import NetworkUrl
from aoba.links.access import AccessRules
from aoba.links.clients import Clients
from aoba.links.connection import OpenSession
from aoba.links.forwarded_writes import ForwardedWrites
from aoba.links.link_log import LinkLog
from aoba.links.served import ServedStations
from aoba.links.session import Session
from aoba.links.trace import TracingHistory
from aoba.logs.trace_level import TraceLevel
from aoba.modbus.counters import Counters
from aoba.modbus.foreign import WireProtocol, protocol_of
from aoba.modbus.mbap import FRAMING, is_one_frame
from aoba.modbus.peer import Peer
from aoba.modbus.pending import Pending

IDLE: Final = 60.0
"""Seconds for which a client is remembered unless `?idle=` says otherwise."""

MAX_CLIENTS: Final = 1024
"""Unless `?max_clients=` says otherwise."""

MAX_WAITING: Final = 64
"""Requests of a client that wait for the one that is pending; what comes beyond them is lost."""

LOOP: Final = 1000
LOOP_TIME: Final = 10.0
"""So many times in a row, in so many seconds, the same datagram came, whose answer repeats it: then
it is no client that asks, but another server that takes our answers for requests, as we take its
answers. One that is left out ends that. A client counts its requests, so they differ."""

_NO_FRAME: Final = "not exactly one frame"

Send = Callable[[bytes], None]


class Sender:
    """A client, as far as UDP has any."""

    heard: bool
    known: bool
    since: float

    def __init__(
        self, link: "UdpLink", address: tuple[str, int], session: Session, client: Peer
    ) -> None:
        self._link = link
        self._address = address
        self.session = session
        self.client = client
        self.waiting = deque[tuple[bytes, Send]]()
        self._repeated = 0  # how often the last datagram came
        self._last = b""
        self._repeated_since = -LOOP_TIME

    def is_loop(self, data: bytes, now: float) -> bool:
        """Whether a datagram whose answer repeats it, as it may have done before, is of a loop."""
        if data != self._last:
            self.ends_repeating(now)
            self._last = data
        self._repeated += 1
        if self._repeated < LOOP:
            return False
        is_loop = now - self._repeated_since < LOOP_TIME
        self.ends_repeating(now)
        return is_loop

    def ends_repeating(self, now: float) -> None:
        self._repeated, self._repeated_since = 0, now

    def close(self) -> None:
        self._link.forget(self._address)


class UdpLink:
    """Call `bind`, then `serve`; at the end `close`. `url` has the real port once bound."""

    def __init__(
        self, url: NetworkUrl, open_session: OpenSession, log: LinkLog | None = None
    ) -> None:
        self.url = url
        self.counters = Counters()
        self.log = log or LinkLog()
        self._access_rules = AccessRules(url, self.log)
        self._open_session = open_session
        self._clients = Clients[Sender](url.max_clients or MAX_CLIENTS, url.idle or IDLE)
        self._peers: dict[tuple[str, int], Sender] = {}
        self._forwarded_writes = ForwardedWrites(self.log)
        self._sockets: list[socket.socket] = []
        self._transports: list[asyncio.DatagramTransport] = []
        self._sweeping: asyncio.TimerHandle | None = None

    def __str__(self) -> str:
        return str(self.url)

    async def bind(self) -> None:
        """Take the port at each address of the host. Raises LinkError where that is impossible."""
        port, self._sockets = await take_ports(self.url, socket.SOCK_DGRAM, _bound)
        self.url = replace(self.url, port=port)
        self._access_rules.url = self.url
        self.counters.name = self.log.name = str(self.url)

    async def serve(self) -> None:
        """Answer from now on. Call `bind` first."""
        self._access_rules.warn_if_open(each.getsockname()[0] for each in self._sockets)
        for each in self._sockets:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self), sock=each
            )
            self._transports.append(transport)
        self.log.start()
        self._sweep()

    async def close(self) -> None:
        if self._sweeping:
            self._sweeping.cancel()
        self._forwarded_writes.close()
        for transport in self._transports:
            transport.close()
        for each in self._sockets:
            each.close()
        self.log.close()

    def answer(self, data: bytes, address: Any, send: Send) -> None:
        """Have `send` called with the answer to a datagram from `address`, if it gets one."""
        sender = self._peers.get(address)
        if not is_one_frame(data) or (sender is None and protocol_of(data) is WireProtocol.RTU):
            self._damaged(sender, data, address)
            return
        sender = sender or self._accept(address)
        if sender is None:
            return
        sender.heard = True
        rest = sender.session.find(data[2:])
        if rest is not None:
            self.counters.requests[data[7]] += 1
            send(data[:2] + rest)
        elif sender.session.pending is None:
            self._answer(sender, data, send)
        elif len(sender.waiting) < MAX_WAITING:
            sender.waiting.append((data, send))

    def _damaged(self, sender: Sender | None, data: bytes, address: Any) -> None:
        self.counters.damaged()
        host, port, *_ = address
        if sender is not None:
            sender.client.history.broken(_NO_FRAME, data)
        elif self._access_rules.allows(host):
            stranger = Peer(f"{host} port {port}", self.counters)
            TracingHistory(stranger, FRAMING, TraceLevel.OFF, self.log).broken(_NO_FRAME, data)

    def _answer(self, sender: Sender, data: bytes, send: Send) -> None:
        def finish(pending: Pending, code: int | None) -> None:
            send(session.finish(pending, code))
            while sender.waiting and session.pending is None:
                self._answer(sender, *sender.waiting.popleft())

        session = sender.session
        session.feed(data)
        answers = session.answers()
        if answers and not self._is_loop(sender, data, answers):
            send(answers)
        if session.to_forward:
            self._forwarded_writes.ask(session.to_forward, finish)
            session.to_forward = ()

    def _is_loop(self, sender: Sender, data: bytes, answers: bytes) -> bool:
        now = asyncio.get_running_loop().time()
        if data != answers:
            sender.ends_repeating(now)
            return False
        if not sender.is_loop(data, now):
            return False
        text = "gives back what is sent, as another server would; one answer is left out"
        self.log.tell(f"client {sender.client.name} {text}", host=sender.client.host)
        return True

    def forget(self, address: tuple[str, int]) -> None:
        sender = self._peers.pop(address)
        self._clients.leave(sender)
        host, port, *_ = address
        self.log.detail(f"client {host} port {port} forgotten")

    def _accept(self, address: tuple[str, int]) -> Sender | None:
        host, port, *_ = address
        if not self._access_rules.allows(host):
            return None
        client = Peer(f"{host} port {port}", self.counters, *self._access_rules.access)
        session = self._open_session(client)
        sender = Sender(self, address, session, client)
        if not self._clients.accept(sender, asyncio.get_running_loop().time()):
            most = self._clients.most
            self.log.tell(f"{self.url} has {most} clients, more are turned away")
            return None
        self.counters.clients += 1
        self._peers[address] = sender
        self.log.detail(f"client {host} port {port} is new")
        return sender

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._clients.sweep(loop.time())
        self._sweeping = loop.call_later(self._clients.pause or IDLE, self._sweep)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, link: UdpLink) -> None:
        self._link = link
        self._full = False  # the system does not take answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._full:
            return  # as the network may lose it, too
        self._link.answer(data, addr, partial(self._send, addr))

    def _send(self, addr: Any, answer: bytes) -> None:
        if not self._full:
            self._transport.sendto(answer, addr)

    def error_received(self, exc: Exception) -> None:
        self._link.log.detail(f"{self._link.url}: {exc}")

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False


def _bound(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    taken = socket.socket(family, socket.SOCK_DGRAM)
    try:
        taken.setblocking(False)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(address)
    except OSError:
        taken.close()
        raise
    return taken


def open_udp_link(url: NetworkUrl, served: ServedStations) -> UdpLink:
    log = LinkLog()
    return UdpLink(url, partial(served.mbap, log=log, url=url), log)
