"""Ends what an Aoba that was killed has left running; in its worker process, on Linux.

Whatever carries the mark of that Aoba is ended as Aoba would have done it. Standard library only.
"""

import contextlib
import os
import signal
import time
from typing import Final

from aoba.orphans.marks import mark_of
from aoba.orphans.proc import GONE, PROC, processes, state_of

BY_THEMSELVES: Final = 0.5
"""Seconds for what notices that Aoba has gone, as a resident interpreter between two runs."""

TERM_TO_KILL: Final = 2.0
KILLING: Final = 5.0
"""Seconds for which that is tried."""

POLL: Final = 0.05

_FORK_SERVER: Final = b"fork_server.py"
"""Which has runs of its own, and ends them by itself; they have its command line, too."""


def end_survivors(aoba: int) -> None:
    """End all processes with the mark `aoba`, but for this one."""
    if _are_gone(aoba, BY_THEMSELVES):
        return
    for pid in _survivors(aoba):
        if _FORK_SERVER not in _command_line(pid):
            _signal(pid, signal.SIGTERM)
    if _are_gone(aoba, TERM_TO_KILL):
        return
    deadline = time.monotonic() + KILLING
    while (left := _survivors(aoba)) and time.monotonic() < deadline:
        for pid in left:
            _signal(pid, signal.SIGKILL)
        time.sleep(POLL)


def _are_gone(aoba: int, seconds: float) -> bool:
    """Whether they are, before so long."""
    deadline = time.monotonic() + seconds
    while _survivors(aoba):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def _survivors(aoba: int) -> list[int]:
    found = []
    for pid in processes():
        mark = mark_of(pid)
        if mark is not None and mark.aoba == aoba and state_of(pid) not in GONE:
            found.append(pid)
    return [pid for pid in found if pid != os.getpid()]


def _command_line(pid: int) -> bytes:
    try:
        return (PROC / f"{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
