"""Who is connected to a link: how many at most, and how long without a request.

When all places are taken, a new client gets the place of the one that has been connected longest
without having asked for anything. Where there is none, the new one is turned away: whoever has
asked is not harmed by those who come later. `idle` is what frees places of clients that asked once.

Takes the time as an argument, and is told of every client that comes and goes. `Connected.heard` is
all that a request costs.
"""

from collections.abc import Iterator
from typing import Final, Generic, Protocol, TypeVar

REQUEST_TIMEOUT: Final = 1.0
"""Seconds that a client has for its first request before its place can be taken."""

SWEEPS: Final = 8
"""Sweeps in the time a client may be idle: it is closed that much later at most."""


class Connected(Protocol):
    heard: bool
    """Set by the client when a request was answered; cleared here."""
    known: bool
    """Whether it has ever been heard; kept here, like `since`."""
    since: float
    """When it was last heard, as far as is known, or when it came."""

    def close(self) -> None:
        """Close the connection; `leave` follows, sooner or later."""
        ...


C = TypeVar("C", bound=Connected)


class Clients(Generic[C]):
    """At most `most`; with `idle`, `sweep` is to be called every `pause` seconds."""

    def __init__(self, most: int, idle: float | None) -> None:
        self.most = most
        self.idle = idle
        self.pause = None if idle is None else min(idle / SWEEPS, 10)
        self._clients: dict[C, None] = {}
        self._newcomers: dict[C, None] = {}  # in the order they came; some are known by now

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[C]:
        """Those who are there now, whoever comes or goes meanwhile."""
        return iter(list(self._clients))

    def accept(self, client: C, now: float) -> bool:
        """Whether there is a place for `client`, be it one that another one loses."""
        if len(self._clients) >= self.most and not self._make_room(now):
            return False
        client.heard = client.known = False
        client.since = now
        self._clients[client] = self._newcomers[client] = None
        return True

    def leave(self, client: C) -> None:
        """To be called for every client that is gone, also for those who were not let in."""
        self._clients.pop(client, None)
        self._newcomers.pop(client, None)

    def sweep(self, now: float) -> None:
        """Part from those who have not been heard for `idle` seconds."""
        for client in self:
            if client.heard:
                client.heard, client.known = False, True
                client.since = now
            elif self.idle is not None and now - client.since >= self.idle:
                client.close()

    def _make_room(self, now: float) -> bool:
        while self._newcomers:
            oldest = next(iter(self._newcomers))
            if not oldest.heard and not oldest.known:
                if now - oldest.since < REQUEST_TIMEOUT:
                    return False
                self.leave(oldest)
                oldest.close()
                return True
            del self._newcomers[oldest]
        return False
