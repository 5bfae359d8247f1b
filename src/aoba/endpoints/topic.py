"""URL of a topic on a broker -> `Broker`, the topic, and the options; or a `Publication`.

    mqtt://USER:PASSWORD@HOST:PORT/TOPIC?OPTIONS   mqtts://HOST:PORT/TOPIC?OPTIONS

TOPIC is what stands between the first slash behind HOST and the first `?`, with `%3F` for a `?` and
`%25` for a `%`. A `#` in it is the wildcard of MQTT, not the fragment of a URL, and a slash at its
start is a part of it. What may be wrong with a topic is in section 4.7 of MQTT 3.1.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from aoba.endpoints.client_tls import CLIENT_TLS, ClientTls
from aoba.endpoints.host_port import show, split_url
from aoba.endpoints.options import (
    Parsers,
    filled,
    flag,
    one_of,
    parse_options,
    without_secrets,
)
from aoba.errors import UsageError

PORT: Final = 1883
TLS_PORT: Final = 8883
"""Both are registered with IANA, as `mqtt` and `secure-mqtt`."""

MAX_TEXT: Final = 65_535
"""Bytes of a topic or another string (section 1.5.3)."""


PUBLICATIONS: Final = {
    "mqtt": "mqtt://HOST:PORT/TOPIC",
    "mqtts": "mqtts://HOST:PORT/TOPIC?ca=FILE",
}
"""What a topic to publish to looks like, for messages."""

ACCEPTED: Final = " or ".join(PUBLICATIONS.values())


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, or where it is, as `aoba.endpoints.secret` reads it."""

    where: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broker(ClientTls):
    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: Secret | None = None
    client_id: str | None = None
    """None: a new one for each connection."""
    protocol: str = "3.1.1"
    """The version of MQTT, `3.1.1` or `5`."""

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{show(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class Publication:
    broker: Broker
    topic: str
    qos: int = 1
    retain: bool = True
    """Whether the broker keeps the newest message for those who subscribe later."""

    def __str__(self) -> str:
        return f"{self.broker}/{self.topic}"


def parse_publication(text: str) -> Publication:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    form = PUBLICATIONS.get(text.partition(":")[0])
    if form is None:
        raise UsageError(f"{without_secrets(text)}: not a topic to publish to; expected {ACCEPTED}")
    broker, topic, options = parse_topic_url(text, form, _OF_PUBLICATIONS, check_name)
    return Publication(broker, topic, **options)


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
    tls = scheme == "mqtts"
    host, port, place = _place(authority, TLS_PORT if tls else PORT, refuse)
    accepted = {**_BROKER_OPTIONS, **(CLIENT_TLS if tls else {}), **parsers}
    options = parse_options(shown, query, accepted)
    for name in place.keys() & options.keys():
        raise refuse(f"the {name} is given twice")
    ours = {name: options.pop(name) for name in options.keys() & Broker.__dataclass_fields__.keys()}
    broker = Broker(host, port, tls, **{**place, **ours})
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
    authority: str, port: int, refuse: Callable[[object], UsageError]
) -> tuple[str, int, Mapping[str, Any]]:
    """Host, port, which is `port` where there is none, and what is said of the user before them."""
    who, at, host = authority.rpartition("@")
    try:
        place, port, rest = split_url(f"//{host}", port)
    except ValueError as error:
        raise refuse(error) from None
    if not port:
        raise refuse("the port is 0")
    if rest.fragment:  # one behind the topic would be a part of that
        raise refuse(f"unknown fragment {rest.fragment!r}")
    user, colon, password = who.partition(":")
    given: dict[str, Any] = {"user": unquote(user)} if at else {}
    return place, port, given | ({"password": Secret(unquote(password))} if colon else {})


QOS: Final[Parsers] = {"qos": lambda text: int(one_of("0", "1", "2")(text))}
_OF_PUBLICATIONS: Final[Parsers] = {**QOS, "retain": flag}
_text: Final = filled("some text")
_BROKER_OPTIONS: Final[Parsers] = {
    "user": _text,
    "password": lambda text: Secret(_text(text)),
    "client_id": _text,
    "protocol": one_of("3.1.1", "5"),
}
