"""What a run may change of the resident interpreter's process, put back before the next one.

What is cheap to put back is: arguments, search path, streams, folder, environment, signals, alarm,
filters of warnings, exception hook. What modules keep stays, as they are not loaded again. A script
that is updated is left with all that it has changed.

Standard library only; it runs beside `resident`, without the package.
"""

import atexit
import io
import os
import sys
import warnings
from _signal import alarm, getsignal, signal, valid_signals
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from aoba.sources.residents.resident_environment import Environment
else:
    from resident_environment import Environment

_STDIN, _STDOUT, _STDERR = _STREAMS = 0, 1, 2

_ATEXIT_FAILED = "Exception ignored in atexit callback%s %%r%s\n" % (
    ("", ":") if sys.version_info >= (3, 13) else (":", "")
)
"""In the words of the interpreter that runs the script."""


class Process:
    """`fresh` is what the namespace of a script starts with."""

    def __init__(
        self, path: str, arguments: list[str], source: bytes, fresh: dict[str, Any]
    ) -> None:
        self.id = os.getpid()
        self._path, self._source = path, source
        self._arguments = [path, *arguments]
        self._search = sys.path
        self._search_before = list(sys.path)
        self._folder = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
        self._descriptors = [os.dup(number) for number in _STREAMS]
        self._stdin, self._stdout, self._stderr = sys.stdin, sys.stdout, sys.stderr
        self.environment = Environment()
        handlers = {number: getsignal(number) for number in valid_signals()}
        self._signals = [(n, handler) for n, handler in handlers.items() if handler is not None]
        self._warnings = _Warnings()
        self._fresh = {**fresh, "__file__": path, "__doc__": None}
        if fresh.get("__loader__"):
            self._fresh["__loader__"] = type(fresh["__loader__"])("__main__", path)
        self._namespace: dict[str, Any] = {}
        self._exit_handlers: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]]
        self._exit_handlers = []
        self._register, self._unregister = atexit.register, atexit.unregister
        atexit.register = self._register_for_run  # type: ignore[assignment]
        atexit.unregister = self._unregister_for_run

    def restore(self, number: int, feedback: bytes | None) -> None:
        """Make the process for run `number` what it was in the beginning."""
        stdin, stdout, stderr = self._descriptors
        dup2 = os.dup2
        dup2(stdin, _STDIN)
        dup2(stdout, _STDOUT)
        dup2(stderr, _STDERR)
        os.fchdir(self._folder)
        if "signal" in sys.modules:  # else nobody can have set a handler or an alarm
            alarm(0)
            for signal_number, handler in self._signals:
                if getsignal(signal_number) is not handler:
                    signal(signal_number, handler)
        self.environment.restore(number)
        sys.argv = list(self._arguments)
        sys.path = self._search
        sys.path[:] = self._search_before
        sys.excepthook = sys.__excepthook__
        self._warnings.restore()
        self._restore_streams(feedback)
        self.keep_lines()

    def _restore_streams(self, feedback: bytes | None) -> None:
        if not self._streams_are_whole():
            del sys.stdin, sys.stdout, sys.stderr  # which may close what is beneath them
            self._open_streams()
        sys.stdout = sys.__stdout__ = self._stdout  # type: ignore[misc, assignment]
        sys.stderr = sys.__stderr__ = self._stderr  # type: ignore[misc, assignment]
        if feedback is not None:
            self.feed(feedback)
        else:
            sys.stdin = sys.__stdin__ = self._stdin  # type: ignore[misc, assignment]

    def _streams_are_whole(self) -> bool:
        try:
            return (
                sys.stdout is self._stdout
                and sys.stderr is self._stderr
                and not (self._stdin.closed or self._stdout.closed or self._stderr.closed)
            )
        except (AttributeError, ValueError):  # deleted, or detached
            return False

    def _open_streams(self) -> None:
        if not _is_open(self._stdout):
            self._stdout = _open(_STDOUT, "strict")
        if not _is_open(self._stderr):
            self._stderr = _open(_STDERR, "backslashreplace")
        if not _is_open(self._stdin):
            self._stdin = open(_STDIN, encoding="utf-8", closefd=False)

    def feed(self, feedback: bytes) -> None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(feedback), "utf-8")

    def new_main(self) -> dict[str, Any]:
        """The namespace of a new `__main__`."""
        module = sys.modules["__main__"] = ModuleType("__main__")
        self._namespace = module.__dict__
        self._namespace.update(self._fresh)
        return self._namespace

    def clean_up(self, guarded: "Callable[[Callable[[], object]], object]") -> None:
        """What is done when a process ends, as far as it is the script's own and not a module's."""
        if self.has_threads():
            guarded(_wait_for_threads)
        if "multiprocessing.process" in sys.modules:
            guarded(_wait_for_children)
        while self._exit_handlers:
            function, arguments, named = self._exit_handlers.pop()
            try:
                function(*arguments, **named)
            except BaseException as error:
                sys.stderr.write(_ATEXIT_FAILED % (function,))
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                sys.__excepthook__(type(error), error, error.__traceback__)
        self.flush()

    def keep(self) -> None:
        """The script goes on in the next run: its exit handlers are those of the interpreter."""
        for function, arguments, named in self._exit_handlers:
            self._register(function, *arguments, **named)
        self._exit_handlers = []
        self._namespace = {}

    def has_threads(self) -> bool:
        threading = sys.modules.get("threading")
        return threading is not None and threading.active_count() > 1

    def flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if stream is self._stdout or stream is self._stderr:
                continue  # which keep nothing back
            try:
                stream.flush()
            except (AttributeError, ValueError, OSError):  # none there, or closed by the script
                pass

    def print(self, text: str) -> None:
        """To the stdout that Aoba reads, whatever the script has made of `sys.stdout`."""
        self.flush()
        data = memoryview(text.encode() + b"\n")
        while data:
            data = data[os.write(self._descriptors[_STDOUT], data) :]

    def keep_lines(self) -> None:
        """Have tracebacks show the lines of what runs, whatever the file has become since."""
        linecache = sys.modules.get("linecache")
        if linecache is None or linecache.cache.get(self._path, (0, 0))[1:2] == (None,):
            return
        import tokenize

        encoding, _ = tokenize.detect_encoding(io.BytesIO(self._source).readline)
        lines = io.TextIOWrapper(io.BytesIO(self._source), encoding, "replace").readlines()
        linecache.cache[self._path] = (len(self._source), None, lines, self._path)

    def _register_for_run(
        self, function: "Callable[..., object]", *arguments: Any, **named: Any
    ) -> "Callable[..., object]":
        """What the script itself registers is called at the end of its run."""
        if sys._getframe(1).f_globals is not self._namespace or not callable(function):
            return self._register(function, *arguments, **named)
        self._exit_handlers.append((function, arguments, named))
        return function

    def _unregister_for_run(self, function: "Callable[..., object]") -> None:
        self._exit_handlers = [kept for kept in self._exit_handlers if kept[0] != function]
        self._unregister(function)


