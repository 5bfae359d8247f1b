"""What of the process is put back behind a run: environment, signals, warnings.

`os.putenv` copies what it is given and never lets go of it, since someone may still look at it. At
a hundred runs a second that is half a gigabyte a day. So the number of a run stands in a string of
ours that is part of the environment, as `putenv` of the C library has it, and is written to.

Signal handlers and timers that are armed at the end of a run would kill the interpreter, or disturb
the next run.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import os
import sys
import time
import warnings
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
from typing import TYPE_CHECKING, Any

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable

    Text = bytes | str | os.PathLike[bytes] | os.PathLike[str]

_NAME = b"AOBA_RUN"
_LONGEST = 32  # bytes of the name, the number and what stands around it
_TIMERS = (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF)
_FATAL = (SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV)  # not for `faulthandler.register`


class Environment:
    def __init__(self) -> None:
        self._mappings = os.environ, os.environb
        self._variables: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        self._before = dict(self._variables)
        self._touched: set[bytes] = set()
        self._is_numbered = False  # by a string of ours
        self._putenv, self._unsetenv = os.putenv, os.unsetenv
        os.putenv, os.unsetenv = self._note_put, self._note_unset  # also for the mappings
        self._write: Callable[[bytes, bool], None]
        try:
            self._write = _in_place()
        except (ImportError, OSError, AttributeError):  # an interpreter without `ctypes`
            self._write = lambda value, _: self._putenv(_NAME, value)

    def put_back(self) -> None:
        """Have it be what it was, and the time zone, too."""
        os.environ, os.environb = self._mappings
        if not self._touched:
            return
        for name in self._touched:
            value = self._before.get(name)
            if value is None:
                self._variables.pop(name, None)
                self._unsetenv(name)
            else:
                self._variables[name] = value
                self._putenv(name, value)
        self._touched.clear()
        self._is_numbered = False
        time.tzset()

    def number_run(self, number: int) -> None:
        """What `os.environ["AOBA_RUN"] = str(number)` does, without a trace of it."""
        value = b"%d" % number
        self._variables[_NAME] = value
        self._write(value, not self._is_numbered or _NAME in self._touched)
        self._is_numbered = True

    def _note_put(self, name: "Text", value: "Text", /) -> None:
        """In place of `os.putenv`."""
        self._putenv(name, value)
        self._touched.add(os.fsencode(name))

    def _note_unset(self, name: "Text", /) -> None:
        """In place of `os.unsetenv`."""
        self._unsetenv(name)
        self._touched.add(os.fsencode(name))


def _in_place() -> "Callable[[bytes, bool], None]":
    """What writes a value, and has to be told whether the variable may have been changed."""
    import ctypes

    string = ctypes.create_string_buffer(_LONGEST)
    put = ctypes.CDLL(None).putenv
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(string))  # it stays, come what may

    def write(value: bytes, changed: bool) -> None:
        string.value = b"%b=%b" % (_NAME, value)
        if changed:
            put(string)

    return write


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


class Warnings:
    """Filters of warnings, and which warnings were shown."""

    def __init__(self) -> None:
        self._filters = warnings.filters
        self._kept = list(warnings.filters)
        self._show = warnings.showwarning, warnings._showwarnmsg_impl  # type: ignore[attr-defined]

    def put_back(self) -> None:
        """Have a warning shown again that was shown in the run before."""
        if warnings.filters is not self._filters or self._filters != self._kept:
            self._filters[:] = self._kept  # type: ignore[index]
            warnings.filters = self._filters
        warnings.showwarning, warnings._showwarnmsg_impl = self._show  # type: ignore[attr-defined]
        warnings.onceregistry.clear()  # type: ignore[attr-defined]
        _forget_shown_warnings()


def _enter_and_leave() -> None:
    with warnings.catch_warnings():
        pass


_forget_shown_warnings = getattr(warnings, "_filters_mutated", _enter_and_leave)
"""What entering and leaving `catch_warnings` does, too, on any Python, in many more steps."""
