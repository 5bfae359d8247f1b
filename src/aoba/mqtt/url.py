"""URL of a topic on a broker -> `Broker`, the topic, and the options that are left.

    mqtt://USER:PASSWORD@HOST:PORT/TOPIC?OPTIONS   mqtts://HOST:PORT/TOPIC?OPTIONS

TOPIC is what stands between the first slash behind HOST and the first `?`, with `%3F` for a `?` and
`%25` for a `%`. A `#` in it is the wildcard of MQTT, not the fragment of a URL, and a slash at its
start is a part of it. What may be wrong with a topic is in section 4.7 of MQTT 3.1.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from aoba.errors import UsageError
from aoba.options import Parsers, flag, one_of, parse_options

PORT: Final = 1883
TLS_PORT: Final = 8883
"""Both are registered with IANA, as `mqtt` and `secure-mqtt`."""

MAX_TEXT: Final = 65_535
"""Bytes of a topic or another string (section 1.5.3)."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, or where it is, as `aoba.secret` reads it."""

    where: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: Secret | None = None
    client_id: str | None = None
    """None: a new one for each connection."""
    protocol: str = "3.1.1"
    """The version of MQTT, `3.1.1` or `5`."""
    ca: Path | None = None
    """Who signs the certificate of the broker; None: whom the system trusts."""
    cert: Path | None = None
    """Ours, and those between it and the root, PEM; None: the broker asks for none."""
    key: Path | None = None
    """None: it is in the same file as the certificate."""
    name: str | None = None
    """Whom the broker's certificate has to be for; None: `host`."""
    strict: bool = False
    """Whether it has to follow RFC 5280 to the letter."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_topic_url(
    text: str, form: str, parsers: Parsers, check_topic: Callable[[str], None]
) -> tuple[Broker, str, dict[str, Any]]:
    """`form` is what such URLs look like.

    `parsers` are the options besides those of a broker, which are returned as values.

    Raises UsageError, one line that says what is wrong and what is accepted, without the password.
    """
    location, _, query = text.partition("?")
    scheme, _, rest = location.partition(":")
    authority, _, topic = rest.removeprefix("//").partition("/")
    shown = f"{scheme}://{authority.rpartition('@')[2]}/{topic}"

    def refuse(reason: object) -> UsageError:
        return UsageError(f"{shown}: {reason}; expected {form}")

    if not rest.startswith("//"):
        raise UsageError(f"{scheme}: is followed by //; expected {form}")
    host, port, place = _place(authority, refuse)
    tls = scheme == "mqtts"
    accepted = {**_BROKER_OPTIONS, **(_TLS_OPTIONS if tls else {}), **parsers}
    options = parse_options(shown, query, accepted)
    for name in place.keys() & options.keys():
        raise refuse(f"the {name} is given twice")
    ours = {name: options.pop(name) for name in options.keys() & Broker.__dataclass_fields__.keys()}
    broker = Broker(host, port or (TLS_PORT if tls else PORT), tls, **{**place, **ours})
    if broker.password and broker.user is None:
        raise refuse("a password goes with a user")
    if broker.key and not broker.cert:
        raise refuse("option 'key' goes with cert=FILE")
    try:
        topic = unquote(topic, errors="surrogateescape")
        _check_text(topic)
        check_topic(topic)
    except ValueError as error:
        raise refuse(error) from None
    return broker, topic, options


def check_name(topic: str) -> None:
    """Raises ValueError where nothing can be published to `topic` (sections 4.7.1 and 4.7.2)."""
    if set(topic) & set("+#"):
        raise ValueError(f"{topic!r} has wildcards, which are for those who subscribe")
    if topic.startswith("$"):
        raise ValueError(f"{topic!r} is the broker's own, as all that begin with $")


def check_filter(topic: str) -> None:
    """Raises ValueError where nobody can subscribe to `topic` (section 4.7.1)."""
    *before, last = topic.split("/")
    if any("#" in level for level in before) or ("#" in last and last != "#"):
        raise ValueError(f"in {topic!r}, # is not the whole of the last level")
    if any("+" in level and level != "+" for level in (*before, last)):
        raise ValueError(f"in {topic!r}, + is not the whole of a level")


def _check_text(topic: str) -> None:
    if not topic:
        raise ValueError("the topic is missing")
    size = len(topic.encode(errors="surrogateescape"))
    if "\0" in topic or size > MAX_TEXT or not topic.isprintable():
        raise ValueError(f"a topic is text of at most {MAX_TEXT} bytes, in UTF-8")


def _place(
    authority: str, refuse: Callable[[object], UsageError]
) -> tuple[str, int | None, Mapping[str, Any]]:
    """Host, port, and what is said of the user before them."""
    who, at, host = authority.rpartition("@")
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError as error:
        raise refuse(error) from None
    if not parts.hostname or parts.path or port == 0:
        raise refuse("the port is 0" if port == 0 else "the host is missing")
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise refuse(f"{parts.hostname!r} is no host") from None
    user, colon, password = who.partition(":")
    given: dict[str, Any] = {"user": unquote(user)} if at else {}
    return parts.hostname, port, given | ({"password": Secret(unquote(password))} if colon else {})


def _text(text: str) -> str:
    if not text or "\0" in text:
        raise UsageError("expected some text")
    return text


def _path(text: str) -> Path:
    return Path(_text(text))


QOS: Final[Parsers] = {"qos": lambda text: int(one_of("0", "1", "2")(text))}
_BROKER_OPTIONS: Final[Parsers] = {
    "user": _text,
    "password": lambda text: Secret(_text(text)),
    "client_id": _text,
    "protocol": one_of("3.1.1", "5"),
}
_TLS_OPTIONS: Final[Parsers] = {
    "ca": _path,
    "cert": _path,
    "key": _path,
    "name": _text,
    "strict": flag,
}
