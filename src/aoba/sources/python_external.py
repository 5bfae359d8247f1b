"""A script as a process of an ordinary Python, a new one for each run: `python:external:PATH`."""

import os
from collections.abc import Callable

from aoba.errors import RunError
from aoba.sources.child import Child, script_environment
from aoba.sources.forked import ForkedRun
from aoba.sources.running import Running
from aoba.sources.spec import ScriptSpec
from aoba.sources.warm import ForkServers


class PythonExternal:
    """Starts runs of a script, on any Python from 2.7 on; warm where `servers` are given."""

    def __init__(self, spec: ScriptSpec, servers: ForkServers | None = None) -> None:
        self._spec = spec
        self._server = servers.get(spec) if servers and spec.start == "warm" else None

    def start(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None = None
    ) -> Running:
        """Implements `Host`. Raises RunError where the script is not there at present."""
        path = str(self._spec.path)
        argv = (path, *self._spec.args)
        # Of os.path, since a Path raises where a folder above it may no longer be entered.
        if not os.path.isfile(path):  # noqa: PTH113
            reason = "is not a file" if os.path.exists(path) else "no such script"  # noqa: PTH110
            raise RunError(f"{path}: {reason}")
        own = {"AOBA_RUN": str(number), "AOBA_SCRIPT": path}
        # No server is started for a first run, which may well be the only one, and has no time to
        # share: Aoba's clients wait for it.
        if self._server and (process := self._server.process(launch=number > 1)):
            return ForkedRun(process, argv, own, on_stderr, feedback)
        env = {**script_environment(), **own}
        return Child([self._spec.python, *argv], env, on_stderr, feedback)
