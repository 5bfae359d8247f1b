"""What scripts change of libraries, found and put back: functions that they replace, and the like.

When a library has been loaded, its baseline is taken: the values of its attributes and of those of
its classes; of the standard library also what lists, dicts and sets hold, and the attributes of
objects, as far as a module has them. To compare all that takes as long as a run, so it is done
behind the first runs, and now and then. But what one run has changed, the next ones change, too:
such a place is looked at behind each run from then on.

The standard library is put back as a whole, but for caches, and for modules whose state is also
that of threads, processes and event loops. There, and with other libraries, values that they set
themselves are theirs, as a connection may be behind them. Put back is what only others can have
changed: a function or class that has been replaced, and whatever is the script's own.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import sys
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from .holders import CONTAINERS, Attributes, Contents, attributes_of, is_kept
from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIVE = frozenset(
    (
        "_frozen_importlib", "_frozen_importlib_external", "_io", "_signal", "_thread", "_warnings",
        "_weakref", "_weakrefset", "_abc", "_ctypes", "abc", "asyncio", "atexit", "codecs",
        "concurrent", "contextvars", "ctypes", "encodings", "gc", "importlib", "io", "linecache",
        "multiprocessing", "posix", "selectors", "signal", "site", "socketserver", "subprocess",
        "threading", "tracemalloc", "types", "warnings", "weakref", "zipimport",
    )
)  # fmt: skip
"""Modules of the standard library that are left with values of their own."""

_DEPTH = 4  # of containers within each other
_CHANGEABLE, _FROZEN = 1 << 9, 1 << 8  # `Py_TPFLAGS_HEAPTYPE` and `Py_TPFLAGS_IMMUTABLETYPE`


class Baseline:
    """`own_names` are those of the script's modules."""

    def __init__(self, own_names: set[str]) -> None:
        self._own_names = own_names
        self._holders: list[Attributes | Contents] = []
        self._of_interpreter: list[Attributes] = []
        self._seen: set[int] = set()  # ids of containers, which their holders keep alive
        self._places: dict[tuple[int, str], Callable[[], bool]] = {}

    def note(self) -> None:
        """A library is going to be loaded.

        That what the script has changed by now is not taken for the doing of the library is seen
        to only where it is likely: it would take as long as another look.
        """
        for attributes in self._of_interpreter:
            attributes.note()

    def add(self, modules: "Mapping[str, ModuleType]") -> None:
        """Take that of libraries that have been loaded, and what these have changed of others."""
        for holder in self._holders:
            if not holder.is_same():
                holder.adapt()
        for name, module in modules.items():
            if name != "__main__" and isinstance(module, ModuleType):
                self._add_module(name, module)

    def put_back(self, *, thorough: bool) -> bool:
        """Returns whether there was anything; looks at everything where `thorough`."""
        changed = False
        if self._places:
            changed = sum(put_back() for put_back in self._places.values()) > 0
        return self._look() or changed if thorough else changed

    def _look(self) -> bool:
        found = False
        for number, holder in enumerate(self._holders):
            if not holder.is_same():
                for name, put_back in holder.changes():
                    self._places[number, name] = put_back
                    found |= put_back()
        return found

    def is_own(self, value: Any) -> bool:
        """Whether a value is the script's, as far as that shows."""
        if isinstance(value, FunctionType):
            return value.__globals__.get("__name__") in self._own_names
        if isinstance(value, MethodType):
            return self.is_own(value.__func__) or self.is_own(value.__self__)
        if isinstance(value, staticmethod | classmethod):
            return self.is_own(value.__func__)
        if isinstance(value, property):
            return self.is_own(value.fget)
        if isinstance(value, partial):
            return self.is_own(value.func)
        kind = value if isinstance(value, type) else type(value)
        return _module_of(kind) in self._own_names or (
            kind is not value
            and bool(kind.__dictoffset__)
            and not isinstance(value, ModuleType)
            and any(map(self._is_code_of_own, attributes_of(value).values()))
        )

    def _is_code_of_own(self, value: Any) -> bool:
        """What shows that an object of a library's class is about something of the script's."""
        return isinstance(value, FunctionType | type) and self.is_own(value)

    def _add_module(self, name: str, module: ModuleType) -> None:
        top = name.partition(".")[0]
        is_whole = top in sys.stdlib_module_names and top not in _LIVE
        attributes = Attributes(module, name, self.is_own, is_whole=is_whole)
        self._holders.append(attributes)
        if name in ("sys", "builtins"):
            self._of_interpreter.append(attributes)
        for attribute, value in list(vars(module).items()):
            if not isinstance(value, type):
                self._add_contents(name, attribute, value, is_whole=is_whole)
            elif value.__module__ == name and _is_changeable(value):
                self._holders.append(Attributes(value, name, self.is_own, is_whole=is_whole))
                for inner, held in list(vars(value).items()):
                    self._add_contents(name, inner, held, is_whole=is_whole)

    def _add_contents(
        self, module: str, name: str, value: Any, depth: int = _DEPTH, *, is_whole: bool
    ) -> None:
        if not depth or is_kept(module, name) or name[:2] == "__" or id(value) in self._seen:
            return
        kind = type(value)
        if kind not in CONTAINERS:
            if kind.__module__ != module or not kind.__dictoffset__:
                return
            value = attributes_of(value)
        self._seen.add(id(value))
        self._holders.append(Contents(value, self.is_own, is_whole=is_whole))
        if isinstance(value, bytearray):
            return
        for held in list(value.values() if isinstance(value, dict) else value):
            self._add_contents(module, name, held, depth - 1, is_whole=is_whole)


def _module_of(kind: type) -> str:
    name = getattr(kind, "__module__", None)
    return name if isinstance(name, str) else ""


def _is_changeable(kind: type) -> bool:
    """But for enumerations, which nobody changes, and of which there are many."""
    flags = kind.__flags__
    return bool(flags & _CHANGEABLE) and not flags & _FROZEN and "_member_map_" not in vars(kind)
