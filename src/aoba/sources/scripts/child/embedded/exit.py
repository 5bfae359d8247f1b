"""What a process does at its end that is the script's own: done at the end of each run.

Threads are waited for, but for daemons; exit handlers are called, the last one first, and
finalizers of `weakref` in their turn; processes of `multiprocessing` are waited for; handlers of
`logging` are flushed. What a library has registered is called at the end of the interpreter.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import atexit
import sys
from _thread import _count
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable

    from .logging import Logging

    Guarded = Callable[[Callable[[], object]], object]
    Handler = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]

_TO_END = 0.02  # seconds for threads that have been told to end, or are about to
_ATEXIT_FAILED = "Exception ignored in atexit callback%s %%r%s\n" % (
    ("", ":") if sys.version_info >= (3, 13) else (":", "")
)
"""In the words of the interpreter that runs the script."""
_EXECUTORS = (
    ("concurrent.futures.process", "_threads_wakeups", "_global_shutdown"),
    ("concurrent.futures.thread", "_threads_queues", "_shutdown"),
)
"""Modules with executors; what is not empty where one was left open; what is set at the end."""


class Exit:
    """`is_own` tells what is the script's, `in_library` whether a library is being loaded."""

    def __init__(
        self,
        is_own: "Callable[[object], bool]",
        own_names: set[str],
        in_library: "Callable[[], bool]",
        logging: "Logging",
    ) -> None:
        self._is_own, self._own_names, self._in_library = is_own, own_names, in_library
        self._logging = logging
        self._handlers: list[Handler] = []
        self._is_kept = False
        self._threads = self._threads_noted = 0  # of libraries
        self._has_libraries = False  # of which something is to be called
        self._finalize_class: Any = None
        self._finalizers: set[object] = set()  # that were there before the run
        self._register, self._unregister = atexit.register, atexit.unregister
        atexit.register = self._register_for_run  # type: ignore[assignment]
        atexit.unregister = self._unregister_for_run

    def note(self) -> None:
        """A library is going to be loaded."""
        self._threads_noted = _count()

    def add(self) -> None:
        """It has been loaded: threads that it has started are its own."""
        if self._finalize_class is None and "weakref" in sys.modules:
            self._finalize_class = sys.modules["weakref"].finalize
        self._has_libraries = "logging" in sys.modules or "multiprocessing.util" in sys.modules
        self._threads += max(0, _count() - self._threads_noted)

    def begin(self) -> None:
        """A run begins."""
        if self._finalize_class is not None:
            self._finalizers = set(self._finalize_class._registry)
            if self._finalize_class._registered_with_atexit:
                self._finalize_class._registered_with_atexit = False

    def carry_out(self, guarded: "Guarded") -> None:
        """Call `guarded` with each piece of it."""
        if _count() > self._threads:
            guarded(_wait_for_threads)
        if not self._handlers and not self._has_libraries:
            return
        self._call_handlers()
        if "multiprocessing.util" in sys.modules:
            _end_multiprocessing(guarded)
        self._logging.shut_down()

    def keep(self) -> None:
        """The script goes on in the next run: all this is done at the end of the interpreter."""
        if not self._is_kept:
            self._is_kept = True
            self._register(self._call_handlers)

    def left_behind(self) -> str | None:
        """A thread that goes on, in words."""
        if _count() <= self._threads:
            return None
        threading: Any = sys.modules.get("threading")
        threads = threading.enumerate() if threading else []
        for thread in threads:
            if thread.daemon and isinstance(thread, threading.Timer):
                thread.cancel()
        deadline = monotonic() + _TO_END
        while _count() > self._threads:
            if monotonic() > deadline:
                names = [t.name for t in threads if t.daemon and t.is_alive()]
                return f"the thread {names[-1]!r}" if names else "a thread"
            sleep(0.001)
        return None

    def _call_handlers(self) -> None:
        while self._handlers:
            function, arguments, named = self._handlers.pop()
            try:
                function(*arguments, **named)
            except BaseException as error:
                sys.stderr.write(_ATEXIT_FAILED % (function,))
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                sys.__excepthook__(type(error), error, error.__traceback__)

    def _register_for_run(
        self, function: "Callable[..., object]", *arguments: Any, **named: Any
    ) -> "Callable[..., object]":
        """What the script itself registers is called at the end of its run."""
        caller = sys._getframe(1).f_globals.get("__name__")
        if self._in_library() or not callable(function):
            return self._register(function, *arguments, **named)
        if caller == "weakref" and getattr(function, "__name__", "") == "_exitfunc":
            self._handlers.append((self._finalize, (), {}))
        elif caller in self._own_names:
            self._handlers.append((function, arguments, named))
        else:
            return self._register(function, *arguments, **named)
        return function

    def _unregister_for_run(self, function: "Callable[..., object]") -> None:
        self._handlers = [kept for kept in self._handlers if kept[0] != function]
        self._unregister(function)

    def _finalize(self) -> None:
        """Call what has been left to `weakref.finalize`, as far as it is the script's."""
        registry = sys.modules["weakref"].finalize._registry
        new = [it for it in registry.items() if it[0] not in self._finalizers]
        for finalizer, info in sorted(new, key=lambda it: -it[1].index):
            if info.atexit and self._is_of_run(info):
                try:
                    finalizer()
                except Exception:
                    sys.excepthook(*sys.exc_info())

    def _is_of_run(self, info: Any) -> bool:
        watched = info.weakref()
        return (
            self._is_own(info.func)
            or self._is_own(watched)
            or any(value is watched for value in vars(sys.modules["__main__"]).values())
        )


def _wait_for_threads() -> None:
    """But not for daemons."""
    for name, left_open, ending in _EXECUTORS:
        module: Any = sys.modules.get(name)
        if module is not None and getattr(module, left_open):
            module._python_exit()
            setattr(module, ending, False)
    threading = sys.modules.get("threading")
    if threading is None:
        return
    current = threading.current_thread()
    while left := [t for t in threading.enumerate() if not t.daemon and t is not current]:
        left[0].join()


def _end_multiprocessing(guarded: "Guarded") -> None:
    util: Any = sys.modules["multiprocessing.util"]
    process: Any = sys.modules["multiprocessing.process"]
    if util._finalizer_registry or process._children:
        guarded(util._exit_function)
        util._exiting = False