class _Warnings:
    """Filters of warnings, and which warnings were shown."""

    def __init__(self) -> None:
        self._filters = warnings.filters
        self._kept = list(warnings.filters)
        self._show = warnings.showwarning, warnings._showwarnmsg_impl  # type: ignore[attr-defined]

    def restore(self) -> None:
        """Have a warning shown again that was shown in the run before."""
        if warnings.filters is not self._filters or self._filters != self._kept:
            self._filters[:] = self._kept  # type: ignore[index]
            warnings.filters = self._filters
        warnings.showwarning, warnings._showwarnmsg_impl = self._show  # type: ignore[attr-defined]
        _forget_shown_warnings()


def _enter_and_leave() -> None:
    with warnings.catch_warnings():
        pass


_forget_shown_warnings = getattr(warnings, "_filters_mutated", _enter_and_leave)
"""What entering and leaving `catch_warnings` does, too, on any Python, in many more steps."""


def _wait_for_threads() -> None:
    threading = sys.modules["threading"]
    current = threading.current_thread()
    while left := [t for t in threading.enumerate() if not t.daemon and t is not current]:
        left[0].join()


def _wait_for_children() -> None:
    """Of `multiprocessing`, which does this itself at the end of an interpreter."""
    for child in sys.modules["multiprocessing.process"].active_children():
        if child.daemon:
            child.terminate()
        child.join()


def _is_open(stream: TextIO | None) -> bool:
    try:
        return stream is not None and not stream.closed
    except ValueError:  # detached
        return False


def _open(descriptor: int, errors: str) -> TextIO:
    raw = open(descriptor, "wb", 0, closefd=False)
    return io.TextIOWrapper(raw, "utf-8", errors, write_through=True)
