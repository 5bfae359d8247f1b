"""URL, what a user types to name a link -> `NetworkUrl`, `TlsUrl` or `SerialUrl`.

    tcp://HOST:PORT   tls://HOST:PORT   udp://HOST:PORT   rtu+tcp://HOST:PORT
    rtu:///DEVICE     ascii:///DEVICE

In place of one port there may be some, `tcp://HOST:20000-20999`, and in place of one address all of
a network, `tcp://10.9.0.0/18:502`; then `bus={port}` or `bus={ip}` has each of them serve a bus of
its own.

Options follow a `?`, see `aoba.endpoints.options`. What a scheme accepts is one row of `SCHEMES`.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import SplitResult

from aoba.bus import MAIN, parse_bus
from aoba.endpoints.host_port import show, split_url
from aoba.endpoints.meant_urls import did_you_mean, meant_url
from aoba.endpoints.options import CERTIFICATES, Parsers, count, flag, one_of, parse_options
from aoba.endpoints.units import parse_duration, parse_pause
from aoba.errors import UsageError

DEFAULT_LISTEN: Final = "tcp://127.0.0.1:5020"

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class NetworkUrl:
    """An IP address or name to listen at; port 0 lets the system choose one."""

    scheme: str
    host: str
    port: int
    max_clients: int | None = None
    """None: as many as there are descriptors for."""
    idle: float | None = None
    """Seconds without a word after which a client is parted from; None: never."""
    allow: Networks = ()
    """Where clients may come from; empty: anywhere."""
    readonly: bool = False
    echo: bool = False
    """Of a serial line behind it: whether that gives back what is sent on it."""
    bus: str = MAIN
    """What is served; `{ip}` and `{port}` in it stand for those that a client has called."""
    any_unit: bool = False
    """Whether each unit id means the only station, where there is just one."""
    last_port: int | None = None
    """None: `port` is the only one."""
    network: IPv4Network | IPv6Network | None = None
    """All addresses that are listened at; None: `host`."""

    def __str__(self) -> str:
        place = show(self.host, self.port)
        if self.network:
            host, _, port = place.rpartition(":")
            place = f"{host}/{self.network.prefixlen}:{port}"
        return f"{self.scheme}://{place}" + (f"-{self.last_port}" if self.last_port else "")

    @property
    def ports(self) -> range:
        """All of several; empty: `port` alone, which may be 0."""
        return range(self.port, self.last_port + 1) if self.last_port else range(0)

    @property
    def bound_host(self) -> str:
        """What a socket is bound to; one that is bound to all addresses hears a whole network."""
        if not self.network:
            return self.host
        return "0.0.0.0" if self.network.version == 4 else "::"  # noqa: S104, PLR2004  both are asked for

    def has(self, ip: str) -> bool:
        """Whether this is one of the addresses that are listened at."""
        return not self.network or ip_address(ip) in self.network

    def bus_of(self, ip: str, port: int) -> str:
        """The one that a client is served who has called this address and port."""
        return self.bus.replace("{ip}", ip).replace("{port}", str(port))

    @property
    def is_bus_fixed(self) -> bool:
        return "{" not in self.bus


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsUrl(NetworkUrl):
    cert: Path
    """The server's certificate and those between it and the root, PEM."""
    key: Path
    ca: Path | None = None
    """Who signs the certificates of clients; None: they need none."""
    strict: bool = False
    """Whether certificates of clients have to follow RFC 5280 to the letter."""

    __str__ = NetworkUrl.__str__


@dataclass(frozen=True, slots=True)
class SerialUrl:
    """A serial line; `scheme` is the framing spoken there."""

    scheme: str
    device: Path
    baudrate: int
    parity: str
    bytesize: int
    stopbits: int
    rtscts: bool = False
    xonxoff: bool = False
    turnaround: float | None = None
    """Seconds between a request and its answer; None: what the kind of line demands."""
    readonly: bool = False
    echo: bool = False
    """Whether the line gives back what is sent on it, as some adapters do."""
    bus: str = MAIN
    any_unit: bool = False
    """Whether each unit id but 0 means the only station, where there is just one."""

    is_bus_fixed: ClassVar[bool] = True

    def bus_of(self, _ip: str, _port: int) -> str:
        return self.bus

    def __str__(self) -> str:
        return f"{self.scheme}://{self.device}"

    @property
    def character(self) -> str:
        """The line's settings as they are written in the field: `9600 8N1`."""
        return f"{self.baudrate} {self.bytesize}{self.parity}{self.stopbits}"


