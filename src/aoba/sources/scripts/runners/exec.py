"""Any program that prints documents, as a source: `exec:PATH?OPTIONS`.

It is run again and again as a script is, a new process each time, with the options of scripts that
make sense: arguments, timeout, interval, feedback, folder, environment, user and limits. PATH is
that of a file, or a name to be looked for in the PATH.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, NoReturn

from aoba.bus import parse_bus
from aoba.endpoints.options import Parsers, one_of, parse_options
from aoba.endpoints.units import parse_duration
from aoba.errors import RunError, UsageError
from aoba.sources.kinds import SOURCES
from aoba.sources.monitoring import MONITORING, UNMONITORED, Monitoring, take, take_monitoring
from aoba.sources.paths import UNKNOWN, absolute, in_spec, kind_at
from aoba.sources.schedule import parse_interval
from aoba.sources.scripts.launching import script_environment, shown
from aoba.sources.scripts.limits import LIMITS, NO_LIMITS, Limits
from aoba.sources.scripts.process_options import (
    DEFAULTS,
    PROCESS_OPTIONS,
    ProcessOptions,
    take_process,
)
from aoba.sources.scripts.runners.cold import ColdRun
from aoba.sources.scripts.script import Script
from aoba.sources.scripts.script_file import Version
from aoba.sources.scripts.spec import DEFAULT_INTERVAL, DEFAULT_TIMEOUT, parse_args
from aoba.sources.shared import Shared
from aoba.worker.at_start import looks

FORM: Final = SOURCES["exec"].form


@dataclass(frozen=True, slots=True)
class ExecSpec:
    """A program that existed when the spec was parsed."""

    kind: ClassVar[str] = "exec"
    file: Path
    """Absolute."""
    args: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    """Seconds a run may be silent on stdout."""
    feed: str | None = None
    """`writes`: each run is told on stdin what clients wrote, and its present values."""
    monitoring: Monitoring = UNMONITORED
    bus: str | None = None
    limits: Limits = NO_LIMITS
    interval: float | None = None
    process: ProcessOptions = DEFAULTS

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def full_name(self) -> str:
        return str(self.file)

    @property
    def first_interval(self) -> float:
        """Seconds from start to start, until a document says otherwise."""
        return DEFAULT_INTERVAL if self.interval is None else self.interval


def parse_exec(text: str) -> ExecSpec:
    """Raises UsageError, one line that says what is wrong and what is accepted."""
    location, _, query = text.partition("?")
    file = _program(in_spec(location.partition(":")[2]))
    options = parse_options(text, query, _OPTIONS)
    options["process"] = take_process(options)
    options["monitoring"] = take_monitoring(text, options)
    options["limits"] = Limits(**take(options, *LIMITS))
    return ExecSpec(file, **options)


def _program(given: str) -> Path:
    if not given:
        raise UsageError(f"the path of the program is missing; expected {FORM}")
    path = absolute(given)
    kind = kind_at(path)
    if kind is None and os.sep not in given and (found := _find(given)):
        return Path(absolute(found))
    if kind is None:
        raise UsageError(f"{path}: no such program; expected a path, or a name in the PATH")
    if kind not in ("file", UNKNOWN):
        raise UsageError(f"{path}: not a file; expected a program")
    if kind != UNKNOWN and not _find(path):
        raise UsageError(f"{path}: not executable; `chmod +x {path}` makes it so")
    return Path(path)


def _find(name: str) -> str | None:
    try:
        return looks.program_at(name)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None


class ExecRunner:
    """Implements `Runner`: each run is a new process, whatever version the program is of."""

    not_before = 0.0
    simple_timeout = 0.0

    def __init__(self, spec: ExecSpec) -> None:
        self.interval = spec.first_interval
        self._spec = spec

    async def prepare(self, version: Version | None) -> None:
        """Implements `Runner`: whether it can be run, the system says."""

    def is_ready(self) -> bool:
        return False

    def submit(self, *_: object) -> NoReturn:
        raise RunError("no run of a program begins without care")

    def start(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None = None
    ) -> ColdRun:
        """Implements `Runner`."""
        spec, path = self._spec, str(self._spec.file)
        env = {
            **script_environment(),
            "AOBA_RUN": str(number),
            "AOBA_SCRIPT": path,
            "AOBA_INTERVAL": shown(self.interval),
            "AOBA_TIMEOUT": shown(spec.timeout),
        }
        return ColdRun([path, *spec.args], env, on_stderr, feedback, spec.limits, spec.process)

    async def interpreter(self) -> None:
        """Implements `Runner`: that is the program's own affair."""

    def why_nothing(self) -> str:
        """Implements `Runner`."""
        return ""

    async def close(self) -> None:
        """Implements `Runner`: runs end by themselves."""


def build_exec(name: str, spec: ExecSpec, shared: Shared) -> Script:
    return Script(name, spec, ExecRunner(spec), shared.registers(spec.bus))


_OPTIONS: Final[Parsers] = {
    "args": parse_args,
    "timeout": parse_duration,
    "feed": one_of("writes"),
    **MONITORING,
    "bus": parse_bus,
    "interval": parse_interval,
    **PROCESS_OPTIONS,
    **LIMITS,
}
"""What may follow the `?`, and what makes a value of it."""
