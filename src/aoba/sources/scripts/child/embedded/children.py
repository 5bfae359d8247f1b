"""Processes that a run has left behind.

On Linux those whose parents have gone become children of the interpreter: none is overlooked.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import sys
from posix import O_CLOEXEC, O_RDONLY, WNOHANG, getpid, open, pread, waitpid  # noqa: A004
from time import monotonic, sleep

from .own_builtins import own as __builtins__

_PR_SET_CHILD_SUBREAPER = 36
_TO_END = 0.02  # seconds for those that are about to
_HELPERS = (
    ("multiprocessing.forkserver", "_forkserver"),
    ("multiprocessing.resource_tracker", "_resource_tracker"),
)


class Children:
    def __init__(self) -> None:
        self._listed: int | None = None
        if sys.platform.startswith("linux"):
            _adopt_orphans()
            try:  # those of the first thread; of others they become those, when these end
                path = f"/proc/self/task/{getpid()}/children"
                self._listed = open(path, O_RDONLY | O_CLOEXEC)
            except OSError:  # a kernel without it
                pass

    def left_behind(self) -> str | None:
        """A process, in words; those that have exited are gone for good then."""
        if self._listed is not None and not pread(self._listed, 1, 0):  # a third of the time
            return None
        if not _are_there():
            return None
        for module, name in _HELPERS:  # of `multiprocessing`, which end when this process does
            if module in sys.modules:
                getattr(sys.modules[module], name)._stop()
        deadline = monotonic() + _TO_END
        while _are_there():
            if monotonic() > deadline:
                return "a process"
            sleep(0.002)
        return None


def _adopt_orphans() -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):  # an interpreter without `ctypes`
        pass


def _are_there() -> bool:
    try:
        while waitpid(-1, WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
