"""The process of the resident interpreter: what a run may change of it, and putting that back.

A run ends as a process does, as far as that is the script's own; then its namespace is let go,
which finalizes its objects, and the process is put back to what it was, for the next run. What
cannot be put back, such as a thread that goes on, is a reason for the interpreter to end: another
one carries out the next run.

A script that is updated is left with all that it has changed.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import gc
import io
import os
import sys
from sys import getrefcount
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .baseline import Baseline
from .exit import Exit
from .leftovers import Children, Growth, Locks, Registered
from .logging import Logging
from .modules import Modules
from .own_builtins import own as __builtins__
from .restore import Environment, Signals, Warnings
from .settings import Settings
from .streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LAST = 2  # references to an object that nobody else has, as `getrefcount` counts them
_SETTLED = 4  # runs after which libraries have what they keep
_NOW_AND_THEN = 100  # of so many runs, one is looked at thoroughly, and of the first some more


class Process:
    """`fresh` is what the namespace of a script starts with."""

    def __init__(
        self, path: str, arguments: list[str], source: bytes, fresh: dict[str, Any]
    ) -> None:
        self.id = os.getpid()
        self.namespace: dict[str, Any] = {}
        """Of the script, in a run."""
        self.leaves: str | None = None
        """Why this interpreter can carry out no other run, in words; None if it can."""
        self._path, self._source = path, source
        self._arguments = [path, *arguments]
        self._search, self._search_before = sys.path, list(sys.path)
        self._folder = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
        self._fresh = {**fresh, "__file__": path, "__doc__": None}
        if fresh.get("__loader__"):
            self._fresh["__loader__"] = type(fresh["__loader__"])("__main__", path)
        self._runs = 0
        self._kinds: dict[tuple[int, bool], int] = {}  # how many there were of each
        self._has_learnt = False  # libraries have been loaded in this run
        self._children, self._locks, self._growth = Children(), Locks(), Growth()
        self.streams = Streams()
        self.environment = Environment()
        self._signals, self._settings, self._warnings = Signals(), Settings(), Warnings()
        folder = os.path.dirname(os.path.realpath(path))
        self.modules = Modules(folder, self._note, self._add)
        self._registered = Registered(self.modules.in_library)
        self._baseline = Baseline(self.modules.own_names)
        is_own = self._baseline.is_own
        self._logging = Logging(is_own)
        self._exit = Exit(is_own, self.modules.own_names, self.modules.in_library, self._logging)
        self._between_runs = ModuleType("__main__")
        self._add(sys.modules)
        sys.argv = list(self._arguments)
        gc.freeze()

    def begin(self, number: int, feedback: bytes | None) -> None:
        """Run `number` begins."""
        self._runs += 1
        if self._runs == 1:
            self._settings.begin(self.streams.settings())
        main = ModuleType("__main__")  # made here, since all that was made before is frozen
        self.modules.new_main(main)
        self.namespace = vars(main)
        self.namespace.update(self._fresh)
        self._exit.begin()
        self.environment.number_run(number)
        if feedback is not None:
            self.streams.feed(feedback)
        self.keep_lines()

    def end(self, guarded: "Callable[[Callable[[], object]], object]", status: int) -> None:
        """It ends with `status`, which a copy of this process exits with."""
        self._exit.carry_out(guarded)
        self._signals.stop_timers()
        self._let_go()
        self.streams.flush()
        if os.getpid() != self.id:
            os._exit(status)
        self.leaves = self._what_is_left() or self.leaves
        thorough = self._is_thorough(status)
        if self._baseline.put_back(thorough=thorough):
            gc.collect()  # what was held by what the script had changed
        stuck = self._settings.put_back(thorough=thorough)
        if stuck:
            self.leaves = f"it has changed {stuck}, which cannot be put back"
        self._logging.put_back(thorough=thorough)
        self._registered.take_back()
        self._put_back_rest()
        if thorough:
            self.modules.look()
            if self._runs >= _SETTLED:
                self.leaves = self._growth.look() or self.leaves
            gc.freeze()

    def _what_is_left(self) -> str | None:
        """Of the run, and cannot be put back, in words."""
        if self._registered.has_audit_hook:
            return "it has added an audit hook, which cannot be taken away"
        left = self._exit.left_behind() or self._children.left_behind() or self._locks.left_behind()
        return f"it has left {left} behind" if left else None

    def keep(self) -> None:
        """The script goes on in the next run."""
        self._exit.keep()

    def _let_go(self) -> None:
        """Of the namespace, and of all that is in it, as at the end of an interpreter.

        What is in a cycle, such as the namespace of a function, is found by a collection; that
        takes next to nothing, as all else is frozen. An earlier one has this one finalize what
        holds others before these, such as a file before its buffer.
        """
        namespace, self.namespace = self.namespace, {}
        self.modules.new_main(self._between_runs)
        self.modules.put_back()
        if getrefcount(namespace) > _LAST:
            gc.collect()
        del namespace
        gc.collect()

    def _put_back_rest(self) -> None:
        self._signals.put_back()
        self._warnings.put_back()
        self.environment.put_back()
        self.streams.put_back()
        os.fchdir(self._folder)
        sys.argv = list(self._arguments)
        sys.path = self._search
        sys.path[:] = self._search_before
        sys.excepthook, sys.displayhook = sys.__excepthook__, sys.__displayhook__
        sys.unraisablehook, sys.breakpointhook = sys.__unraisablehook__, sys.__breakpointhook__

    def _is_thorough(self, status: int) -> bool:
        """Whether all is looked at: in runs 1, 2, 4, 8 and so on, and of the others in some.

        Runs are counted apart by how they end: one that fails, or writes to stderr, goes other ways
        than those that do not, and may change what these have not. So the first of its kind is
        looked at, and where all are of its kind, they cost no more than others.
        """
        has_learnt, self._has_learnt = self._has_learnt, False
        kind = status, self.streams.has_complained()
        number = self._kinds[kind] = self._kinds.get(kind, 0) + 1
        return has_learnt or not number & number - 1 or not self._runs % _NOW_AND_THEN

    def _note(self) -> None:
        """A library is going to be loaded: what changes from now on is its doing."""
        self._baseline.note()
        self._settings.note()
        self._logging.note()
        self._exit.note()

    def _add(self, modules: "Mapping[str, ModuleType]") -> None:
        """It has been loaded, with these modules."""
        self._has_learnt = True
        self._baseline.add(modules)
        self._settings.add(modules)
        self._logging.add()
        self._exit.add()

    def keep_lines(self) -> None:
        """Have tracebacks show the lines of what runs, whatever the file has become since."""
        linecache = sys.modules.get("linecache")
        if linecache is None or linecache.cache.get(self._path, (0, 0))[1:2] == (None,):
            return
        import tokenize

        encoding, _ = tokenize.detect_encoding(io.BytesIO(self._source).readline)
        lines = io.TextIOWrapper(io.BytesIO(self._source), encoding, "replace").readlines()
        linecache.cache[self._path] = (len(self._source), None, lines, self._path)
