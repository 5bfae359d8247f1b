"""When the end of a run needs more than the interpreter; the rest is tested where processes are."""

import _json
import sys
from types import ModuleType

import pytest

from aoba.sources.scripts.child.forks import end


def module(name: str, file: object, monkeypatch: pytest.MonkeyPatch) -> str:
    made = ModuleType(name)
    if file is not None:
        made.__file__ = file
    monkeypatch.setitem(sys.modules, name, made)
    return name


@pytest.mark.parametrize(
    ("name", "file", "may"),
    [
        ("a_library", "/site-packages/a_library.cpython-311-x86_64-linux-gnu.so", True),
        ("_ctypes", None, True),  # whatever it may have called
        ("own", end._OWN_EXTENSIONS + "own.so", False),
        ("in_python", "/site-packages/in_python.py", False),
        ("built_in", None, False),
        ("odd", 7, False),
    ],
)
def test_code_in_c_that_may_print(
    name: str, file: object, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert end._may_print_in_c(module(name, file, monkeypatch)) is may


def test_a_module_that_has_gone_prints_nothing() -> None:
    assert not end._may_print_in_c("no such module")


@pytest.mark.skipif(not hasattr(_json, "__file__"), reason="the interpreter has it built in")
def test_extensions_of_the_interpreter_are_known_by_their_place() -> None:
    assert _json.__file__.startswith(end._OWN_EXTENSIONS)
