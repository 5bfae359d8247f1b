"""SPEC of a web server that is asked for documents -> `FetchSpec`.

    fetch:https://HOST/PATH?interval=5s&token=@FILE&OPTIONS

Options of ours stand among those of the server, in any order: what is none of ours is a part of its
URL. One of the server's that is called like one of ours stands behind a `%3F`, as in
`fetch:https://HOST/PATH%3Ftoken=x?interval=5s`. Neither the spec nor an error shows the token.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aoba.bus import parse_bus
from aoba.endpoints.client_tls import NO_TLS, ClientTls
from aoba.endpoints.host_port import split_url
from aoba.endpoints.options import CERTIFICATES, Parsers, parse_options
from aoba.endpoints.units import parse_duration
from aoba.errors import UsageError
from aoba.sources.kinds import SOURCES
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take_monitoring
from aoba.sources.schedule import parse_interval

FORM: Final = SOURCES["fetch"].form
DEFAULT_INTERVAL: Final = 5.0
DEFAULT_TIMEOUT: Final = 10.0

_PREFIX: Final = "fetch:"
_SCHEMES: Final = ("http", "https")
_ANY_PORT: Final = 1
"""Of a URL without one: each scheme has its own."""


@dataclass(frozen=True, slots=True)
class FetchSpec:
    kind: ClassVar[str] = "fetch"
    url: str
    """With the options that are the server's."""
    interval: float = DEFAULT_INTERVAL
    """Seconds from the start of one request to that of the next."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds for a whole answer."""
    token: str | None = field(default=None, repr=False)
    """Sent as `Authorization: Bearer`; `@FILE` or `env:NAME` say where it is."""
    tls: ClientTls = NO_TLS
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    """None: `main`, or what stations say."""

    @property
    def name(self) -> str:
        """The last part of the path, or else where it is."""
        return urlsplit(self.url).path.rpartition("/")[2] or self.place

    @property
    def full_name(self) -> str:
        return f"{_PREFIX}{self.place}"

    @property
    def place(self) -> str:
        """The URL without its options, in which a key of the server may stand."""
        return self.url.partition("?")[0]


def parse_fetch(text: str) -> FetchSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    location, _, query = text.removeprefix(_PREFIX).partition("?")
    location, _, escaped = location.partition("%3F")
    scheme, _, rest = location.partition("://")
    authority, slash, path = rest.partition("/")
    shown = f"{_PREFIX}{scheme}://{authority.rpartition('@')[2]}{slash}{path}"

    def refuse(reason: object) -> UsageError:
        return UsageError(f"{shown}: {reason}; expected {FORM}")

    if scheme.lower() not in _SCHEMES:
        raise refuse("only http and https can be asked for documents")
    try:
        _, port, parts = split_url(location, _ANY_PORT)
    except ValueError as error:
        raise refuse(error) from None
    if not port:
        raise refuse("the port is 0")
    if parts.username is not None:
        raise refuse("a user is of no use here, ?token= is")
    if parts.fragment:
        raise refuse(f"unknown fragment {parts.fragment!r}")
    accepted = {**_OPTIONS, **(CERTIFICATES if parts.scheme == "https" else {})}
    pairs = parse_qsl(query, keep_blank_values=True)
    ours = urlencode([pair for pair in pairs if pair[0] in accepted])
    theirs = urlencode([pair for pair in pairs if pair[0] not in accepted])
    options = parse_options(shown, ours, accepted)
    if "key" in options and "cert" not in options:
        raise refuse("option 'key' goes with cert=FILE")
    options["tls"] = ClientTls(**{it: options.pop(it) for it in CERTIFICATES if it in options})
    options["monitoring"] = take_monitoring(shown, options)
    query = "&".join(filter(None, (escaped, theirs)))
    return FetchSpec(urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")), **options)


def _token(text: str) -> str:
    if not text or not (text[0] == "@" or text.startswith("env:") or text.isprintable()):
        raise UsageError("expected a token, or @FILE, or env:NAME")  # and not what was given
    return text


_OPTIONS: Final[Parsers] = {
    "interval": parse_interval,
    "timeout": parse_duration,
    "token": _token,
    **MONITORING,
    "bus": parse_bus,
}
