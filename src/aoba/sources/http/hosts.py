"""Whether the Host header of a request names this machine.

A page in a browser may come from a name that its owner has made to point at this machine meanwhile
(DNS rebinding). To the browser, we are a part of that page's site then, and it may read and post.
But its requests say that name. An address cannot be made to point elsewhere, so any is ours: also
one by which others know us, as with a container whose port is published. A request that says
nothing is of no browser.
"""

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit


class Hosts:
    """`names` are ours besides those of this machine; upper and lower case are the same."""

    def __init__(self, names: Iterable[str]) -> None:
        machine = socket.gethostname()
        short = machine.partition(".")[0]
        ours = ("localhost", machine, short, f"{short}.local", *names)
        self._names = {_plain(name) for name in ours if name}

    def are_named_by(self, header: str | None) -> bool:
        """`header` is that of a request, with or without a port; None where there is none."""
        if not header:
            return True
        try:
            parts = urlsplit(f"//{header}")
        except ValueError:
            return False
        host = parts.hostname or ""
        if parts.username is not None or parts.netloc != header:
            return False  # what no host is
        return _plain(host) in self._names or _is_address(host)


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
