"""Runs of scripts without a server, warm and cold: what comes out of them."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from aoba.sources.scripts.launching import script_environment
from aoba.sources.scripts.look import find
from aoba.sources.scripts.runners.cold import ColdRun
from aoba.sources.scripts.runners.warm.fingerprint import Fingerprint
from aoba.sources.scripts.runners.warm.fork_process import ForkProcess
from aoba.sources.scripts.runners.warm.fork_run import Fork, ForkRun
from aoba.sources.scripts.running_process import RunningProcess
from aoba.sources.scripts.script_file import Version
from support.waiting import DEADLINE


class Outcome(NamedTuple):
    stdout: str
    stderr: str
    failure: str | None


class Runs:
    """Starts scripts under one interpreter; use as a context manager."""

    def __init__(self, python: str, preload: tuple[str, ...] = ()) -> None:
        self.python = python
        self.lines: list[str] = []
        self._runner = asyncio.Runner()
        self._preload = preload

    def __enter__(self) -> Self:
        self._runner.run(self._launch())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._close())
        self._runner.close()

    def warm(
        self,
        *paths: Path,
        args: Sequence[str] = (),
        stdin: bytes | None = None,
        looks: bool = False,
        on_imports: Callable[[bytes], None] | None = None,
    ) -> list[Outcome]:
        """Of one run of each, all at the same time."""

        def fork(path: Path) -> Fork:
            name = Fingerprint(str(path), args).of(version_of(path))
            fork = Fork(self.process, 2, name, stdin, looks=looks)
            fork.on_imports = on_imports
            return fork

        def run(fork: Fork) -> Callable[[Callable[[bytes], None]], RunningProcess]:
            return lambda on_stderr: ForkRun(fork, on_stderr)

        return self._run([run(fork(path)) for path in paths])

    def cold(
        self, *paths: Path, args: Sequence[str] = (), stdin: bytes | None = None
    ) -> list[Outcome]:
        def run(path: Path) -> Callable[[Callable[[bytes], None]], RunningProcess]:
            env = {
                **script_environment(),
                "AOBA_RUN": "2",
                "AOBA_INTERVAL": "1",
                "AOBA_TIMEOUT": "30",
                "AOBA_SCRIPT": str(path),
            }
            return lambda on_stderr: ColdRun([self.python, str(path), *args], env, on_stderr, stdin)

        return self._run([run(path) for path in paths])

    def _run(self, starts) -> list[Outcome]:
        async def all_of_them() -> list[Outcome]:
            return await asyncio.gather(*map(_outcome, starts))

        return self._runner.run(all_of_them())

    async def _launch(self) -> None:
        ended = asyncio.Event()
        self.process = ForkProcess(self.python, self._preload, self.lines.append, ended.set)
        async with asyncio.timeout(DEADLINE):
            while not self.process.ready and not ended.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # of two ends, either

    async def _close(self) -> None:
        self.process.end("was stopped")
        await self.process.wait()


def version_of(path: Path) -> Version:
    """Of what the file is now, as a look at it would give."""
    found = find(str(path), None, settles=False)
    stamp = ".".join(map(str, found.identity)).encode()
    return Version(found.source, found.digest, stamp, found.folder)


async def _outcome(start) -> Outcome:
    errors: list[bytes] = []
    running = start(errors.append)
    async with running:
        output = [chunk async for chunk in running.output(DEADLINE)]
    return Outcome(
        b"".join(output).decode(errors="surrogateescape"),
        b"".join(errors).decode(errors="surrogateescape"),
        running.failure,
    )


def open_descriptors(pid: int | str = "self") -> dict[str, str]:
    found = {}
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            found[entry.name] = str(Path(entry.path).readlink())
        except OSError:  # the one that lists them
            continue
    return found
