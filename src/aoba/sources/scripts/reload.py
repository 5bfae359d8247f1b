"""Which version of a script is run: the newest that can be, looked for at each slot.

At the slots that pass during a run it is looked for, too: a run of an old version is stopped then,
so that even a script that never ends can be edited.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, Final

from aoba.errors import RunError
from aoba.sources.document_sink import DocumentSink
from aoba.sources.listener import Outcome
from aoba.sources.schedule import Schedule
from aoba.sources.scripts.run import Runner, guarded
from aoba.sources.scripts.script_file import ScriptFile, Version
from aoba.sources.scripts.timers import ReusableTimer
from aoba.sources.source_log import SourceLog

POLL_INTERVAL: Final = 0.25
"""Seconds after which, at a slot, a run under way is looked at: is it of an old version?"""


class Reload:
    """Of the script in `file`, which `runner` runs; call `close` at last."""

    def __init__(
        self,
        file: ScriptFile,
        runner: Runner,
        schedule: Schedule,
        sink: DocumentSink,
        log: SourceLog,
    ) -> None:
        self.version: Version | None = None
        """The newest that can be run."""
        self._file, self._runner, self._schedule = file, runner, schedule
        self._sink, self._log = sink, log
        self._look_at = ReusableTimer(self._look)
        self._run: asyncio.Task[Outcome]
        self._looking: asyncio.Task[None] | None = None
        self._running: Version | None = None
        self._stopped = False

    async def take_newest(self) -> Outcome | None:
        """Have the runner take over an edited file; where there is nothing to run, why."""
        newest = await self._file.stable()
        unfit = await self._runner.prepare(newest)
        if unfit is None:
            self.version = newest
        elif not unfit.goes_on:
            return Outcome(unfit.reason, began=False)
        else:
            self._sink.error(f"{unfit.reason}; the last good version goes on")
        return None

    async def watched(self, run: Coroutine[Any, Any, Outcome], begun: float) -> Outcome | None:
        """Carry `run` out, of `version`; None where it was stopped, since there is a new one.

        `begun` is when it began, of `time.monotonic`.
        """
        self._running, self._stopped = self.version, False
        self._run = asyncio.create_task(run)
        self._look_again(begun)
        try:
            return await self._run
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._stopped or (task and task.cancelling()):
                raise  # Aoba stops
            return None
        finally:
            self._look_at.unset()
            if self._looking is not None:
                self._looking.cancel()
                await asyncio.wait((self._looking,))
                self._looking = None

    def close(self) -> None:
        self._look_at.close()

    async def has_changed(self) -> bool:
        """Whether the file looks different now, as far as that is to be found out."""
        try:
            return await self._file.changed()
        except RunError:  # the next run says it
            return False

    def _look_again(self, since: float) -> None:
        self._look_at.set(since + max(self._schedule.interval, POLL_INTERVAL))

    def _look(self) -> None:
        """A slot has come, and the run of an earlier one is still going: of an old version?"""
        self._looking = asyncio.create_task(self._stop_if_edited())

    async def _stop_if_edited(self) -> None:
        if not await self.has_changed():
            self._look_again(time.monotonic())
            return
        outcome = await guarded(self.take_newest(), self._log)
        if outcome:
            self._sink.error(f"{outcome.failure}; the run under way goes on")
        if self.version is self._running:
            self._look_again(time.monotonic())
        else:
            text = "the script has changed: stopped, to run the new version"
            self._log.of_run(logging.INFO, text)
            self._stopped = True
            self._run.cancel()
