"""What can be put back to how it was: attributes of a module or class, and what a container holds.

Most often nothing has changed. So each of them is first compared as a whole, which is quick; what
differs is told by identity then.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

from collections import OrderedDict, defaultdict, deque
from functools import partial
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    IsOwn = Callable[[Any], bool]

CONTAINERS = (dict, OrderedDict, defaultdict, list, deque, set, bytearray)

_KEPT = frozenset(
    [
        *(("sys", name) for name in ("modules", "path", "argv", "path_importer_cache", "flags")),
        *(("sys", name) for name in ("stdin", "stdout", "stderr")),
        *(("sys", f"__{name}__") for name in ("stdin", "stdout", "stderr")),
        ("os", "environ"), ("os", "environb"), ("uuid", "_node"),
        ("sysconfig", "_CONFIG_VARS"), ("sysconfig", "_CONFIG_VARS_INITIALIZED"),
        ("logging", "_handlers"), ("logging", "_handlerList"), ("logging", "root"),
        ("logging", "manager"),
    ]
)  # fmt: skip
_CODE = (
    FunctionType, BuiltinFunctionType, MethodType, MethodDescriptorType, WrapperDescriptorType,
    type, classmethod, staticmethod, property, partial,
)  # fmt: skip
_MISSING: Any = object()


def is_kept(module: str, name: str) -> bool:
    """Whether an attribute is a cache, or put back by others."""
    return "cache" in name.lower() or (module, name) in _KEPT


def attributes_of(value: Any) -> dict[str, Any]:
    """Of an object; none where they are not to be had."""
    try:
        found = value.__dict__
    except Exception:  # of a proxy, for instance
        return {}
    return found if type(found) is dict else {}


class Attributes:
    """Of `owner`, a module or class; a library of the name `module`.

    Where it `is_whole`, all of them are put back; else those that only others can have changed.
    """

    def __init__(self, owner: Any, module: str, is_own: "IsOwn", *, is_whole: bool) -> None:
        self._owner, self._module, self._is_own = owner, module, is_own
        self._is_whole = is_whole
        self._before = dict(vars(owner))
        self._values = tuple(self._before.values())
        self._noted: set[str] = set()

    def is_same(self) -> bool:
        """Whether nothing has changed; else something may have."""
        try:
            return tuple(vars(self._owner).values()) == self._values
        except Exception:  # of what values do when they are compared
            return False

    def changes(self) -> "Iterator[tuple[str, Callable[[], bool]]]":
        """What is to be put back: names, and what puts each back, and says whether it had to."""
        for name, old, new in self._differences():
            if self._is_wanted(name, old, new) or self._is_own(new):
                yield name, partial(self._put_back, name, old)

    def note(self) -> None:
        """What is different by now, is so by the script's doing."""
        self._noted.clear()
        if not self.is_same():
            self._noted.update(name for name, _, _ in self._differences())

    def adapt(self) -> None:
        """Take what is there now for what it was, but for what is the script's."""
        for name, _, new in list(self._differences()):
            if name in self._noted:
                continue
            if new is _MISSING:
                del self._before[name]
            elif not self._is_own(new):
                self._before[name] = new
        self._values = tuple(self._before.values())

    def _differences(self) -> "Iterator[tuple[str, Any, Any]]":
        now, before = vars(self._owner), self._before
        for name in list(before | now):
            old, new = before.get(name, _MISSING), now.get(name, _MISSING)
            if old is not new:
                yield name, old, new

    def _is_wanted(self, name: str, old: Any, new: Any) -> bool:
        if isinstance(old, _CODE):
            return True
        if name[:2] == "__" or is_kept(self._module, name) or not self._is_whole:
            return False
        return old is not _MISSING or not isinstance(new, ModuleType)  # that of a package

    def _put_back(self, name: str, old: Any) -> bool:
        owner = self._owner
        if vars(owner).get(name, _MISSING) is old:
            return False
        try:
            if old is _MISSING:
                delattr(owner, name)
            elif isinstance(owner, type):
                setattr(owner, name, old)
            else:
                vars(owner)[name] = old
        except (AttributeError, TypeError):  # a class that minds
            return False
        return True


class Contents:
    """Of `container`, of one of `CONTAINERS`.

    Where it `is_whole`, all is put back; else what is the script's goes.
    """

    def __init__(self, container: Any, is_own: "IsOwn", *, is_whole: bool) -> None:
        self._container, self._is_own, self._is_whole = container, is_own, is_whole
        self._before = container.copy()

    def is_same(self) -> bool:
        try:
            return bool(self._container == self._before)
        except Exception:  # of what values do when they are compared
            return False

    def changes(self) -> "Iterator[tuple[str, Callable[[], bool]]]":
        if self._is_whole:
            yield "", self._put_back
        elif self._has_own():
            yield "", self._let_go_of_own

    def adapt(self) -> None:
        if not self._has_own():
            self._before = self._container.copy()

    def _put_back(self) -> bool:
        if self.is_same():
            return False
        _fill(self._container, self._before)
        return True

    def _has_own(self) -> bool:
        now = self._container
        return any(map(self._is_own, now)) or (
            isinstance(now, dict) and any(map(self._is_own, now.values()))
        )

    def _let_go_of_own(self) -> bool:
        if self.is_same() or not self._has_own():
            return False
        now, is_own = self._container, self._is_own
        if not isinstance(now, dict):
            _fill(now, [value for value in now if not is_own(value)])
            return True
        for key, value in list(now.items()):
            if is_own(key) or is_own(value):
                del now[key]
                if key in self._before:
                    now[key] = self._before[key]
        return True


def _fill(container: Any, values: Any) -> None:
    if isinstance(container, dict | set):
        container.clear()
        container.update(values)
    elif isinstance(container, deque):
        container.clear()
        container.extend(values)
    else:
        container[:] = values
