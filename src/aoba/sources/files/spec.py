"""SPEC of a file or of a FIFO -> `FileSpec` or `FifoSpec`.

    file:PATH?OPTIONS   pipe:PATH?OPTIONS

PATH is taken as it stands, up to the first `?`; `%3F` in it is a `?`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from aoba.bus import parse_bus
from aoba.endpoints.options import flag, parse_options
from aoba.errors import UsageError
from aoba.sources.kinds import SOURCES
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take_monitoring
from aoba.sources.paths import UNKNOWN, absolute, in_spec, kind_at
from aoba.sources.schedule import parse_interval

FILE_FORM: Final = SOURCES["file"].form
FIFO_FORM: Final = SOURCES["pipe"].form


@dataclass(frozen=True, slots=True)
class _PathSpec:
    path: Path
    """Absolute."""
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    """None: `main`, or what stations say."""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def full_name(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class FileSpec(_PathSpec):
    """A file that existed when the spec was parsed."""

    kind: ClassVar[str] = "file"

    replay: float | None = None
    """Seconds from one document to the next; None: all of them at once."""
    loop: bool = True
    """Whether the first one follows the last."""


@dataclass(frozen=True, slots=True)
class FifoSpec(_PathSpec):
    """A FIFO that existed when the spec was parsed."""

    kind: ClassVar[str] = "pipe"


def parse_file(text: str) -> FileSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    path, kind, query = _path(text, FILE_FORM)
    if kind == "FIFO":
        raise UsageError(f"{path}: a FIFO; expected a file of documents, or pipe:{path}")
    if kind not in ("file", UNKNOWN):
        raise UsageError(f"{path}: not a file; expected a file of documents")
    options = parse_options(text, query, _FILE_OPTIONS)
    if "loop" in options and "replay" not in options:
        raise UsageError(f"{text}: option 'loop' goes with replay")
    return FileSpec(path, take_monitoring(text, options), **options)


def parse_fifo(text: str) -> FifoSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    path, kind, query = _path(text, FIFO_FORM)
    if kind not in ("FIFO", UNKNOWN):
        hint = f"; for a file there is file:{path}" if kind == "file" else ""
        raise UsageError(f"{path}: not a FIFO, which `mkfifo` makes{hint}")
    options = parse_options(text, query, {**MONITORING, "bus": parse_bus})
    return FifoSpec(path, take_monitoring(text, options), **options)


def _path(text: str, form: str) -> tuple[Path, str, str]:
    """The path, the kind of what is there, and the options."""
    location, _, query = text.partition("?")
    given = location.partition(":")[2]
    if not given:
        raise UsageError(f"{text}: the path is missing; expected {form}")
    path = absolute(in_spec(given))
    kind = kind_at(path)
    if kind is None:
        hint = f"; `mkfifo {path}` makes a FIFO" if form is FIFO_FORM else ""
        raise UsageError(f"{path}: no such file{hint}")
    return Path(path), kind, query


_FILE_OPTIONS: Final[dict[str, Callable[[str], Any]]] = {
    "replay": parse_interval,
    "loop": flag,
    **MONITORING,
    "bus": parse_bus,
}
