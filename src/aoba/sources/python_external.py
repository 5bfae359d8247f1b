"""A script as a process of an ordinary Python: `python:external:PATH`."""

import os
from collections.abc import Callable

from aoba.errors import RunError
from aoba.sources.child import Child
from aoba.sources.running import Running
from aoba.sources.spec import ScriptSpec


class PythonExternal:
    """Starts each run of a script afresh, on any Python from 2.7 on."""

    def __init__(self, spec: ScriptSpec) -> None:
        self._spec = spec

    def start(self, number: int, on_stderr: Callable[[bytes], None]) -> Running:
        """Prepare run `number`. Raises RunError where the script is not there at present."""
        # Of os.path, since a Path raises where a folder above it may no longer be entered.
        if not os.path.isfile(self._spec.path):  # noqa: PTH113
            reason = "is not a file" if os.path.exists(self._spec.path) else "no such script"  # noqa: PTH110
            raise RunError(f"{self._spec.path}: {reason}")
        environment = {
            **os.environ,
            "AOBA_RUN": str(number),
            "AOBA_SCRIPT": str(self._spec.path),
            "PYTHONIOENCODING": "utf-8",
            "PYTHONUNBUFFERED": "1",  # or a line is seen when 8 KiB of them have come together
        }
        argv = [self._spec.python, str(self._spec.path), *self._spec.args]
        return Child(argv, environment, on_stderr)
