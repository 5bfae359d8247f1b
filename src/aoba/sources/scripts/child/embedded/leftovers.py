"""What a run leaves behind, and cannot be put back: a reason for the interpreter to end.

Processes: on Linux those whose parents have gone become children of the interpreter, so that none
is overlooked. Locks on files that were opened with `os.open` and not closed: a file object is
closed with the namespace of its run, but nobody knows whether a descriptor is still in use. Audit
hooks, which nobody can take away. And what grows from run to run: descriptors left open, and
memory. So an interpreter that has grown much ends, as with the workers of a web server.

What a run registers where nobody tells what there is, is noted: searches for codecs go with it.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import codecs
import posix
import sys
from posix import O_CLOEXEC, O_RDONLY, WNOHANG, close, dup, getpid, listdir, pread, sysconf, waitpid
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable

    Search = Callable[[str], codecs.CodecInfo | None]

_PR_SET_CHILD_SUBREAPER = 36
_TO_END = 0.02  # seconds for processes that are about to
_HELPERS = (
    ("multiprocessing.forkserver", "_forkserver"),
    ("multiprocessing.resource_tracker", "_resource_tracker"),
)
_DESCRIPTORS = 64  # more than there were
_MEMORY = 256 << 20  # bytes beyond twice of what there was
_PAGE = sysconf("SC_PAGE_SIZE")


class Children:
    def __init__(self) -> None:
        self._listed: int | None = None
        if sys.platform.startswith("linux"):
            _adopt_orphans()
            try:  # those of the first thread; of others they become those, when these end
                path = f"/proc/self/task/{getpid()}/children"
                self._listed = posix.open(path, O_RDONLY | O_CLOEXEC)
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


class Locks:
    def __init__(self) -> None:
        self._lowest = _lowest_unused()

    def left_behind(self) -> str | None:
        """A lock, in words."""
        if "fcntl" not in sys.modules:
            return None
        before, self._lowest = self._lowest, _lowest_unused()
        return "a lock" if any(map(_is_locked, range(before, self._lowest))) else None


def _lowest_unused() -> int:
    """All descriptors below are in use."""
    descriptor = dup(0)
    close(descriptor)
    return descriptor


def _is_locked(descriptor: int) -> bool:
    """Whether it has a lock by `flock`, as far as the system tells."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as file:
            return b"FLOCK" in file.read()
    except OSError:  # not Linux
        return False


class Growth:
    def __init__(self) -> None:
        self._descriptors = self._memory = 0  # in the beginning

    def look(self) -> str | None:
        """What has grown too much since this was called first, in words."""
        descriptors, memory = len(listdir("/dev/fd")), _memory()
        if not self._descriptors:
            self._descriptors, self._memory = descriptors, memory
        elif descriptors > self._descriptors + _DESCRIPTORS:
            return f"it has left {descriptors - self._descriptors} descriptors open"
        elif memory > 2 * self._memory + _MEMORY:
            return f"its interpreter has grown to {memory >> 20} MiB"
        return None


def _memory() -> int:
    """Bytes of the process; 0 where that is not known."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except OSError:  # not Linux
        return 0


class Registered:
    """`in_library` tells whether a library is being loaded: what that registers, stays."""

    def __init__(self, in_library: "Callable[[], bool]") -> None:
        self.has_audit_hook = False
        self._in_library = in_library
        self._searches: list[Search] = []
        self._add_audit_hook, sys.addaudithook = sys.addaudithook, self._audit
        self._register, codecs.register = codecs.register, self._note_search

    def take_back(self) -> None:
        while self._searches:
            codecs.unregister(self._searches.pop())

    def _note_search(self, search_function: "Search", /) -> None:
        """In place of `codecs.register`."""
        self._register(search_function)
        if not self._in_library():
            self._searches.append(search_function)

    def _audit(self, hook: "Callable[[str, tuple[Any, ...]], Any]") -> None:
        """In place of `sys.addaudithook`."""
        self._add_audit_hook(hook)
        self.has_audit_hook |= not self._in_library()
