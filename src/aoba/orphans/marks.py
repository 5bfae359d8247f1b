"""Marks by which a process is known that came of a run, and which run that was. On Linux.

A process may leave the group, the session and the parent that it had, and clear its environment.
What it cannot lose is a limit that it was given, since children inherit limits and programs keep
them. The limit on file locks is one that Linux has had no use for since 2.4.25: its upper value is
the mark of this Aoba, and its lower one the id of the process that carries out the run, its leader.
A run has ended when its leader has. Whatever else that limit may be, somebody else has set it, and
it is no mark: then there are none where it is too low for one.

Standard library only: the worker process uses it, too.
"""

import os
import resource
import secrets
from pathlib import Path
from typing import Any, Final, NamedTuple

LOCKS: Final = 10
"""RLIMIT_LOCKS of `asm-generic/resource.h`, which the standard library has no name for."""

LOWEST: Final = 1 << 30
"""Of marks, which are above all process ids, and fit in 31 bits."""

_MARKS: Final = range(LOWEST, 2 * LOWEST)

_LINE: Final = "Max file locks"


class Mark(NamedTuple):
    leader: int
    aoba: int


def mark_of(pid: int) -> Mark | None:
    """Of a process, or a zombie; None where it has none, or is gone."""
    try:
        mark = Mark(*_limit(pid))
    except PermissionError:  # of another user
        return _told(pid)
    except (OSError, AttributeError):  # gone; not Linux
        return None
    return mark if mark.aoba in _MARKS else None


def new_mark() -> int:
    """For an Aoba; 0 where it cannot have one.

    One that is run by a script of another has a lower one than that, as it may not go up.
    """
    try:
        limit = _limit(os.getpid())[1]
    except (OSError, AttributeError):  # not permitted; not Linux
        return 0
    end = _MARKS.stop if limit < 0 else min(limit, _MARKS.stop)
    return LOWEST + secrets.randbelow(end - LOWEST) if end > LOWEST else 0


def set_mark(pid: int, mark: Mark) -> bool:
    """Whether it could be set, for the process and for what it starts from now on."""
    try:
        _limit(pid, mark)
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _limit(pid: int, *limits: tuple[int, int]) -> tuple[int, int]:
    kernel: Any = resource  # of which other systems have a part
    found: tuple[int, int] = kernel.prlimit(pid, LOCKS, *limits)
    return found


def _told(pid: int) -> Mark | None:
    """As everybody may read it."""
    try:
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(_LINE):
            soft, hard = line[len(_LINE) :].split()[:2]
            mark = Mark(int(soft), int(hard)) if soft.isdigit() and hard.isdigit() else None
            return mark if mark and mark.aoba in _MARKS else None
    return None
