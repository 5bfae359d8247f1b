"""How the resident interpreter hears of imports, and executes the script's own modules.

Two functions of `importlib` are replaced, as it offers nothing that would tell of an import. What
is in their place bears the name of its file, so that tracebacks leave these frames out as well.

What a module is compiled to is kept as long as its file looks the same. Of a file that has just
been written to, `__pycache__` is not asked: that knows the time of a file by the second only.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import sys
from posix import stat
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .own_builtins import own as __builtins__

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import SourceFileLoader
    from types import CodeType, ModuleType

    from .modules import Modules

    F = TypeVar("F", bound=Callable[..., Any])

_bootstrap: Any = sys.modules["_frozen_importlib"]
_external: Any = sys.modules["_frozen_importlib_external"]
_call_with_frames_removed = _bootstrap._call_with_frames_removed
_SourceFileLoader = _external.SourceFileLoader
_SECONDS = 2  # for which a file may have changed without a sign that `__pycache__` knows


def _hidden(function: "F") -> "F":
    """Have its frames be taken for those of `importlib`."""
    name = _external._LoaderBasics.exec_module.__code__.co_filename
    function.__code__ = function.__code__.replace(co_filename=name)
    return function


class _Compiled(NamedTuple):
    stamp: tuple[int, ...]
    source: bytes
    code: "CodeType"


class Loader:
    """Tells `modules` of imports."""

    def __init__(self, modules: "Modules") -> None:
        self._modules = modules
        self._compiled: dict[str, _Compiled] = {}  # by path

    def stand_between(self) -> None:
        """Have the interpreter's imports come by here."""
        modules, loaded = self._modules, sys.modules
        find_and_load = _bootstrap._find_and_load
        exec_module = _external._LoaderBasics.exec_module

        @_hidden
        def _find_and_load(name: str, import_: "Callable[..., ModuleType]") -> Any:
            if name in loaded:
                return find_and_load(name, import_)
            modules.begin_import(name)
            try:
                return find_and_load(name, import_)
            finally:
                modules.end_import()

        @_hidden
        def execute(loader: "SourceFileLoader", module: "ModuleType") -> None:
            if not modules.is_own(module):
                exec_module(loader, module)
                return
            before = modules.begin_own(module)
            try:
                if isinstance(loader, _SourceFileLoader):
                    code = self._code(loader, module.__name__)
                    _call_with_frames_removed(exec, code, module.__dict__)
                else:
                    exec_module(loader, module)
            finally:
                modules.end_own(before)

        _bootstrap._find_and_load = _find_and_load
        _external._LoaderBasics.exec_module = execute

    @_hidden
    def _code(self, loader: "SourceFileLoader", name: str) -> "CodeType | None":
        """What the file is compiled to. Raises what compiling raises, and OSError."""
        path = loader.path
        stamp = _stamp(path)
        known = self._compiled.get(path)
        if known is not None and known.stamp == stamp:
            return known.code
        source = loader.get_data(path)
        is_young = stamp is not None and time() - stamp[0] / 1e9 < _SECONDS
        code = loader.source_to_code(source, path) if known or is_young else loader.get_code(name)
        if code is not None and stamp is not None:
            self._compiled[path] = _Compiled(stamp, source, code)
        return code

    def is_edited(self, module: "ModuleType") -> bool:
        """Whether the file has another source than was executed, which compiles.

        Where that does not compile, says so on stderr, once.
        """
        path = getattr(module, "__file__", None)
        known = self._compiled.get(path) if path else None
        if not path or known is None:
            return False
        stamp = _stamp(path)
        if stamp is None or stamp == known.stamp:
            return False
        try:
            with open(path, "rb") as file:
                source = file.read()
            self._compiled[path] = known._replace(stamp=stamp)
            if source == known.source:
                return False
            compile(source, path, "exec", 0, dont_inherit=True)
        except OSError:
            return False
        except Exception as error:
            where = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else error
            sys.stderr.write(f"{path}: {where}; the last good version goes on\n")
            return False
        self._compiled[path] = known._replace(stamp=())
        return True


def _stamp(path: str) -> tuple[int, ...] | None:
    """How the file looks; None where there is none."""
    try:
        it = stat(path)
    except OSError:
        return None
    return it.st_mtime_ns, it.st_ctime_ns, it.st_size, it.st_ino, it.st_dev
