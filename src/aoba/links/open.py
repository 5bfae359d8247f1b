"""URL -> link: which class speaks what, and with which session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from aoba.links.roles import Rules
from aoba.links.rtu_tcp import RtuTcpLink
from aoba.links.serial_session import SerialSession
from aoba.links.session import MbapSession
from aoba.links.tcp import TcpLink
from aoba.links.udp import UdpLink
from aoba.links.url import NetworkUrl, SerialUrl, TlsUrl, Url
from aoba.modbus import ascii as ascii_framing
from aoba.modbus import rtu as rtu_framing
from aoba.modbus.client import READING_FUNCTIONS, Client
from aoba.modbus.port import Port
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.station import Station


class Link(Protocol):
    """Shows itself, as text, by its URL, once bound with the real port."""

    async def bind(self) -> None:
        """Take the port or device. Raises LinkError where that is impossible."""
        ...

    async def serve(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Served:
    """What all links have in common."""

    stations: Mapping[int, Station]
    ready: ReadyAnswers
    rules: Rules
    room: int
    """Clients that a link of connections has descriptors for."""

    def mbap(self, client: Client) -> MbapSession:
        return MbapSession(self.stations, client, self.ready)

    def rtu(self, client: Client, *, is_stream: bool = False, echo: bool = False) -> SerialSession:
        reader = rtu_framing.RtuReader(self.stations, client.port, is_stream=is_stream)
        return SerialSession(self.stations, client, reader, rtu_framing.encode, echo=echo)

    def ascii(self, client: Client, *, echo: bool = False) -> SerialSession:
        reader = ascii_framing.AsciiReader(self.stations, client.port)
        return SerialSession(self.stations, client, reader, ascii_framing.encode, echo=echo)


def open_link(url: Url, served: Served) -> Link:
    """Raises UsageError where files that the URL names are of no use."""
    return _BUILDERS[url.scheme](url, served)


def _tcp(url: Url, served: Served) -> Link:
    return TcpLink(cast("NetworkUrl", url), served.mbap, served.room)


def _tls(url: Url, served: Served) -> Link:
    from aoba.links.tls import TlsLink

    return TlsLink(cast("TlsUrl", url), served.mbap, served.room, served.rules)


def _udp(url: Url, served: Served) -> Link:
    return UdpLink(cast("NetworkUrl", url), served.mbap)


def _rtu_tcp(url: Url, served: Served) -> Link:
    def open_session(client: Client) -> SerialSession:
        return served.rtu(client, is_stream=True)

    return RtuTcpLink(cast("NetworkUrl", url), open_session, served.room)


def _serial(url: Url, served: Served) -> Link:
    from aoba.links.serial import SerialLink

    url = cast("SerialUrl", url)
    functions = READING_FUNCTIONS if url.readonly else None
    client = Client(str(url.device), Port(is_serial=True), functions)
    open_session = served.ascii if url.scheme == "ascii" else served.rtu
    return SerialLink(url, lambda: open_session(client, echo=url.echo))


_BUILDERS: Final[dict[str, Callable[[Url, Served], Link]]] = {
    "tcp": _tcp,
    "tls": _tls,
    "udp": _udp,
    "rtu+tcp": _rtu_tcp,
    "rtu": _serial,
    "ascii": _serial,
}
