"""URL of a device -> `NetworkTarget`, `TlsTarget` or `SerialTarget`.

    tcp://HOST   tls://HOST   udp://HOST   rtu+tcp://HOST:PORT   rtu:///DEVICE   ascii:///DEVICE

The same URLs as those to listen at, of the same table, but with the options of one who asks: no
protection, certificates of a client, how requests are made, and the port that the specification
reserves where there is none.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from aoba.bus import MAIN, parse_bus
from aoba.endpoints.client_tls import CLIENT_TLS, ClientTls
from aoba.endpoints.meant_urls import meant_url
from aoba.endpoints.options import Parsers, parse_options
from aoba.endpoints.request_options import NO_OPTIONS, REQUEST_OPTIONS, RequestOptions, check
from aoba.endpoints.url import SCHEMES, NetworkUrl, Scheme, SerialUrl, unknown
from aoba.errors import UsageError

__all__ = [
    "ACCEPTED",
    "NetworkTarget",
    "NetworkUrl",
    "SerialTarget",
    "SerialUrl",
    "Target",
    "TlsTarget",
    "has_broadcast",
    "meant_target",
    "options_of",
    "parse_target",
]

TCP_PORT: Final = 502
"""TCP 4.2.1 ("MODBUS Messaging on TCP/IP Implementation Guide V1.0b")."""
TLS_PORT: Final = 802
"""mbap/s ("MODBUS/TCP Security", section 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTarget(NetworkUrl):
    requests: RequestOptions = NO_OPTIONS

    __str__ = NetworkUrl.__str__


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialTarget(SerialUrl):
    requests: RequestOptions = NO_OPTIONS

    __str__ = SerialUrl.__str__


@dataclass(frozen=True, slots=True)
class TlsTarget(ClientTls):
    host: str
    port: int
    requests: RequestOptions = NO_OPTIONS

    def __str__(self) -> str:
        return str(NetworkUrl("tls", self.host, self.port))


Target = NetworkTarget | TlsTarget | SerialTarget


def has_broadcast(target: Target) -> bool:
    """Whether unit id 0 is all stations of a serial line, and none answers; else it is a device."""
    return not isinstance(target, TlsTarget) and target.scheme in ("rtu", "rtu+tcp", "ascii")


def meant_target(text: str) -> str | None:
    """The URL of a device that somebody may have meant who typed `text`, which is none."""
    return meant_url(text, [*TARGETS, "tls"])


def options_of(text: str) -> Parsers:
    """The options that a URL beginning like `text` may have; none where it is no URL."""
    scheme = text.partition(":")[0].lower()
    if scheme == "tls":
        return {**CLIENT_TLS, **REQUEST_OPTIONS}
    return {**TARGETS[scheme].options, **REQUEST_OPTIONS} if scheme in TARGETS else {}


def parse_target(text: str) -> Target:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    name, colon, _ = text.partition(":")
    scheme = name.lower()
    if colon and scheme == "tls":
        return _tls(text)
    if not colon or scheme not in TARGETS:
        raise unknown(text, ACCEPTED, [*TARGETS, "tls"])
    location, options, requests = _options(text)
    url = TARGETS[scheme].build(replace(TARGETS[scheme], options={}), location)
    kind = SerialTarget if isinstance(url, SerialUrl) else NetworkTarget
    if isinstance(url, NetworkUrl):
        _with_port(text, url)
    given = {field.name: getattr(url, field.name) for field in fields(url)} | options
    return kind(**given, requests=requests)


def parse_pushed(text: str) -> tuple[Target, str]:
    """The same for who is pushed to, and the bus whose stations that are, which `bus=` names.

    Raises UsageError.
    """
    location, _, query = text.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    named = [value for name, value in pairs if name == "bus"]
    if len(named) > 1:
        raise UsageError(f"{text}: option 'bus' is given twice")
    if not named:
        return parse_target(text), MAIN
    rest = urlencode([pair for pair in pairs if pair[0] != "bus"])
    try:
        bus = parse_bus(named[0])
    except UsageError as error:
        raise UsageError(f"{text}: option 'bus': {error}") from None
    return parse_target(f"{location}?{rest}" if rest else location), bus


def _tls(text: str) -> TlsTarget:
    location, options, requests = _options(text)
    place = _with_port(text, _TLS.build(_TLS, location))
    target = TlsTarget(place.host, place.port, **options, requests=requests)
    if target.key and not target.cert:
        raise UsageError(f"{text}: option 'key' goes with cert=FILE")
    return target


def _options(text: str) -> tuple[str, dict[str, Any], RequestOptions]:
    """What stands before the options; those of the place; and how requests are made."""
    location, _, query = text.partition("?")
    options = parse_options(text, query, options_of(text))
    requests = {name: options.pop(name) for name in REQUEST_OPTIONS if name in options}
    return location, options, check(text, RequestOptions(**requests))


def _with_port(text: str, url: object) -> NetworkUrl:
    assert isinstance(url, NetworkUrl)  # noqa: S101  what the rows below build
    if url.last_port or url.network:
        raise UsageError(f"{text}: a device has one address and one port")
    if not url.port:
        raise UsageError(f"{text}: the port is 0; expected 1 to 65535")
    return url


def _network(name: str, port: int | None = None, *options: str) -> Scheme:
    line = SCHEMES["rtu"].options
    return replace(SCHEMES[name], options={it: line[it] for it in options}, port=port)


def _line(name: str) -> Scheme:
    row = SCHEMES[name]
    return replace(row, options={k: v for k, v in row.options.items() if k in _LINE})


_LINE: Final = ("baudrate", "parity", "stopbits", "bytesize", "rtscts", "xonxoff", "echo")
_TLS: Final = Scheme("tls://HOST?ca=FILE", "", SCHEMES["tcp"].build, {}, {}, port=TLS_PORT)

TARGETS: Final[dict[str, Scheme]] = {
    "tcp": _network("tcp", TCP_PORT),
    "udp": _network("udp", TCP_PORT),
    "rtu+tcp": _network("rtu+tcp", None, "echo"),  # converters have no port in common
    "rtu": _line("rtu"),
    "ascii": _line("ascii"),
}

ACCEPTED: Final = ", ".join([*(scheme.form for scheme in TARGETS.values()), _TLS.form])
