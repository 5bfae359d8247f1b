"""SPEC of a script -> `ScriptSpec`.

    python:external:PATH?OPTIONS   python:PATH?OPTIONS   PATH.py?OPTIONS
    python:embedded:PATH?OPTIONS

PATH is that of a file, of a folder with a `__main__.py`, or of an archive of `zipapp`. It is taken
as it stands, up to the first `?`; `%3F` in it is a `?`.
"""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from aoba.bus import parse_bus
from aoba.endpoints.options import one_of, parse_options
from aoba.endpoints.units import parse_duration
from aoba.errors import UsageError
from aoba.sources.kinds import SOURCES
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take, take_monitoring
from aoba.sources.paths import UNKNOWN, absolute, in_spec, kind_at
from aoba.sources.schedule import parse_interval
from aoba.sources.scripts.limits import LIMITS, NO_LIMITS, Limits
from aoba.sources.scripts.process_options import (
    DEFAULTS,
    PROCESS_OPTIONS,
    ProcessOptions,
    take_process,
)
from aoba.worker.at_start import looks

FORMS: Final = SOURCES["python"].form
DEFAULT_TIMEOUT: Final = 30.0
DEFAULT_INTERVAL: Final = 1.0
DEFAULT_START: Final = "warm" if hasattr(os, "fork") and sys.platform != "darwin" else "cold"
"""Apple's frameworks do not stand a fork without a program of its own behind it."""

AUTOMATIC: Final = "auto"
NOTHING: Final = "none"
"""What `preload` takes besides names of modules."""
MAIN: Final = "__main__.py"
ARCHIVES: Final = (".pyz", ".pyzw")

_INTERPRETERS: Final = ("python3", "python")
_MODES: Final = ("external", "embedded")
_EXTERNAL_ONLY: Final = ("python", "start", "preload")


@dataclass(frozen=True, slots=True)
class ScriptSpec:
    """A script that exists and an interpreter that exists, when the spec was parsed."""

    kind: ClassVar[str] = "python"

    path: Path
    """Absolute; what the interpreter is told to run."""
    python: str
    """Absolute path of the interpreter."""
    args: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    """Seconds a run may be silent on stdout."""
    start: str = DEFAULT_START
    """`cold`: each run is a new interpreter; `warm`: a fork of one that is kept."""
    preload: tuple[str, ...] = ()
    """Modules that the interpreter which is kept imports once, before the forks."""
    learns: bool = True
    """Whether libraries that the script is seen to import are imported before the forks, too."""
    feed: str | None = None
    """`writes`: each run is told on stdin what clients wrote, and its present values."""
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    """None: `main`, or what stations say."""
    limits: Limits = NO_LIMITS
    mode: str = "external"
    """`external`: each run is a process; `embedded`: all are in one that Aoba keeps."""
    is_folder: bool = False
    """Whether `path` is a folder, whose `__main__.py` is run."""
    interval: float | None = None
    """None: the default."""
    process: ProcessOptions = DEFAULTS

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def full_name(self) -> str:
        return str(self.path)

    @property
    def file(self) -> Path:
        """That in which the script stands, for another version of which Aoba looks."""
        return self.path / MAIN if self.is_folder else self.path

    @property
    def first_interval(self) -> float:
        """Seconds from start to start, until a document says otherwise."""
        return DEFAULT_INTERVAL if self.interval is None else self.interval

    @property
    def is_archive(self) -> bool:
        return self.path.suffix in ARCHIVES


