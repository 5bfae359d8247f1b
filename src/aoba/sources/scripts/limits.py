"""What a process of a script may use, on Linux: address space, CPU time, and how nice it is.

Limits are put on a process from outside, right behind its start: an interpreter takes longer than
that to come to its script. One of another user limits itself, before its program. What the process
starts has the same limits, each process for itself. A process is not told why the system refuses it
something or ends it, so how it ended and what it said last have to do for the message.
"""

import contextlib
import os
import re
import resource
import signal
import sys
from dataclasses import dataclass
from typing import Any, Final

from aoba.endpoints.options import Parsers
from aoba.endpoints.units import parse_duration, parse_size, show_size
from aoba.errors import UsageError

CPU_TO_KILL: Final = 5
"""Seconds of CPU time from SIGXCPU to SIGKILL, for a script that goes on all the same."""

MAX_CPU: Final = 10**9
MAX_NICE: Final = 19

_NO_MEMORY: Final = re.compile(
    rb"^[\w.]*MemoryError\b|annot allocate memory|failed to map segment|bad_alloc", re.MULTILINE
)
_FATAL: Final = b"Fatal Python error"
"""An interpreter that cannot even start."""

_OF_NO_MEMORY: Final = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)
"""How libraries end that did not expect to be refused memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """None is no limit."""

    memory: int | None = None
    """Bytes of address space."""
    cpu: int | None = None
    """Seconds of CPU time, of a run."""
    nice: int | None = None
    """0 to 19; a process that is nicer already stays so."""

    @property
    def cpu_range(self) -> tuple[int, int] | None:
        """Seconds to SIGXCPU, and to SIGKILL."""
        return None if self.cpu is None else (self.cpu, self.cpu + CPU_TO_KILL)

    def apply(self, pid: int) -> None:
        """Limit a process that has just been started; nothing happens where it is gone.

        0 is the one that calls it.
        """
        with contextlib.suppress(ProcessLookupError):
            if self.cpu_range:
                _limit(pid, "RLIMIT_CPU", *self.cpu_range)
            self.apply_to_all_runs(pid)  # memory last: who limits itself may need some

    def apply_to_all_runs(self, pid: int) -> None:
        """The same, without the CPU time: for a process that carries out one run after the other.

        Raises ProcessLookupError where it is gone.
        """
        if self.nice is not None:
            nicer = max(self.nice, os.getpriority(os.PRIO_PROCESS, pid))
            os.setpriority(os.PRIO_PROCESS, pid, nicer)
        if self.memory is not None:
            _limit(pid, "RLIMIT_AS", self.memory, self.memory)

    def explain(self, failure: str, code: int, said: bytes) -> str:
        """`failure`, with the limit that is behind it, or may be.

        `code` is how the process ended, as `subprocess` has it, `said` the end of its stderr.
        """
        if self.cpu is not None and code == -signal.SIGXCPU:
            return f"over its CPU limit of {self.cpu} s"
        if self.cpu is not None and code == -signal.SIGKILL:
            return f"{failure} (its CPU limit is {self.cpu} s)"
        if self.memory is not None and _NO_MEMORY.search(said):
            return f"over its memory limit of {show_size(self.memory)} ({failure})"
        if self.memory is not None and (code in _OF_NO_MEMORY or _FATAL in said):
            return f"{failure} (its memory limit is {show_size(self.memory)})"
        return failure


NO_LIMITS: Final = Limits()


def parse_memory(text: str) -> int:
    _only_on_linux()
    return parse_size(text)


def parse_cpu(text: str) -> int:
    _only_on_linux()
    seconds = parse_duration(text)
    if seconds != int(seconds) or seconds > MAX_CPU:
        raise UsageError(f"expected whole seconds, as in 10s, got {text!r}")
    return int(seconds)


def parse_nice(text: str) -> int:
    _only_on_linux()
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) > MAX_NICE:
        raise UsageError(f"expected 0..{MAX_NICE}, got {text!r}")
    return int(text)


def _only_on_linux() -> None:
    if sys.platform != "linux":
        raise UsageError("limits need Linux")


def _limit(pid: int, name: str, soft: int, hard: int) -> None:
    """Lower a limit; one that Aoba is under itself, and must not lift, is kept."""
    kernel: Any = resource  # of which other systems have a part
    number = getattr(kernel, name)
    _, most = kernel.prlimit(pid, number)
    if most != kernel.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    kernel.prlimit(pid, number, (soft, hard))


LIMITS: Final[Parsers] = {"memory": parse_memory, "cpu": parse_cpu, "nice": parse_nice}
"""The options, to be among those that a kind of source accepts."""
