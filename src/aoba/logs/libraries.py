"""What libraries log, which those outside may cause as often as they like: once, then counted.

Aoba's own lines have bounds where they come from, and pass. Of all others, one is known by its
logger, its text before anything is put into it, and the kind of its exception.
"""

import logging
import time
from typing import Final

from aoba.logs.dedup import REMIND, Dedup

OURS: Final = "aoba"


class LibraryLog:
    """For one thread at a time."""

    def __init__(self, remind: float = REMIND) -> None:
        self._dedup = Dedup("library message", remind=remind)

    def passed(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """What is to be logged of `record`: itself, or counts of such as it, or nothing."""
        if not record.name or record.name.partition(".")[0] == OURS:
            return [record]
        text = f"{record.name}: {_message(record)}"
        error = record.exc_info[0] if record.exc_info else None
        key = (record.name, record.levelno, str(record.msg), error)
        lines = self._dedup.happened(text, time.monotonic(), key)
        return [record if line is text else _of_ours(record.levelno, line) for line in lines]

    @property
    def pending(self) -> bool:
        """Whether there are counts that were not logged; `due` gives them in time."""
        return self._dedup.pending

    def due(self) -> list[logging.LogRecord]:
        """The counts that are to be logged by now, though nothing may have followed them."""
        lines = self._dedup.due(time.monotonic())
        return [_of_ours(logging.WARNING, line) for line in lines]

    def end(self) -> list[logging.LogRecord]:
        """Counts that were not logged."""
        return [_of_ours(logging.WARNING, line) for line in self._dedup.end()]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  it may be anything, and whoever shows the record says what
        return str(record.msg)


def _of_ours(level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord(OURS, level, __file__, 0, text, None, None)
