"""What repeats is logged once, then counted, whatever comes in between.

Takes events as they happen and gives the lines to log:

    bad                              it is new
    same error, 59 times: bad        a reminder, once in `remind` seconds while it goes on
    417 more errors, not shown       there were more different ones than may be logged

An event is known by its key, its text unless another one is given. It is new again when it has not
happened for `forget` seconds; until then neither good runs nor other events make it so. What is
logged is bounded by a `RateLimit`, and so are the keys: of too many, the one that has been quiet
longest makes way. What is left out is counted, and said like a reminder.

Pure: the caller has the log, the time, and a timer where counts are to be logged that nothing
follows. Lines name neither source nor run; who logs them does.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from aoba.logs.rate_limit import RateLimit, cost

REMIND: Final = 60.0
FORGET: Final = 3600.0
MAX_KEYS: Final = 100

USUAL: Final = 300
"""Bytes for which there has to be room, overhead included, before a text is made."""

Text = str | Callable[[], str]
"""A text, or what makes it: called only where it is going to be logged."""


@dataclass(slots=True)
class _Entry:
    brief: str
    logged_at: float
    happened_at: float
    remind: float
    """Seconds from `logged_at` to the next reminder."""
    pending: int = 0
    """How often it happened since it was logged."""


class Dedup:
    """`now` is in seconds of one monotonic clock; `kind` is what the lines call an event.

    Each reminder of an event doubles the time to its next one, up to `max_remind`, which is
    `remind` unless given. `limit` is one of its own unless given, as by several who share one.
    """

    def __init__(  # noqa: PLR0913  options, which all have their usual values
        self,
        kind: str = "error",
        *,
        remind: float = REMIND,
        max_remind: float | None = None,
        forget: float = FORGET,
        max_keys: int = MAX_KEYS,
        limit: RateLimit | None = None,
    ) -> None:
        self._kind = kind
        self._remind, self._max_remind = remind, max_remind or remind
        self._forget, self._max_keys = max(self._max_remind, forget), max_keys
        self._limit = limit or RateLimit()
        self._entries: dict[Hashable, _Entry] = {}
        self._left_out = 0
        self._left_out_at = 0.0  # the first of these
        self._since_recovery = 0
        self._is_logged = False  # that something is wrong, and not that it is over
        self.name = ""
        """Stands before the count of what was left out, as texts name nobody else."""

    @property
    def pending(self) -> bool:
        """Whether there are counts that were not logged; `due` gives them in time."""
        return bool(self._left_out) or any(e.pending for e in self._entries.values())

    def count(self, key: Hashable, now: float) -> bool:
        """Count an event that was logged before, at next to no cost.

        False where it is to be given to `happened` instead, as it is new or its reminder is due.
        """
        entry = self._entries.get(key)
        if entry is None or now - entry.logged_at >= entry.remind:
            return False
        entry.happened_at = now
        entry.pending += 1
        self._since_recovery += 1
        return True

    def happened(
        self,
        text: Text,
        now: float,
        key: Hashable = None,
        brief: str | None = None,
        limit: RateLimit | None = None,
    ) -> list[str]:
        """The lines to log of an event.

        `key` is `text` unless given, as it has to be where the text is yet to be made. `brief`
        stands for it where it is counted, the newest one that was given; else its first line does.
        `limit` is asked in place of the common one whether it may be logged, as where one of many
        has a share of his own.
        """
        key = text if key is None else key
        entry = self._entries.get(key)
        if entry is not None and brief is not None:
            entry.brief = brief
        if self.count(key, now):
            return []
        self._since_recovery += 1
        if entry is not None and now - entry.happened_at < self._forget:
            entry.happened_at = now
            entry.pending += 1
            return self._reminder(entry, now)
        made = _made(text, limit or self._limit, now)
        if made is None:
            self._leave_out(1, now)
            return self._how_many_more(now)
        lines = self._how_many_more(now) + self._make_room(key, now)
        brief = made.partition("\n")[0] if brief is None else brief
        self._entries[key] = _Entry(brief, now, now, self._remind)
        self._is_logged = True
        return [*lines, made]

    def recovered(self) -> int:
        """All is well: how often something happened since that was last so.

        0 where the log need not be told: it knows of no error, or has been told of a recovery after
        the last one that was logged. What is not 0 stands for the counts that were still to be
        logged. Known events stay known: when one returns it is counted, until its reminder is due.
        """
        if not self._is_logged:
            return 0
        self._is_logged = False
        times, self._since_recovery = self._since_recovery, 0
        for entry in self._entries.values():
            entry.pending = 0
        return times

    def due(self, now: float) -> list[str]:
        """The reminders that are due by now, though nothing may have happened since."""
        lines = self._how_many_more(now)
        for key, entry in list(self._entries.items()):
            if entry.pending and now - entry.logged_at >= entry.remind:
                lines += self._reminder(entry, now)
            if not entry.pending and now - entry.happened_at >= self._forget:
                del self._entries[key]
        return lines

    def end(self) -> list[str]:
        """Nothing more is going to happen: all counts that were not logged."""
        lines = [self._counted(entry) for entry in self._entries.values() if entry.pending]
        if self._left_out:
            lines.append(self._more())
        self._entries.clear()
        self._left_out = 0
        return lines

    def _make_room(self, key: Hashable, now: float) -> list[str]:
        """Drop what was known of `key`, or the entry that has been quiet longest."""
        if key not in self._entries:
            if len(self._entries) < self._max_keys:
                return []
            key = min(self._entries, key=lambda each: self._entries[each].happened_at)
        entry = self._entries.pop(key)
        lines = self._reminder(entry, now) if entry.pending else []
        if entry.pending:
            self._leave_out(entry.pending, now)
        return lines

    def _leave_out(self, events: int, now: float) -> None:
        if not self._left_out:
            self._left_out_at = now
        self._left_out += events

    def _reminder(self, entry: _Entry, now: float) -> list[str]:
        line = self._counted(entry)
        if not self._limit.take(cost(line), now):
            return []  # it is due still
        entry.pending = 0
        entry.logged_at = now
        entry.remind = min(2 * entry.remind, self._max_remind)
        self._is_logged = True
        return [line]

    def _how_many_more(self, now: float) -> list[str]:
        if not self._left_out or now - self._left_out_at < self._remind:
            return []
        if not self._limit.take(cost(self._more()), now):
            return []
        line, self._left_out = self._more(), 0
        return [line]

    def _counted(self, entry: _Entry) -> str:
        times = f"{entry.pending} time{'s' * (entry.pending > 1)}"
        return f"same {self._kind}, {times}: {entry.brief}"

    def _more(self) -> str:
        return (
            f"{self.name}{self._left_out} more {self._kind}{'s' * (self._left_out > 1)}, not shown"
        )


def _made(text: Text, limit: RateLimit, now: float) -> str | None:
    """The text of what may be logged, at its cost."""
    if isinstance(text, str):
        return text if limit.take(cost(text), now) else None
    if not limit.take(USUAL, now):
        return None
    made = text()
    limit.charge(cost(made) - USUAL)
    return made
