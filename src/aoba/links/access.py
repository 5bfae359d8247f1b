"""Where clients of a network link may come from, and what they may do there.

`?allow=` names networks; a client from elsewhere is turned away, and its address named in the log,
once. `?readonly=true` leaves the functions that do not write.
"""

import logging
from collections.abc import Iterable

from aoba.endpoints.sockets import address_of
from aoba.endpoints.url import NetworkUrl, TlsUrl
from aoba.links.link_log import LinkLog
from aoba.modbus.peer import READING_FUNCTIONS, READONLY

_log = logging.getLogger("aoba.link")


Access = tuple[frozenset[int] | None, str]
"""Functions and restriction of a `aoba.modbus.peer.Client`; with None, all there are."""


class AccessRules:
    def __init__(self, url: NetworkUrl, log: LinkLog | None = None) -> None:
        self.url = url
        self._log = log or LinkLog()
        self.access: Access = (READING_FUNCTIONS, READONLY) if url.readonly else (None, "")

    def allows(self, host: str) -> bool:
        """Whether a client from the address `host` may talk; says so in the log if not."""
        if not self.url.allow or any(address_of(host) in net for net in self.url.allow):
            return True
        text = f"{self.url}: {host} is not allowed, and turned away"
        self._log.tell(text, brief=f"{self.url}: {host} is turned away", host=host)
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
