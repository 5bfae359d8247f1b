"""Runs of scripts without a server, embedded and external: what comes out of them."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Self, TypeVar

from aoba.errors import RunError
from aoba.sources.scripts.runners.embedded.runner import EmbeddedRunner
from aoba.sources.scripts.runners.external import ExternalRunner
from aoba.sources.scripts.script_file import ScriptFile
from aoba.sources.scripts.spec import ScriptSpec
from support.runs import Outcome
from support.waiting import DEADLINE

T = TypeVar("T")


class Hosted:
    """A script and its host; use as a context manager. Runs are numbered from 1."""

    def __init__(
        self,
        path: Path,
        *,
        mode: str = "embedded",
        args: Sequence[str] = (),
        timeout: float = DEADLINE,
    ) -> None:
        self.timeout = timeout
        self.file = ScriptFile(path)
        spec = ScriptSpec(path=path, python=sys.executable, args=tuple(args), mode=mode)
        self.host = (EmbeddedRunner if mode == "embedded" else ExternalRunner)(spec)
        self.number = 0
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self.host.close())
        self._runner.close()

    def run(self, feedback: bytes | None = None) -> Outcome:
        """Of the next run, with whatever the file is now."""
        self.number += 1
        return self._runner.run(self._run(feedback))

    def in_loop(self, steps: Coroutine[None, None, T]) -> T:
        """What `steps` return, which use `host` themselves."""
        return self._runner.run(steps)

    def prepare(self):
        """What is wrong with the file as it is now."""
        return self._runner.run(self._prepare())

    async def _prepare(self):
        return await self.host.prepare(await self.file.read())

    async def _run(self, feedback: bytes | None) -> Outcome:
        errors: list[bytes] = []
        output = []
        unfit = await self._prepare()
        if unfit and not unfit.goes_on:
            return Outcome("", "", unfit.reason)
        try:
            async with self.host.start(self.number, errors.append, feedback) as running:
                while (chunk := await running.read(self.timeout)) is not None:
                    output.append(chunk)
        except RunError as error:
            return Outcome("", "", str(error))
        return Outcome(b"".join(output).decode(), b"".join(errors).decode(), running.failure)


def embedded(path: Path, options: str = "") -> str:
    """The source that it is, for the command line."""
    return f"python:embedded:{path}{options}"


def both(path: Path, runs: int = 1, **options: object) -> list[tuple[Outcome, Outcome]]:
    """The outcomes of some runs, external and embedded."""
    with Hosted(path, mode="external", **options) as one, Hosted(path, **options) as other:
        return [(one.run(), other.run()) for _ in range(runs)]
