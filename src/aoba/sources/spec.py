"""SPEC, what a user types to name a source -> `ScriptSpec`.

    python:external:PATH?OPTIONS   python:PATH?OPTIONS   PATH.py?OPTIONS

PATH is taken as it stands, up to the first `?`; OPTIONS are `name=value` pairs joined by `&`, as in
a URL, with `+` or `%20` for a space.
"""

import difflib
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from aoba.duration import parse_duration
from aoba.errors import UsageError

ACCEPTED: Final = "python:external:PATH, python:PATH or a path that ends in .py"
DEFAULT_TIMEOUT: Final = 30.0
DEFAULT_START: Final = "warm" if hasattr(os, "fork") and sys.platform != "darwin" else "cold"
"""Apple's frameworks do not stand a fork without a program of its own behind it."""

_INTERPRETERS: Final = ("python3", "python")


@dataclass(frozen=True, slots=True)
class ScriptSpec:
    """A script that exists and an interpreter that exists, when the spec was parsed."""

    path: Path
    """Absolute."""
    python: str
    """Absolute path of the interpreter."""
    args: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    """Seconds a run may be silent on stdout."""
    start: str = DEFAULT_START
    """`cold`: each run is a new interpreter; `warm`: a fork of one that is kept."""
    preload: tuple[str, ...] = ()
    """Modules that the interpreter which is kept imports once, before the forks."""


def parse_spec(text: str) -> ScriptSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    location, _, query = text.partition("?")
    path = _script_path(_location(text, location))
    options = _options(text, query)
    if "preload" in options and options.setdefault("start", "warm") != "warm":
        raise UsageError(f"{text}: option 'preload' goes with start=warm")
    python = options.pop("python", None) or _find_python(None)
    return ScriptSpec(path=path, python=python, **options)


def _location(text: str, location: str) -> str:
    kind, colon, rest = location.partition(":")
    if colon and kind == "python":
        mode, colon, path = rest.partition(":")
        if not (colon and mode.isidentifier()):
            return rest  # a path, which may have a colon too
        if mode == "external":
            return path
        raise UsageError(f"{text}: unknown mode {mode!r}; expected {ACCEPTED}")
    if location.endswith(".py"):
        return location
    raise UsageError(f"{text}: not a source; expected {ACCEPTED}")


def _script_path(location: str) -> Path:
    if not location:
        raise UsageError(f"the path of the script is missing; expected {ACCEPTED}")
    path = Path(_absolute(location))
    # Those of os.path say no, where a Path raises, to a name too long or a folder we may not see.
    if not os.path.exists(path):  # noqa: PTH110
        raise UsageError(f"{path}: no such script")
    if not os.path.isfile(path):  # noqa: PTH113
        raise UsageError(f"{path}: not a file; expected a Python script")
    return path


def _options(text: str, query: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise UsageError(f"{text}: after the ? come name=value pairs, joined by &") from None
    options: dict[str, Any] = {}
    for name, value in pairs:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(name, _OPTIONS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(_OPTIONS)}"
            raise UsageError(f"{text}: unknown option {name!r}, {hint}")
        if name in options:
            raise UsageError(f"{text}: option {name!r} is given twice")
        try:
            options[name] = _OPTIONS[name](value)
        except UsageError as error:
            raise UsageError(f"{text}: option {name!r}: {error}") from None
    return options


def _find_python(wanted: str | None) -> str:
    candidates = (wanted,) if wanted is not None else _INTERPRETERS
    for name in candidates:
        found = shutil.which(os.path.expanduser(name))  # noqa: PTH111  `~/venv/bin/python`
        if found:
            return _absolute(found)
    if wanted is None:
        raise UsageError("neither python3 nor python is in the PATH; name one with ?python=PATH")
    raise UsageError(f"{wanted!r} is not an interpreter; expected a path or a name in the PATH")


def _absolute(path: str) -> str:
    """Symbolic links stay as the user named them: a virtual environment is its link's path."""
    try:
        return os.path.abspath(path)  # noqa: PTH100
    except FileNotFoundError:
        gone = "the working directory is gone; expected an absolute path"
        raise UsageError(f"{path}: {gone}") from None


def _split_args(text: str) -> tuple[str, ...]:
    if "\0" in text:
        raise UsageError("an argument cannot have a NUL character in it")
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{error} in {text!r}") from None


def _one_of(*accepted: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in accepted:
            raise UsageError(f"expected {' or '.join(accepted)}, got {text!r}")
        return text

    return parse


def _module_names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise UsageError(f"expected names of modules joined by commas, got {text!r}")
    return names


_OPTIONS: Final[dict[str, Callable[[str], Any]]] = {
    "python": _find_python,
    "args": _split_args,
    "timeout": parse_duration,
    "start": _one_of("cold", "warm"),
    "preload": _module_names,
}
"""What may follow the `?`, and what makes a value of it."""
