"""What the log is told of writes of clients that a source has undone: once each, then counted."""

import logging
import time
from typing import Final

from aoba.logs.dedup import REMIND, Dedup
from aoba.logs.reminder import Reminder
from aoba.registers.overwrites import Overwritten

MAX_REMIND: Final = 3600.0

_log = logging.getLogger("aoba.source")


class OverwriteLog:
    """Call `tell` for each, in a running loop, and `close` at the end."""

    def __init__(self, remind: float = REMIND) -> None:
        self._dedup = Dedup("warning", remind=remind, max_remind=MAX_REMIND)
        self._dedup.name = "writes of clients: "
        self._reminder = Reminder(remind, lambda: self._dedup.pending, self._remind)

    def tell(self, it: Overwritten) -> None:
        now = time.monotonic()
        key = it.source, it.client, it.bus, it.unit, it.table
        if not self._dedup.count(key, now):
            self._say(self._dedup.happened(_words(it), now, key))
        self._reminder.look()

    def close(self) -> None:
        self._reminder.cancel()
        self._say(self._dedup.end())

    def _remind(self) -> None:
        self._say(self._dedup.due(time.monotonic()))

    def _say(self, lines: list[str]) -> None:
        for line in lines:
            _log.warning("%s", line)


def _words(it: Overwritten) -> str:
    bus = f"bus {it.bus} " if it.bus else ""
    place = f"{bus}station {it.unit} {it.table.label} {it.span}"
    return (
        f"{it.client}: {place} was written, and set again by the next document of {it.source}; "
        '"mode": "slave" would leave it to clients'
    )
