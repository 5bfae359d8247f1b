"""A script as a process of an ordinary Python, a new one for each run: `python:external:PATH`."""

import re
from collections.abc import Callable
from typing import Final

from aoba.sources.scripts.launching import script_environment, shown
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.runners.asking import answer_of, version_of
from aoba.sources.scripts.runners.cold import ColdRun
from aoba.sources.scripts.runners.warm.automatic_preload import AutomaticPreload
from aoba.sources.scripts.runners.warm.fingerprint import Fingerprint
from aoba.sources.scripts.runners.warm.fork_pool import ForkServer, ForkServers
from aoba.sources.scripts.runners.warm.fork_process import ForkProcess
from aoba.sources.scripts.runners.warm.fork_run import PROMPT, Fork, ForkRun
from aoba.sources.scripts.running_process import KeptRun, RunningProcess
from aoba.sources.scripts.script_file import CompileRejected, Version
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.scripts.syntax import SyntaxFault

_UPDATE: Final = re.compile(rb"^(?:async\s+)?def\s+update\s*\(", re.MULTILINE)

# On any Python from 2.7 on. The report is in one line, whatever the message is.
_CHECK: Final = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
source = getattr(sys.stdin, "buffer", sys.stdin).read()
try:
    compile(source, sys.argv[1], "exec", 0, True)
except SyntaxError as error:
    message = " ".join(str(error.msg).split())
    sys.stdout.write("\\n%d %d %s" % (error.lineno or 0, error.offset or 0, message))
except Exception as error:
    sys.stdout.write("\\n0 0 %s: %s" % (type(error).__name__, " ".join(str(error).split())))
"""


class ExternalRunner:
    """Implements `Runner`, on any Python from 2.7 on; starts warm where `servers` are given.

    What runs is the file; in a fork, as it looked `POLL_INTERVAL` seconds ago at most. So a
    version that does not compile is not run, and what the one before has given stays. To know it,
    the interpreter has to be asked, which takes as long as a run: not at the very first start, and
    not again when there has been a document.

    Where the last fork was over at once, the next one is not watched, since it costs less to read
    its streams at its end.
    """

    def __init__(self, spec: ScriptSpec, servers: ForkServers | None = None) -> None:
        self.not_before = 0.0
        self.interval = spec.first_interval
        self.simple_timeout = min(PROMPT, spec.timeout)
        self._spec = spec
        self._path = str(spec.path)
        self._server: ForkServer | AutomaticPreload | None = None
        if servers and spec.start == "warm":
            self._server = AutomaticPreload(servers, spec) if spec.learns else servers.get(spec)
        self._fingerprint = Fingerprint(self._path, spec.args)
        self._same = self._fingerprint.of(None)
        self._version: Version | None = None
        self._folder = b""  # how that of the script looked last
        self._is_steady = False  # whether it had looked so before, too
        self._checked = False
        self._fault: SyntaxFault | None = None
        self._last: Fork | None = None

    async def prepare(self, version: Version | None) -> CompileRejected | None:
        """Implements `Runner`."""
        if version is None:
            return None
        self._is_steady = bool(version.folder) and version.folder == self._folder
        self._folder, self._same = version.folder, self._fingerprint.of(version)
        if version is not self._version:
            is_first = self._version is None
            self._version, self._checked, self._fault = version, False, None
            if is_first:
                return None
        if not (self._checked or version.known_good or self._spec.is_archive):
            self._fault = await self._check(version.source)
            self._checked = True
        return self._fault and CompileRejected(str(self._fault), goes_on=False)

    def is_ready(self) -> bool:
        """Implements `Runner`."""
        version = self._version
        if version is None or not (version.stamp and self._is_steady):
            return False  # the fork could not tell whether it is still the same
        is_fit = version.known_good or (self._checked and not self._fault)
        was_prompt = self._last is not None and self._last.was_prompt
        return is_fit and was_prompt and self._process(launch=False) is not None

    def submit(
        self,
        number: int,
        feedback: bytes | None,
        output: OutputParser,
        on_end: Callable[[bool], None],
    ) -> KeptRun:
        """Implements `Runner`."""
        process, version = self._process(launch=False), self._version
        assert process is not None  # noqa: S101  it is ready
        assert version is not None  # noqa: S101
        looks = version.is_due()
        fork = self._last = self._fork(process, number, feedback, looks=looks)
        run = ForkRun(fork, output.stderr)
        run.python = self._spec.python
        run.submit(output, on_end, watched=False)
        return run

    def start(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None = None
    ) -> RunningProcess:
        """Implements `Runner`."""
        run = self._run(number, on_stderr, feedback)
        run.python = self._spec.python
        return run

    def _run(
        self, number: int, on_stderr: Callable[[bytes], None], feedback: bytes | None
    ) -> RunningProcess:
        # No server is started for a first run, which may well be the only one, and has no time to
        # share: Aoba's clients wait for it.
        if process := self._process(launch=number > 1):
            fork = self._last = self._fork(process, number, feedback)
            return ForkRun(fork, on_stderr)
        spec, argv = self._spec, [self._spec.python, self._path, *self._spec.args]
        env = {
            **script_environment(),
            "AOBA_RUN": str(number),
            "AOBA_SCRIPT": self._path,
            "AOBA_INTERVAL": shown(self.interval),
            "AOBA_TIMEOUT": shown(spec.timeout),
        }
        return ColdRun(argv, env, on_stderr, feedback, spec.limits, spec.process)

    async def interpreter(self) -> str | None:
        """Implements `Runner`."""
        version = await version_of(self._spec.python, self._spec.process)
        return f"{self._spec.python}, {version or 'a version that it does not tell'}"

    def why_nothing(self) -> str:
        """Implements `Runner`."""
        if self._version is None or not _UPDATE.search(self._version.source):
            return ""
        return (
            "only python:embedded: calls its update(); here, end it with "
            "print(json.dumps(update()))"
        )

    def _process(self, *, launch: bool) -> ForkProcess | None:
        return self._server.process(launch=launch) if self._server else None

    def _fork(
        self, process: ForkProcess, number: int, feedback: bytes | None, *, looks: bool = False
    ) -> Fork:
        seconds = self.interval, self._spec.timeout
        fork = Fork(process, number, self._same, feedback, looks=looks, seconds=seconds)
        if isinstance(self._server, AutomaticPreload):
            fork.on_imports = self._server.hearer(self._version, process)
        return fork

    async def close(self) -> None:
        """Implements `Runner`: runs end by themselves, and a fork server has other scripts, too."""
        if isinstance(self._server, AutomaticPreload):
            self._server.close()

    async def _check(self, source: bytes) -> SyntaxFault | None:
        spec = self._spec
        report = await answer_of(
            spec.python, _CHECK, str(spec.file), options=spec.process, stdin=source
        )
        return SyntaxFault.parse((report or "").rpartition("\n")[2])
