"""What /proc tells of processes; nothing of one that is gone, or where there is no /proc."""

import os
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")

GONE: Final = ("", "Z", "X")
"""States of a process that does nothing any more."""


def processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208  quicker
    except OSError:
        return []


def state_of(pid: int) -> str:
    """A letter, as in `ps`: `Z` for a zombie, and so on; empty: it is gone."""
    return _status(pid)[0]


def children_of(pid: int) -> list[int]:
    """Of the main thread of a process, which is who orphans are given to."""
    try:
        return [int(child) for child in (PROC / f"{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # gone, or a kernel without CONFIG_PROC_CHILDREN
        return [child for child in processes() if _status(child)[1:2] == [str(pid)]]


def descendants_of(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        found += children_of(each)
    return found[1:]


def _status(pid: int) -> list[str]:
    """State, parent and so on, as in proc_pid_stat(5)."""
    try:
        return (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return [""]
