"""SPEC of a source to which documents are posted -> `HttpSpec`.

    http://HOST:PORT/PATH?OPTIONS

Neither the spec nor an error shows what stands behind the `?`: a token may be there.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import quote, unquote

from aoba.bus import parse_bus
from aoba.endpoints.host_port import show, split_url
from aoba.endpoints.options import Parsers, parse_options
from aoba.errors import UsageError
from aoba.sources.kinds import SOURCES
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take_monitoring

FORM: Final = SOURCES["http"].form

TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""RFC 6750 section 2.1: what may stand in an Authorization header."""

HOST_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
"""What browsers and other clients send of the name in a URL, without the port."""

TOKEN_FORMS: Final = "letters, digits and -._~+/ (%2B for a +), or @FILE, or env:NAME"  # noqa: S105  none


@dataclass(frozen=True, slots=True)
class HttpSpec:
    kind: ClassVar[str] = "http"
    host: str
    """An IP address or name of this machine, to listen at."""
    port: int
    """0 lets the system choose one."""
    path: str = "/"
    """As it is without percent-encoding."""
    token: str | None = field(default=None, repr=False)
    """What must be known to post; `@FILE` or `env:NAME` say where it is. None: nothing."""
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    """None: `main`, or what stations say."""
    hosts: tuple[str, ...] = ()
    """Names by which clients know this machine, besides its own and `host`."""

    @property
    def name(self) -> str:
        return quote(self.path.strip("/")) or self.full_name

    @property
    def full_name(self) -> str:
        return f"{self}{quote(self.path)}"

    def __str__(self) -> str:
        """Where it listens."""
        return f"http://{show(self.host, self.port)}"


def parse_http(text: str) -> HttpSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    location, _, query = text.partition("?")

    def refuse(reason: object) -> UsageError:
        return UsageError(f"{location}: {reason}; expected {FORM}")

    try:
        host, port, rest = split_url(location)
    except ValueError as error:
        raise refuse(error) from None
    if rest.username is not None:
        raise refuse("a user is of no use here, ?token= is")
    if rest.fragment:
        raise refuse(f"unknown fragment {rest.fragment!r}")
    options = parse_options(location, query, _OPTIONS)
    options["monitoring"] = take_monitoring(location, options)
    options["hosts"] = options.pop("host", ())
    return HttpSpec(host, port, unquote(rest.path) or "/", **options)


def _token(text: str) -> str:
    if not (text[:1] == "@" or text.startswith("env:") or TOKEN.fullmatch(text)):
        raise UsageError(f"expected {TOKEN_FORMS}")  # and not what was given
    return text


def _hosts(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(map(HOST_NAME.fullmatch, names)):
        raise UsageError(f"expected names of hosts, joined by commas, got {text!r}")
    return names


_OPTIONS: Final[Parsers] = {"token": _token, "host": _hosts, **MONITORING, "bus": parse_bus}
"""What may follow the `?`, and what makes a value of it."""