Url = NetworkUrl | SerialUrl


@dataclass(frozen=True, slots=True)
class Scheme:
    form: str
    """How its URLs look, for messages."""
    open: str
    """`module:function`, which makes a link of a URL and a `ServedStations`; imported when needed.
    """
    build: Callable[["Scheme", str], Url]
    options: Parsers
    defaults: dict[str, Any]
    needs: tuple[str, ...] = ()
    """Options that must be given."""
    port: int | None = None
    """Where a URL names none; None: it has to."""


def parse_listen(text: str) -> Url:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    name, colon, _ = text.partition(":")
    scheme = SCHEMES.get(name.lower()) if colon else None
    if scheme is None:
        raise unknown(text, ACCEPTED, SCHEMES)
    return scheme.build(scheme, text)


def unknown(text: str, accepted: str, schemes: Collection[str]) -> UsageError:
    """Of a `text` that begins with none of `schemes`; `accepted` shows them all."""
    name, colon, _ = text.partition(":")
    is_scheme = colon and "." not in name  # of `127.0.0.1:5020` it is none
    what = f"unknown link {name!r}" if is_scheme else "not a URL"
    hint = did_you_mean(meant_url(text, schemes))
    return UsageError(f"{text}: {what}; expected {accepted}{hint}")


def _network_url(scheme: Scheme, text: str) -> NetworkUrl:
    one, many = _one_of_many(text)
    try:
        host, port, rest = split_url(one, scheme.port)
        many = _many_of(host, port, many)
    except ValueError as error:
        hint = did_you_mean(_with_slashes(text))
        raise UsageError(f"{text}: {error}; expected {scheme.form}{hint}") from None
    for name, value in _useless(rest):
        if value:
            raise UsageError(f"{text}: unknown {name} {value!r}; expected {scheme.form}")
    options = _options(scheme, text, rest.query)
    kind = TlsUrl if "cert" in scheme.options else NetworkUrl
    url = kind(rest.scheme, host, port, **options, **many)
    if url.scheme == "udp" and (many or not url.is_bus_fixed):
        raise UsageError(f"{text}: a udp link has one address, one port and one bus")
    return url


def _one_of_many(text: str) -> tuple[str, dict[str, Any]]:
    """The URL with one address and one port, and what it says of others."""
    found = _MANY.match(text)
    if not found:
        return text, {}
    many = {name: int(value) for name, value in found.groupdict().items() if value}
    return f"{found[1]}:{found[3]}{text[found.end() :]}", many


def _many_of(host: str, port: int, many: dict[str, Any]) -> dict[str, Any]:
    """Fields of a `NetworkUrl`. Raises ValueError, which says what is wrong."""
    fields: dict[str, Any] = {}
    if (last := many.get("last_port")) is not None:
        if not 0 < port <= last <= MAX_PORT:
            raise ValueError(f"expected the first port, and one behind it up to {MAX_PORT}")
        fields["last_port"] = last
    if (prefix := many.get("prefix")) is not None:
        fields["network"] = ip_network(f"{host}/{prefix}")
    return fields


def _with_slashes(text: str) -> str | None:
    """What somebody may have meant who left out the two before the host."""
    name, _, rest = text.partition(":")
    is_short = bool(rest.strip("/")) and not rest.startswith("//")
    return f"{name}://{rest.lstrip('/')}" if is_short else None


def _useless(parts: SplitResult) -> tuple[tuple[str, str | None], ...]:
    return (
        ("path", parts.path.strip("/")),
        ("fragment", parts.fragment),
        ("user", parts.username),
    )


