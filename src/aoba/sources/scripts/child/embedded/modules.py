"""Modules in the resident interpreter: libraries stay, the script's own modules go with their run.

A library is what the search path of the interpreter has, what is built in, and what importing a
library brings about. All else in `sys.modules` is the script's own: modules of its folder, or of
folders that it adds to the path, and modules that it makes up. These go at the end of a run, as in
external mode: an edited one is read again, and none keeps values of an earlier run. Extension
modules cannot be loaded twice, so a package that has one counts as a library.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import os
import sys
from _imp import extension_suffixes
from typing import TYPE_CHECKING

from .loader import Loader
from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_EXTENSIONS = tuple(extension_suffixes())


class Modules:
    """`importing` is called before a library is loaded for the script, `imported` behind it.

    The latter gets the modules that have come, by name.
    """

    def __init__(
        self,
        folder: str,
        importing: "Callable[[], None]",
        imported: "Callable[[dict[str, ModuleType]], None]",
    ) -> None:
        self.own_names = {"__main__"}
        """Of modules that have been the script's in any run."""
        self._folder = os.path.join(folder, "")
        self._roots = tuple(os.path.join(root, "") for root in sys.path if root != folder)
        self._modules = sys.modules
        self._libraries = dict(sys.modules)
        self._own: dict[str, ModuleType] = {}
        self._are_replaced = False  # as runs are known to do with libraries
        self._extended: set[str] = set()  # packages of the script's with extension modules
        self._importing, self._imported = importing, imported
        self._under_way: list[str] = []  # imports within each other
        self._loader = Loader(self)
        self._loader.stand_between()

    def begin_import(self, name: str) -> None:
        """A module is to be imported that is not loaded."""
        if not self._under_way:
            self._sort(by_script=True)
            self._importing()
        self._under_way.append(name)

    def end_import(self) -> None:
        """It has been imported, or not."""
        name = self._under_way.pop()
        if not self._under_way:
            self._sort(by_script=name in self._own)

    def begin_own(self, module: "ModuleType") -> list[str]:
        """A module of the script's is to be executed: what that imports, the script imports.

        Returns what `end_own` is to be called with.
        """
        self._own[module.__name__] = module
        self.own_names.add(module.__name__)
        under_way, self._under_way = self._under_way, []
        return under_way

    def end_own(self, under_way: list[str]) -> None:
        self._under_way = under_way

    def in_library(self) -> bool:
        """Whether a library is being imported."""
        return bool(self._under_way)

    def is_own(self, module: "ModuleType") -> bool:
        """Whether a module is the script's own, as far as its place tells."""
        path = _place(module)
        if path is None or path.endswith(_EXTENSIONS):
            return False
        root = max((len(root) for root in self._roots if path.startswith(root)), default=0)
        return root <= len(self._folder) if path.startswith(self._folder) else not root

    def edited(self) -> bool:
        """Whether there is another version of one of the script's modules, which compiles."""
        return sum(map(self._loader.is_edited, self._own.values())) > 0  # of all, what is wrong

    def put_back(self) -> None:
        """Have `sys.modules` hold the libraries, and nothing else."""
        modules, libraries = self._modules, self._libraries
        sys.modules = modules
        if self._own or len(modules) != len(libraries):
            self._sort(by_script=True)
            self._let_go()
            self._are_replaced |= len(modules) != len(libraries)
        if self._are_replaced and modules != libraries:
            modules.clear()
            modules.update(libraries)

    def look(self) -> None:
        """Put back modules that have others in their place, and do so from now on."""
        if self._modules != self._libraries:
            self._are_replaced = True
            self.put_back()

    def new_main(self, module: "ModuleType") -> None:
        """Have `module` be `__main__`."""
        self._modules["__main__"] = self._libraries["__main__"] = module

    def _sort(self, *, by_script: bool) -> None:
        """Tell libraries from the script's modules, where any have come; `by_script`: made up."""
        libraries, own = self._libraries, self._own
        if len(self._modules) == len(libraries) + len(own):
            return
        new: dict[str, ModuleType] = {}
        for name, module in list(self._modules.items()):
            if name not in libraries and name not in own:
                known = _place(module) is not None
                is_own = self.is_own(module) if known else by_script and not _is_built_in(module)
                (own if is_own else new)[name] = module
        self.own_names.update(own)
        if new:
            self._adopt(new)

    def _adopt(self, new: "dict[str, ModuleType]") -> None:
        for name, module in new.items():
            package, dot, _ = name.partition(".")
            if dot and package in self._own and (_place(module) or "").endswith(_EXTENSIONS):
                self._extended.add(package)
        self._libraries.update(new)
        self._imported(new)

    def _let_go(self) -> None:
        """Of the script's modules."""
        own, self._own = self._own, {}
        stay = {n: m for n, m in own.items() if n.partition(".")[0] in self._extended}
        if stay:
            self._adopt(stay)
        for name, module in own.items():
            if name in stay:
                continue
            self._modules.pop(name, None)
            package, _, last = name.rpartition(".")
            parent = self._libraries.get(package)
            if parent is not None and vars(parent).get(last) is module:
                delattr(parent, last)


def _place(module: "ModuleType") -> str | None:
    """The path of the file or folder that it is from, as far as there is one."""
    try:
        spec = module.__spec__
        if spec is None:
            return None
        if spec.has_location:
            return spec.origin
        return next(iter(spec.submodule_search_locations or ()), None)
    except Exception:  # whatever stands in `sys.modules`
        return None


def _is_built_in(module: "ModuleType") -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.origin in ("built-in", "frozen")
