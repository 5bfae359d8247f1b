"""The URL of a link -> host and port."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from aoba.errors import UsageError

ACCEPTED: Final = "tcp://HOST:PORT"
DEFAULT_LISTEN: Final = "tcp://127.0.0.1:5020"


@dataclass(frozen=True, slots=True)
class TcpUrl:
    """An IP address or name to listen at; port 0 lets the system choose one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


def parse_listen(text: str) -> TcpUrl:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{text}: {error}; expected {ACCEPTED}") from None
    if parts.scheme != "tcp":
        raise UsageError(f"{text}: unknown link {parts.scheme!r}; expected {ACCEPTED}")
    if not parts.hostname or port is None:
        missing = "port" if parts.hostname else "host"
        raise UsageError(f"{text}: the {missing} is missing; expected {ACCEPTED}")
    try:
        parts.hostname.encode("idna")  # as the resolver does, which would raise the same too late
    except UnicodeError:
        raise UsageError(f"{text}: {parts.hostname!r} is no host; expected {ACCEPTED}") from None
    _refuse_rest(text, parts)
    return TcpUrl(parts.hostname, port)


def _refuse_rest(text: str, parts: SplitResult) -> None:
    for name, value in (
        ("path", parts.path.strip("/")),
        ("option", parts.query),
        ("fragment", parts.fragment),
        ("user", parts.username),
    ):
        if value:
            raise UsageError(f"{text}: unknown {name} {value!r}; expected {ACCEPTED}")