def parse_script(text: str) -> ScriptSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    location, _, query = text.partition("?")
    mode, location = _location(text, location)
    path, is_folder = _script_path(location)
    options = parse_options(text, query, _OPTIONS)
    if mode == "embedded":
        options["python"] = _own_python(text, options)
    preload = options.pop("preload", None)
    if preload not in (None, NOTHING) and options.setdefault("start", "warm") != "warm":
        raise UsageError(f"{text}: option 'preload' goes with start=warm")
    if "user" in options and options.setdefault("start", "cold") != "cold":
        raise UsageError(f"{text}: option 'user' goes with start=cold; a fork server is root's")
    options["process"] = take_process(options)
    options["learns"] = preload in (None, AUTOMATIC)
    options["preload"] = preload if isinstance(preload, tuple) else ()
    options["monitoring"] = take_monitoring(text, options)
    options["limits"] = Limits(**take(options, *LIMITS))
    python = options.pop("python", None) or _find_python(None)
    return ScriptSpec(path=path, is_folder=is_folder, python=python, mode=mode, **options)


def _location(text: str, location: str) -> tuple[str, str]:
    """Mode and path."""
    kind, colon, rest = location.partition(":")
    if colon and kind == "python":
        mode, colon, path = rest.partition(":")
        if not (colon and mode.isidentifier()):
            return "external", rest  # a path, which may have a colon too
        if mode in _MODES:
            return mode, path
        raise UsageError(f"{text}: unknown mode {mode!r}; expected {FORMS}")
    return "external", location


def _own_python(text: str, options: dict[str, Any]) -> str:
    for name in _EXTERNAL_ONLY:
        if name in options:
            raise UsageError(
                f"{text}: option {name!r} goes with python:external; "
                f"an embedded script has Aoba's own Python, all the time"
            )
    if not sys.executable:
        raise UsageError(f"{text}: Aoba does not know its own Python; use python:external")
    return sys.executable


def _script_path(location: str) -> tuple[Path, bool]:
    """Where it is, and whether it is a folder."""
    if not location:
        raise UsageError(f"the path of the script is missing; expected {FORMS}")
    path = absolute(in_spec(location))
    kind = kind_at(path)
    if kind is None:
        raise UsageError(f"{path}: no such script")
    if kind == "folder":
        if kind_at(os.path.join(path, MAIN)) not in ("file", UNKNOWN):  # noqa: PTH118
            raise UsageError(f"{path}: a folder without a {MAIN}; expected a Python script")
        return Path(path), True
    if kind not in ("file", UNKNOWN):
        raise UsageError(f"{path}: not a file; expected a Python script")
    return Path(path), False


def _find_python(wanted: str | None) -> str:
    candidates = (wanted,) if wanted is not None else _INTERPRETERS
    for name in candidates:
        name = os.path.expanduser(name)  # noqa: PTH111, PLW2901  `~/venv/bin/python`
        if os.sep in name:
            name = absolute(name)  # noqa: PLW2901
        try:
            found = looks.program_at(name)
        except OSError as error:
            if os.sep not in name:
                raise UsageError(f"{name}: {error.strerror} in which it is looked for") from None
            found = name  # it may answer when it is needed
        if found:
            return absolute(found)
    if wanted is None:
        raise UsageError("neither python3 nor python is in the PATH; name one with ?python=PATH")
    raise UsageError(f"{wanted!r} is not an interpreter; expected a path or a name in the PATH")


def parse_args(text: str) -> tuple[str, ...]:
    if "\0" in text:
        raise UsageError("an argument cannot have a NUL character in it")
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{error} in {text!r}") from None


def _preload(text: str) -> tuple[str, ...] | str:
    if text in (AUTOMATIC, NOTHING):
        return text
    names = tuple(text.split(","))
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            accepted = f"{AUTOMATIC}, {NOTHING}, or names of modules joined by commas"
            raise UsageError(f"expected {accepted}, got {text!r}")
    return names


_OPTIONS: Final[dict[str, Callable[[str], Any]]] = {
    "python": _find_python,
    "args": parse_args,
    "timeout": parse_duration,
    "start": one_of("cold", "warm"),
    "preload": _preload,
    "feed": one_of("writes"),
    **MONITORING,
    "bus": parse_bus,
    "interval": parse_interval,
    **PROCESS_OPTIONS,
    **LIMITS,
}
"""What may follow the `?`, and what makes a value of it."""
