"""Signal handlers and timers of the resident interpreter: put back, stopped at the end of a run.

What is armed by then would kill the interpreter, or disturb the next run.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import sys
from _signal import (
    ITIMER_PROF,
    ITIMER_REAL,
    ITIMER_VIRTUAL,
    SIG_SETMASK,
    SIGABRT,
    SIGBUS,
    SIGFPE,
    SIGILL,
    SIGSEGV,
    getsignal,
    pthread_sigmask,
    set_wakeup_fd,
    setitimer,
    signal,
    valid_signals,
)
from typing import Any

from .own_builtins import own as __builtins__

_TIMERS = (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF)
_FATAL = (SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV)  # not for `faulthandler.register`


class Signals:
    def __init__(self) -> None:
        handlers = {number: getsignal(number) for number in valid_signals()}
        self._handlers = [(n, handler) for n, handler in handlers.items() if handler is not None]
        self._mask = pthread_sigmask(SIG_SETMASK, ())
        pthread_sigmask(SIG_SETMASK, self._mask)
        faults = sys.modules.get("faulthandler")
        self._shows_faults = faults is not None and faults.is_enabled()

    def stop_timers(self) -> None:
        """Let nothing go off any more that has been armed."""
        if "signal" in sys.modules:  # else nobody can have armed one, or set a handler
            for timer in _TIMERS:
                setitimer(timer, 0)
        if (faults := sys.modules.get("faulthandler")) is not None:
            faults.cancel_dump_traceback_later()

    def put_back(self) -> None:
        """Handlers, and what is blocked."""
        if (faults := sys.modules.get("faulthandler")) is not None:
            self._put_back_faults(faults)
        if "signal" not in sys.modules:
            return
        set_wakeup_fd(-1)
        for number, handler in self._handlers:
            if getsignal(number) is not handler:
                signal(number, handler)
        pthread_sigmask(SIG_SETMASK, self._mask)

    def _put_back_faults(self, faults: Any) -> None:
        for number, _ in self._handlers:
            if number not in _FATAL:
                faults.unregister(number)
        if faults.is_enabled() != self._shows_faults:
            faults.enable() if self._shows_faults else faults.disable()
