"""What grows from run to run in a resident interpreter: descriptors left open, and memory.

Neither can be given back from here. So an interpreter that has grown much ends, and another one
goes on, as with the workers of a web server.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

from posix import listdir, sysconf

from .own_builtins import own as __builtins__

_DESCRIPTORS = 64  # more than there were
_MEMORY = 256 << 20  # bytes beyond twice of what there was
_PAGE = sysconf("SC_PAGE_SIZE")


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
