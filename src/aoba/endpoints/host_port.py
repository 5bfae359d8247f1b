"""What stands in a URL for a place in a network -> host, port, and the rest of the URL.

    SCHEME://USER@HOST:PORT/PATH?QUERY#FRAGMENT

The one parser for links, devices, HTTP and brokers. Each says for itself which of the other parts
it has a use for.
"""

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit


class HostPort(NamedTuple):
    host: str
    """An IP address, without brackets, or a name."""
    port: int
    """0 where that was given; whoever connects has to refuse it."""
    rest: SplitResult


def split_url(url: str, port: int | None = None) -> HostPort:
    """`port` is that of a URL without one. Raises ValueError, which says what is wrong."""
    parts = urlsplit(url)
    given = port if parts.port is None else parts.port
    if not parts.hostname:
        raise ValueError("the host is missing")
    if given is None:
        raise ValueError("the port is missing")
    try:
        parts.hostname.encode("idna")  # as the resolver does, which would raise the same too late
    except UnicodeError:
        raise ValueError(f"{parts.hostname!r} is no host") from None
    return HostPort(parts.hostname, given, parts)


def show(host: str, port: int) -> str:
    """As in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
