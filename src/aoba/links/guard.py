"""Where clients of a network link may come from, and what they may do there.

`?allow=` names networks; a client from elsewhere is turned away, and its address named in the log,
once. `?readonly=true` leaves the functions that do not write.
"""

import logging
from collections.abc import Iterable
from typing import Final

from aoba.links.url import NetworkUrl, TlsUrl
from aoba.modbus.client import READING_FUNCTIONS
from aoba.sockets import address_of

MAX_NAMED: Final = 100
"""Addresses turned away that are named in the log; an attacker may have more than anyone reads."""

_log = logging.getLogger("aoba.link")


class Guard:
    def __init__(self, url: NetworkUrl) -> None:
        self.url = url
        self._refused: set[str] = set()
        self.functions = READING_FUNCTIONS if url.readonly else None
        """Of `aoba.modbus.client.Client`; None: all there are."""

    def allows(self, host: str) -> bool:
        """Whether a client from the address `host` may talk; says so in the log if not."""
        if not self.url.allow or any(address_of(host) in net for net in self.url.allow):
            return True
        if host not in self._refused and len(self._refused) < MAX_NAMED:
            self._refused.add(host)
            more = "; no more are named" if len(self._refused) == MAX_NAMED else ""
            _log.warning("%s: %s is not allowed, and turned away%s", self.url, host, more)
        return False

    def warn_if_open(self, hosts: Iterable[str]) -> None:
        """Say so if others than this machine can reach the link at `hosts`, whoever they are."""
        if isinstance(self.url, TlsUrl) or self.url.allow:
            return
        if not all(address_of(host).is_loopback for host in hosts):
            _log.warning(
                "%s is open to everyone who can reach it; ?allow=NETWORK,... lets in some, "
                "?readonly=true keeps all from writing",
                self.url,
            )
