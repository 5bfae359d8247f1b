"""Sees to it that nothing that a run has started outlives it, and that no zombie stays. On Linux.

What is left of a run's process group is killed when the run ends. What has left the group loses its
parent then, and is given to Aoba, as a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER), or as process
1. So twice a second Aoba looks at its children. Those that it has not started itself are orphans:
one that has exited is waited for, and one whose run has ended is killed, by the mark that says
which run that was; not at once, since a run's pipes are read for half a second after its end.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from aoba.orphans.marks import Mark, mark_of, new_mark, set_mark
from aoba.orphans.proc import children_of, descendants_of

PERIOD: Final = 0.5
"""Seconds from one look to the next."""

CLOSING: Final = 0.5
"""Seconds that the last orphans have to be gone."""

_PR_SET_CHILD_SUBREAPER: Final = 36


class Reaper:
    """Call `started` for each process that is started; `close` as often as `start`.

    `own_process` says that all children of this process are Aoba's, which a program that uses Aoba
    as a library could not say.
    """

    def __init__(self) -> None:
        self.mark = 0
        """That of this Aoba; 0 where there is none."""
        self._owns_process = False
        self._started: set[int] = set()
        self._condemned: set[int] = set()
        self._users = 0
        self._timer: asyncio.TimerHandle | None = None

    def own_process(self) -> None:
        """Have orphans given to this process, and all that it starts be known."""
        if sys.platform != "linux":
            return
        from ctypes import CDLL  # noqa: PLC0415  for who needs it

        self._owns_process = True
        CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._set_mark(os.getpid())

    def started(self, pid: int) -> None:
        """A process has been started that is waited for by somebody else; it may lead a run."""
        if sys.platform == "linux":
            self._started.add(pid)
            self._set_mark(pid)

    def marking(self) -> Callable[[], None]:
        """What marks the process that calls it, as `started` would have it marked from outside.

        For processes of other users, which Aoba may not be permitted to mark.
        """
        self.mark = self.mark or (new_mark() if sys.platform == "linux" else 0)
        aoba = self.mark

        def be_marked() -> None:
            if aoba:
                set_mark(os.getpid(), Mark(os.getpid(), aoba))

        return be_marked

    def start(self) -> None:
        self._users += 1
        if sys.platform == "linux" and self._timer is None:
            self._wait()

    async def close(self) -> None:
        """Kill all orphans, whatever run they are of, unless somebody else has runs."""
        self._users -= 1
        if self._users or self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        ends = time.monotonic() + CLOSING
        while (left := self._orphans()) and time.monotonic() < ends:
            _kill(left)
            await asyncio.sleep(0.01)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(PERIOD, self._look)

    def _look(self) -> None:
        outlive = {pid for pid, mark in self._orphans().items() if not self._leads(mark.leader)}
        _kill(outlive & self._condemned)
        self._condemned = outlive
        self._wait()

    def _orphans(self) -> dict[int, Mark]:
        """Those that have not exited, and came of a run; wait for those that have."""
        children = set(children_of(os.getpid()))
        self._started &= children  # the others are gone, and their ids free for others
        found = {}
        for pid in children - self._started:
            mark = mark_of(pid)
            is_ours = mark is not None and mark.aoba == self.mark
            if (is_ours or self._owns_process) and _has_exited(pid):
                continue
            if mark is not None and is_ours:
                found[pid] = mark
        return found

    def _leads(self, pid: int) -> bool:
        """Whether that process is there, or a zombie, and leads a run."""
        return mark_of(pid) == Mark(pid, self.mark)

    def _set_mark(self, pid: int) -> None:
        self.mark = self.mark or new_mark()
        if self.mark:
            set_mark(pid, Mark(pid, self.mark))


def _has_exited(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _kill(orphans: "set[int] | dict[int, Mark]") -> None:
    for orphan in orphans:
        for pid in (orphan, *descendants_of(orphan)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


reaper: Final = Reaper()
"""The one of this process."""
