"""The life of a script: schedule -> run -> document -> image -> log.

A script never stands in the path of a request: requests are answered from the image, whatever the
script is doing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Final

from msgspec import UNSET

from aoba.document.schema import Document
from aoba.errors import RunError
from aoba.registers.image import Image
from aoba.sources.clock import sleep_until
from aoba.sources.feedback import Feedback
from aoba.sources.program import ScriptFile, Version
from aoba.sources.reception import Reception
from aoba.sources.run import Host, Outcome, run_script
from aoba.sources.schedule import Schedule
from aoba.sources.script_spec import ScriptSpec
from aoba.sources.source_log import SourceLog
from aoba.sources.vitals import Vitals
from aoba.sources.wake import Alarm

DEFAULT_INTERVAL: Final = 1.0
"""Seconds between starts until a document says otherwise."""

LOOK: Final = 0.25
"""Seconds after which, at a slot, a run under way is looked at: is it of an old version?"""


class Script:
    """Feeds `image` from one script for as long as `live` is running.

    `name` tells the script from others in the log and in the image. Raises DocumentError where the
    registers for its health are taken.
    """

    def __init__(self, name: str, spec: ScriptSpec, host: Host, image: Image) -> None:
        self.settled = asyncio.Event()
        """Set by the first document with stations, or by the end of a first run without."""
        self._spec, self._host = spec, host
        self._file = ScriptFile(spec.path)
        self._log = SourceLog(name)
        self._vitals = Vitals(name, spec.monitoring, image, self._log)
        self._feedback = Feedback(name, image) if spec.feed else None
        self._reception = Reception(name, image, self._log, self._applied)
        self._schedule = Schedule(DEFAULT_INTERVAL, first=0.0)
        self._paused = False  # whether the log has been told
        self._good: Version | None = None  # the newest version of the file that can be run
        self._running: Version | None = None  # the one that is being run, or was
        self._stopped = False  # whether the newest run was stopped, for the sake of a new version
        self._reload: asyncio.Task[None] | None = None
        self._look_at = Alarm(self._look)
        self._life: asyncio.Task[None] | None = None

    async def live(self) -> None:
        """Run the script at each of its slots, until cancelled; then no child is left."""
        self._life = asyncio.current_task()
        self._vitals.start()
        try:
            while True:
                await sleep_until(self._schedule.due)
                if self._pauses():
                    self._schedule.skip()
                else:
                    await self._run()
                    self.settled.set()
        finally:
            self._vitals.stop()
            self._look_at.close()
            await self._host.close()
            self._log.end(
                f"{self._vitals.runs} runs, {self._vitals.failures} failed, "
                f"{self._schedule.skipped} slots skipped, {self._reception.documents} documents"
            )

    def _pauses(self) -> bool:
        if time.monotonic() >= self._host.not_before or self._file.changed():
            return False
        if not self._paused:
            self._paused = True
            text = "its interpreter has crashed, and has a pause: slots are skipped"
            self._log.of_run(logging.WARNING, text)
        return True

    async def _run(self) -> None:
        self._vitals.run_begins()
        self._log.run_begins(self._vitals.runs)
        outcome = await self._guarded(self._take_newest())
        now = time.monotonic()
        if self._vitals.runs == 1:  # slots count from the first start, not from what it waited for
            self._schedule = Schedule(DEFAULT_INTERVAL, first=now)
        self._schedule.begin(now)
        outcome = outcome or await self._guarded(self._run_good()) or Outcome(None)
        self._vitals.run_over(outcome)
        if outcome.failure:
            self._reception.error(f"run failed: {outcome.failure}")
        if not self._stopped:  # else the slot that it was stopped in is that of the new version
            self._pass_over_slots(outcome)
        self._log.run_over()

    async def _guarded(self, step: Awaitable[Outcome | None]) -> Outcome | None:
        try:
            return await step
        except RunError as error:
            return Outcome(str(error), began=False)
        except Exception:  # noqa: BLE001  whatever happens in a run, the next one follows
            self._log.defect()
            return Outcome("given up")

    async def _take_newest(self) -> Outcome | None:
        """Have the host take over an edited file; where there is nothing to run, why."""
        newest = await self._file.settled()
        unfit = await self._host.prepare(newest)
        if unfit is None:
            self._good = newest
        elif not unfit.goes_on:
            return Outcome(unfit.reason, began=False)
        else:
            self._reception.error(f"{unfit.reason}; the last good version goes on")
        return None

    async def _run_good(self) -> Outcome | None:
        """None where the run was stopped, since there is a new version."""
        self._running, self._stopped = self._good, False
        self._reception.begin(self._running)
        self._look_again()
        try:
            return await self._carry_out(self._vitals.runs)
        except asyncio.CancelledError:
            if not self._stopped or self._life is None or self._life.uncancel():
                raise  # Aoba stops
            return None
        finally:
            self._look_at.unset()
            if self._reload is not None:
                self._reload.cancel()
                await asyncio.wait((self._reload,))
                self._reload = None

    async def _carry_out(self, run: int) -> Outcome:
        told = await self._feedback.next(run) if self._feedback else None
        if self._feedback and self._feedback.lost:
            text = "clients wrote more since the last run than is kept, the oldest writes are lost"
            self._log.repeatable(logging.WARNING, text)
        timeout = self._spec.timeout
        outcome = await run_script(self._host, run, timeout, self._reception, told)
        if self._feedback and not outcome.began:
            self._feedback.put_back()
        return outcome

    def _pass_over_slots(self, outcome: Outcome) -> None:
        skipped = self._schedule.finish(time.monotonic())
        # A script that prints one document after the other is meant to go on for longer.
        if skipped and not outcome.failure and self._reception.of_this_run == 1:
            self._reception.error(
                f"takes longer than its interval of {1000 * self._schedule.interval:.0f} ms, "
                f"slots are skipped"
            )

    def _look_again(self) -> None:
        self._look_at.set(time.monotonic() + max(self._schedule.interval, LOOK))

    def _look(self) -> None:
        """A slot has come, and the run of an earlier one is still going: of an old version?"""
        if self._file.changed():
            self._reload = asyncio.create_task(self._stop_if_edited())
        else:
            self._look_again()

    async def _stop_if_edited(self) -> None:
        outcome = await self._guarded(self._take_newest())
        if outcome:
            self._reception.error(f"{outcome.failure}; the run under way goes on")
        if self._good is self._running:
            self._look_again()
        else:
            text = "the script has changed: stopped, to run the new version"
            self._log.of_run(logging.INFO, text)
            if self._life is not None:
                self._stopped = True
                self._life.cancel()

    def _applied(self, document: Document, replace: bool) -> None:
        if self._feedback:
            self._feedback.applied(document, replace=replace)
        self._vitals.document()
        if document.stations:
            self.settled.set()
        if document.reboot_interval is not UNSET:
            self._schedule.set_interval(document.reboot_interval / 1000)
