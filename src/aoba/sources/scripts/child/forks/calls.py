"""What is called while a library is imported, as far as a script could tell that it was called.

CPython from 3.8 on, in a process of its own: an audit hook cannot be taken back. It hears of files,
sockets and programs; a profile function hears of functions in C that have no event: clocks, random
numbers, warnings, and what is to be done at the end. What C calls itself, none of them hears.
"""

import atexit
import os
import sys
import time

REASONS = {
    "builtins.input": "reads from standard input",
    "fcntl.flock": "changes files",
    "fcntl.lockf": "changes files",
    "os.chmod": "changes files",
    "os.chown": "changes files",
    "os.exec": "starts a program",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.kill": "sends signals",
    "os.killpg": "sends signals",
    "os.link": "changes files",
    "os.mkdir": "changes files",
    "os.posix_spawn": "starts a program",
    "os.remove": "changes files",
    "os.rename": "changes files",
    "os.rmdir": "changes files",
    "os.spawn": "starts a program",
    "os.symlink": "changes files",
    "os.system": "starts a program",
    "os.truncate": "changes files",
    "os.utime": "changes files",
    "pty": "starts a process",
    "resource": "changes limits",
    "shutil": "changes files",
    "signal": "sends signals",
    "socket": "opens sockets",
    "sqlite3": "opens files",
    "subprocess": "starts a program",
    "sys.addaudithook": "watches the interpreter",
    "syslog": "writes to the log of the system",
    "tempfile": "changes files",
    "urllib": "opens sockets",
}
"""By audit event, or by what stands before the dot in it: what somebody does who raises it."""

LISTINGS = ("os.listdir", "os.scandir")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
VOLATILE = ("/dev/", "/proc/", "/sys/")  # what is read there, is found out by what is made of it

CLOCKS = ("clock_gettime", "time", "time_ns")
SHOWING = ("asctime", "ctime", "gmtime", "localtime", "strftime")  # the time now, or another one
DATES = ("now", "today", "utcnow")
DRAWS = ("getrandbits", "random", "seed", "setstate")
WARNINGS = ("warn", "warn_explicit")


class Calls:
    """From `watch`, in this thread, or `listen`, in all of them, to `unwatch`."""

    def __init__(self, clocks, is_standard):
        """`clocks` are names of modules that may look at the clock while they are loaded.

        `is_standard` says whether a file is of the standard library.
        """
        self.reasons = []
        """What stands against it, in words."""
        self.files = set()
        """Paths of what has been read and listed, other than by the import system."""
        self.warns = False
        """Whether there were warnings, shown or not."""
        self._clocks, self._is_standard = clocks, is_standard
        self._on = False
        self._by_name = {"register": self._register}
        for names, call in (
            (CLOCKS, self._clock),
            (DATES, self._date),
            (DRAWS, self._draw),
            (WARNINGS, self._warn),
        ):
            self._by_name.update(dict.fromkeys(names, call))

    def listen(self):
        """Hear of audit events alone, for which nothing is as slow as to be noticed."""
        sys.addaudithook(self._audit)
        self._on = True

    def watch(self):
        self.listen()
        for name in SHOWING:
            setattr(time, name, self._showing(getattr(time, name), int(name == "strftime")))
        sys.setprofile(self._profile)

    def unwatch(self):
        if sys.getprofile() == self._profile:
            sys.setprofile(None)
            for name in SHOWING:
                setattr(time, name, getattr(time, name).__wrapped__)
        self._on = False

    def _audit(self, event, values):
        if not self._on:
            return
        reason = REASONS.get(event) or REASONS.get(event.partition(".")[0])
        if reason is None and event != "open" and event not in LISTINGS:
            return
        if sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
            return
        if reason is not None:
            self.reasons.append(reason)
        elif not isinstance(values[0], int):  # a descriptor, of what has been opened before
            self._file(values[0], values[2] if event == "open" else 0)

    def _file(self, path, flags):
        path = os.path.abspath(os.fsdecode("." if path is None else path))
        if flags & WRITING and path != os.devnull:
            self.reasons.append("writes to files")
        elif not path.startswith(VOLATILE):
            self.files.add(path)

    def _profile(self, frame, event, called):
        if event == "c_call":
            call = self._by_name.get(getattr(called, "__name__", None))
            if call is not None:
                call(getattr(called, "__self__", None), frame)

    def _showing(self, function, at):
        """The same, which looks at the clock where its argument `at` is none."""

        def show(*values):
            if self._on and values[at : at + 1] in ((), (None,)):
                self._look_at_clock(sys._getframe(1))
            return function(*values)

        show.__wrapped__ = function
        return show

    def _clock(self, owner, frame):
        if owner is time:
            self._look_at_clock(frame)

    def _date(self, owner, frame):
        if isinstance(owner, type) and any(c.__module__ == "datetime" for c in owner.__mro__):
            self._look_at_clock(frame)

    def _look_at_clock(self, frame):
        caller, loading = frame.f_globals.get("__name__"), _loading(frame).get("__name__")
        if not (caller == loading and caller in self._clocks):
            self.reasons.append("looks at the clock")

    def _draw(self, owner, frame):
        is_generator = any(c.__module__ == "_random" for c in type(owner).__mro__)
        if is_generator and _loading(frame).get("__name__") != "random":
            self.reasons.append("draws random numbers")

    def _warn(self, owner, _):
        self.warns = self.warns or owner is sys.modules["_warnings"]

    def _register(self, owner, frame):
        if owner is atexit and not self._is_standard(str(_loading(frame).get("__file__"))):
            self.reasons.append("has something done at the end")


def _loading(frame):
    """Globals of the module that is being loaded."""
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return {} if frame is None else frame.f_globals