def _serial_url(scheme: Scheme, text: str) -> SerialUrl:
    name, _, rest = text.partition(":")
    location, _, query = rest.partition("?")  # taken as it stands: devices have odd names
    device = location.removeprefix("//")
    if not device.strip("/"):
        raise UsageError(f"{text}: the device is missing; expected {scheme.form}")
    if not device.startswith("/"):
        raise UsageError(
            f"{text}: the device needs its full path, as in {name}:///{device}; "
            f"expected {scheme.form}"
        )
    return SerialUrl(name.lower(), Path(device), **_options(scheme, text, query))


def _options(scheme: Scheme, text: str, query: str) -> dict[str, Any]:
    options = scheme.defaults | parse_options(text, query, scheme.options)
    for name in scheme.needs:
        if name not in options:
            raise UsageError(f"{text}: option {name!r} is missing; expected {scheme.form}")
    return options


def _networks(text: str) -> Networks:
    try:
        return tuple(ip_network(part) for part in text.split(","))
    except ValueError as error:
        expected = "expected networks joined by commas, as in 10.0.0.0/8,127.0.0.1"
        raise UsageError(f"{error}; {expected}") from None


def _bus(text: str) -> str:
    parse_bus(text.replace("{ip}", "0").replace("{port}", "0"))
    return text


def _number_of(*accepted: str) -> Callable[[str], int]:
    return lambda text: int(one_of(*accepted)(text))


MAX_PORT: Final = 65_535

_MANY: Final = re.compile(
    r"([a-z+]+://(?:\[[^]]*\]|[^/?#:]+))(?:/(?P<prefix>\d{1,3}))?:(\d{1,5})(?:-(?P<last_port>\d{1,5}))?"
    r"(?=[?#/]|$)"
)
_SERVED: Final[Parsers] = {"bus": _bus, "any_unit": flag}
_PROTECTION: Final[Parsers] = {
    "max_clients": count,
    "idle": parse_duration,
    "allow": _networks,
    "readonly": flag,
    **_SERVED,
}
_LINE: Final[Parsers] = {
    "baudrate": count,
    "parity": one_of("N", "E", "O", "M", "S"),
    "stopbits": _number_of("1", "2"),  # POSIX has no other
    "bytesize": _number_of("8"),
    "rtscts": flag,
    "turnaround": parse_pause,
    "readonly": flag,
    "echo": flag,
    "bus": parse_bus,
    "any_unit": flag,
}
_ASCII_LINE: Final[Parsers] = {
    **_LINE,
    "bytesize": _number_of("7", "8"),
    "xonxoff": flag,  # its two characters would be data in RTU frames
}
_8N1: Final = {"baudrate": 9600, "parity": "N", "bytesize": 8, "stopbits": 1}
"""What devices have when they come out of the box. Serial Line 2.5.1 would be 19200 8E1."""
_7E1: Final = _8N1 | {"parity": "E", "bytesize": 7}
"""Serial Line 2.5.2."""

SCHEMES: Final[dict[str, Scheme]] = {
    "tcp": Scheme("tcp://HOST:PORT", "aoba.links.tcp:open_tcp_link", _network_url, _PROTECTION, {}),
    "tls": Scheme(
        "tls://HOST:PORT?cert=FILE&key=FILE&ca=FILE",
        "aoba.links.tls:open_tls_link",
        _network_url,
        {**CERTIFICATES, **_PROTECTION},
        {},
        ("cert", "key"),
    ),
    "udp": Scheme("udp://HOST:PORT", "aoba.links.udp:open_udp_link", _network_url, _PROTECTION, {}),
    "rtu+tcp": Scheme(
        "rtu+tcp://HOST:PORT",
        "aoba.links.rtu_tcp:open_rtu_tcp_link",
        _network_url,
        {**_PROTECTION, "echo": flag},
        {},
    ),
    "rtu": Scheme("rtu:///DEVICE", "aoba.links.serial:open_serial_link", _serial_url, _LINE, _8N1),
    "ascii": Scheme(
        "ascii:///DEVICE", "aoba.links.serial:open_serial_link", _serial_url, _ASCII_LINE, _7E1
    ),
}

ACCEPTED: Final = ", ".join(scheme.form for scheme in SCHEMES.values())
