"""URL -> link: which class speaks what, and with which session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, cast

from aoba.links.link_log import LinkLog
from aoba.links.roles import Rules
from aoba.links.rtu_tcp import RtuTcpLink
from aoba.links.serial_session import Reader, SerialSession
from aoba.links.session import MbapSession
from aoba.links.tcp import TcpLink
from aoba.links.trace import Level, Telling, TracedMbapSession, TracedSerialSession
from aoba.links.udp import UdpLink
from aoba.links.url import NetworkUrl, SerialUrl, TlsUrl, Url
from aoba.modbus import ascii as ascii_framing
from aoba.modbus import mbap as mbap_framing
from aoba.modbus import rtu as rtu_framing
from aoba.modbus.client import READING_FUNCTIONS, READONLY, Client
from aoba.modbus.port import Port
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.station import Station


class Link(Protocol):
    """Shows itself, as text, by its URL, once bound with the real port."""

    @property
    def port(self) -> Port: ...

    async def bind(self) -> None:
        """Take the port or device. Raises LinkError where that is impossible."""
        ...

    async def serve(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ServedStations:
    """What all links have in common."""

    stations: Mapping[int, Station]
    ready: ReadyAnswers
    rules: Rules
    room: int
    """Clients that a link of connections has descriptors for."""
    level: Level = Level.OFF
    """How much of the traffic is told."""

    def mbap(self, client: Client, log: LinkLog) -> MbapSession:
        client.record = Telling(client, mbap_framing.FRAMING, self.level, log)
        # Without a table of answers where all is told: what is found there goes by unseen.
        ready = None if self.level else self.ready
        session = TracedMbapSession if self.level is Level.BYTES else MbapSession
        return session(self.stations, client, ready)

    def rtu(
        self, client: Client, log: LinkLog, *, is_stream: bool = False, echo: bool = False
    ) -> SerialSession:
        client.record = record = Telling(client, rtu_framing.FRAMING, self.level, log)
        reader = rtu_framing.RtuReader(self.stations, client.port, record, is_stream=is_stream)
        return self._serial(client, reader, rtu_framing.encode, echo=echo)

    def ascii(self, client: Client, log: LinkLog, *, echo: bool = False) -> SerialSession:
        client.record = record = Telling(client, ascii_framing.FRAMING, self.level, log)
        reader = ascii_framing.AsciiReader(self.stations, client.port, record)
        return self._serial(client, reader, ascii_framing.encode, echo=echo)

    def _serial(
        self, client: Client, reader: Reader, encode: Callable[[int, bytes], bytes], *, echo: bool
    ) -> SerialSession:
        session = TracedSerialSession if self.level is Level.BYTES else SerialSession
        return session(self.stations, client, reader, encode, echo=echo)


def open_link(url: Url, served: ServedStations) -> Link:
    """Raises UsageError where files that the URL names are of no use."""
    return _BUILDERS[url.scheme](url, served)


def _tcp(url: Url, served: ServedStations) -> Link:
    log = LinkLog()
    return TcpLink(cast("NetworkUrl", url), partial(served.mbap, log=log), served.room, log)


def _tls(url: Url, served: ServedStations) -> Link:
    from aoba.links.tls import TlsLink

    log = LinkLog()
    open_session = partial(served.mbap, log=log)
    return TlsLink(cast("TlsUrl", url), open_session, served.room, served.rules, log)


def _udp(url: Url, served: ServedStations) -> Link:
    log = LinkLog()
    return UdpLink(cast("NetworkUrl", url), partial(served.mbap, log=log), log)


def _rtu_tcp(url: Url, served: ServedStations) -> Link:
    url = cast("NetworkUrl", url)
    log = LinkLog()
    open_session = partial(served.rtu, log=log, is_stream=True, echo=url.echo)
    return RtuTcpLink(url, open_session, served.room, log)


def _serial(url: Url, served: ServedStations) -> Link:
    from aoba.links.serial import SerialLink

    url = cast("SerialUrl", url)
    access = (READING_FUNCTIONS, READONLY) if url.readonly else (None, "")
    client = Client(str(url.device), Port(is_serial=True, name=str(url)), *access)
    log = LinkLog(str(url))
    open_session = served.ascii if url.scheme == "ascii" else served.rtu
    return SerialLink(url, client.port, lambda: open_session(client, log, echo=url.echo), log)


_BUILDERS: Final[dict[str, Callable[[Url, ServedStations], Link]]] = {
    "tcp": _tcp,
    "tls": _tls,
    "udp": _udp,
    "rtu+tcp": _rtu_tcp,
    "rtu": _serial,
    "ascii": _serial,
}
