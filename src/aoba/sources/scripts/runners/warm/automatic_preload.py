"""The fork server of a script that has its libraries loaded without being told to.

The script runs in a fork server without libraries first, and tells what it imports. Where that
takes long enough, it goes on in one that has that loaded, once that is ready.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from aoba.sources.scripts.runners.warm.fork_pool import ForkServers
from aoba.sources.scripts.runners.warm.fork_process import ForkProcess
from aoba.sources.scripts.runners.warm.imports import ScriptImports
from aoba.sources.scripts.runners.warm.library_server import LibraryServer, LibraryServers
from aoba.sources.scripts.script_file import Version
from aoba.sources.scripts.spec import ScriptSpec

LATE: Final = (
    "fork server of %s: not loaded before runs of %s, which changes the environment or the search "
    "path first: %s"
)

_log = logging.getLogger("aoba.warm")


class AutomaticPreload:
    """Of one script."""

    def __init__(self, servers: ForkServers, spec: ScriptSpec) -> None:
        self._servers, self._spec = servers, spec
        self._plain = servers.get(spec)
        self._libraries: LibraryServer | None = None
        self._tried = 0  # what there was of its `tried` when it was chosen
        self._imports = ScriptImports()
        self._version: Version | None = None

    def process(self, *, launch: bool) -> ForkProcess | None:
        """One that can start a run now. Where there is none, `launch` has it started meanwhile."""
        if self._libraries is not None:
            process = self._libraries.process()
            if self._libraries.tried != self._tried:
                self._choose()
            # What stands beside the script would be found in place of modules of these names.
            elif process is not None and process.hides.isdisjoint(self._imports.beside):
                return process
        return self._plain.process(launch=launch)

    def hearer(
        self, version: Version | None, process: ForkProcess
    ) -> Callable[[bytes], None] | None:
        """What is to be called with what the run tells that begins in `process`, if it is to tell.

        Call it once for each run.
        """
        if version is not self._version:
            is_first, self._version = self._version is None, version
            if not is_first:
                self._imports = ScriptImports()
                self._leave()
                return None  # it may be in a server with libraries, where importing takes no time
        if not self._imports.is_due():
            return None
        if self._libraries is not None:
            self._plain.rest()
        return partial(self._heard, self._imports, process)

    def close(self) -> None:
        self._leave()

    def _heard(self, imports: ScriptImports, process: ForkProcess, told: bytes) -> None:
        if imports is not self._imports:
            return  # of another version
        if told:
            known = set(imports.late)
            imports.take(told)
            if new := [name for name in imports.late if name not in known]:
                _log.info(LATE, self._spec.python, self._spec.name, ", ".join(new))
            self._choose()
        elif process.loaded:  # it was left to a fresh interpreter, for what has changed beside it
            imports.ask_again()
            self._leave()

    def _choose(self) -> None:
        known = self._servers.shared(LibraryServers, LibraryServers)
        known.leave_out(self._spec, self._imports.refused)
        wanted = self._imports.libraries(without=known.left_out(self._spec))
        chosen = known.get(self._spec, wanted) if wanted.names else None
        if chosen is not self._libraries:
            self._leave()
            if chosen is not None:
                chosen.join(self)
            self._libraries = chosen
        if chosen is not None:
            self._tried = chosen.tried

    def _leave(self) -> None:
        if self._libraries is not None:
            self._libraries.leave(self)
            self._libraries = None
