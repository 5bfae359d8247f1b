"""What the log is told of one link and of those who use it, within bounds that none can exceed.

All that a client can cause goes through here. A warning is logged once for each key, then counted,
and so is a refused request, at INFO; reminders come ever more seldom. Each host has a share of what
the link may log, so that one who does everything wrong does not keep the log from what others do.
Details, as of `--trace`, have a bound of their own, far wider: whoever asks for them wants them
all, and yet no disk is endless.

Hosts rather than connections are told apart: who is turned away connects again.
"""

import asyncio
import logging
import time
from collections.abc import Hashable
from typing import Final

from aoba.logs.dedup import REMIND, Dedup, Text
from aoba.logs.rate_limit import LineLimit, RateLimit

LINK_BURST, LINK_PER_SECOND = 256 * 1024, 500
HOST_BURST, HOST_PER_SECOND = 64 * 1024, 150
"""Bytes of warnings, time and level included. A link comes to 43 MB a day."""

DETAIL_BURST, DETAIL_PER_SECOND = 10 * 1024 * 1024, 100 * 1024
"""The same of what is logged at DEBUG, and with `--trace`."""

MAX_KEYS: Final = 1000
MAX_HOSTS: Final = 1000
"""Known at a time; one that has been quiet for long makes way."""

MAX_REMIND: Final = 3600.0
"""Seconds between two reminders of the same, once it has gone on for long."""

_log = logging.getLogger("aoba.link")


class LinkLog:
    """Call `start` when the link serves, and `close` at its end.

    Every `remind` seconds, what was counted is logged if it is due.
    """

    def __init__(self, name: str = "", remind: float = REMIND) -> None:
        self._limit = RateLimit(LINK_BURST, LINK_PER_SECOND)
        self._warnings, self._refusals = (
            Dedup(kind, max_remind=MAX_REMIND, max_keys=MAX_KEYS, limit=self._limit)
            for kind in ("warning", "refusal")
        )
        self._hosts: dict[str, RateLimit] = {}
        self._details = LineLimit(DETAIL_BURST, DETAIL_PER_SECOND)
        self._period = remind
        self._timer: asyncio.TimerHandle | None = None
        self.name = name

    @property
    def name(self) -> str:
        """The URL of the link, once it is known."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        self._warnings.name = self._refusals.name = f"{name}: "

    def start(self) -> None:
        """From now on, log counts in time, also where nothing follows what was counted."""
        self._timer = asyncio.get_running_loop().call_later(self._period, self._remind)

    def close(self) -> None:
        """Log all that was counted; nothing more is going to happen."""
        if self._timer is not None:
            self._timer.cancel()
        self._say(logging.WARNING, self._warnings.end())
        self._say(logging.INFO, self._refusals.end())
        self._say_left_out()

    def count(self, key: Hashable) -> bool:
        """Count what has been logged before; False where it has to go to `tell`."""
        return self._warnings.count(key, time.monotonic())

    def tell(
        self,
        text: Text,
        key: Hashable = None,
        *,
        brief: str | None = None,
        host: str = "",
        client: str = "",
    ) -> None:
        """A warning, as `Dedup.happened` has it. `host` has caused it."""
        now = time.monotonic()
        lines = self._warnings.happened(text, now, key, brief, self._share(host, now))
        self._say(logging.WARNING, lines, client)

    def count_refusal(self, key: Hashable) -> bool:
        """The same of refused requests, which are no fault of ours."""
        return self._refusals.count(key, time.monotonic())

    def refusal(self, text: Text, key: Hashable, *, host: str, client: str) -> None:
        now = time.monotonic()
        lines = self._refusals.happened(text, now, key, limit=self._share(host, now))
        self._say(logging.INFO, lines, client)

    def detail(self, text: str, *, level: int = logging.DEBUG, client: str = "") -> None:
        if not _log.isEnabledFor(level):
            return
        if self._details.lets(text, time.monotonic()):
            self._say_left_out()
            self._say(level, [text], client)

    def _remind(self) -> None:
        now = time.monotonic()
        self._say(logging.WARNING, self._warnings.due(now))
        self._say(logging.INFO, self._refusals.due(now))
        self._say_left_out()
        self.start()

    def _share(self, host: str, now: float) -> RateLimit:
        """Of what may be logged; all of it for what nobody in particular has caused."""
        if not host:
            return self._limit
        if host not in self._hosts:
            if len(self._hosts) >= MAX_HOSTS:
                self._forget_hosts(now)
            self._hosts[host] = RateLimit(HOST_BURST, HOST_PER_SECOND, self._limit)
        return self._hosts[host]

    def _forget_hosts(self, now: float) -> None:
        """Those whose share is what it was at first, or else the one that came first."""
        first = next(iter(self._hosts))
        self._hosts = {host: each for host, each in self._hosts.items() if not each.is_full(now)}
        if len(self._hosts) >= MAX_HOSTS:
            del self._hosts[first]

    def _say_left_out(self) -> None:
        self._say(logging.INFO, [f"{self._name}: {line}" for line in self._details.more()])

    def _say(self, level: int, texts: list[str], client: str = "") -> None:
        extra = {"link": self._name, "client": client} if client else {"link": self._name}
        for text in texts:
            for line in text.split("\n"):
                _log.log(level, "%s", line, extra=extra)
