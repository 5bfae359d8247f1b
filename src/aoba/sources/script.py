"""The life of a script: schedule -> run -> document -> image -> log.

A script never stands in the path of a request: requests are answered from the image, whatever the
script is doing.
"""

import asyncio
import logging
import time
from typing import Final

from msgspec import UNSET

from aoba.document.schema import Document
from aoba.registers.image import Image
from aoba.sources.clock import sleep_until
from aoba.sources.feedback import Feedback
from aoba.sources.file_version import FileVersion
from aoba.sources.reception import Reception
from aoba.sources.run import Host, Outcome, run_script
from aoba.sources.schedule import Schedule
from aoba.sources.script_log import ScriptLog
from aoba.sources.spec import ScriptSpec
from aoba.sources.vitals import Vitals

DEFAULT_INTERVAL: Final = 1.0
"""Seconds between starts until a document says otherwise."""


class Script:
    """Feeds `image` from one script for as long as `live` is running.

    `name` tells the script from others in the log and in the image. Raises DocumentError where the
    registers for its health are taken.
    """

    def __init__(self, name: str, spec: ScriptSpec, host: Host, image: Image) -> None:
        self.settled = asyncio.Event()
        """Set by the first document, or by the end of a first run that had none."""
        self._spec, self._host = spec, host
        self._file = FileVersion(spec.path)
        self._log = ScriptLog(name)
        self._vitals = Vitals(name, spec.freshness, spec.health, image, self._log)
        self._feedback = Feedback(name, image) if spec.feed else None
        self._reception = Reception(name, image, self._log, self._applied)
        self._schedule = Schedule(DEFAULT_INTERVAL, first=0.0)

    async def live(self) -> None:
        """Run the script at each of its slots, until cancelled; then no child is left."""
        self._schedule = Schedule(DEFAULT_INTERVAL, first=time.monotonic())
        self._vitals.start()
        try:
            while True:
                await sleep_until(self._schedule.due)
                await self._run()
                self.settled.set()
        finally:
            self._vitals.stop()
            self._log.end(
                f"{self._vitals.runs} runs, {self._vitals.failures} failed, "
                f"{self._schedule.skipped} slots skipped, {self._reception.documents} documents"
            )

    async def _run(self) -> None:
        self._vitals.run_begins()
        self._schedule.begin()
        self._log.run_begins(self._vitals.runs)
        self._reception.begin(self._file.read())
        try:
            outcome = await self._carry_out(self._vitals.runs)
        except Exception:  # noqa: BLE001  whatever happens in a run, the next one follows
            self._log.defect()
            outcome = Outcome("given up")
        self._vitals.run_over(outcome)
        if outcome.failure:
            self._reception.error(f"run failed: {outcome.failure}")
        self._pass_over_slots(outcome)
        self._log.run_over()

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

    def _applied(self, document: Document, replace: bool) -> None:
        if self._feedback:
            self._feedback.applied(document, replace=replace)
        self._vitals.document()
        self.settled.set()
        if document.reboot_interval is not UNSET:
            self._schedule.set_interval(document.reboot_interval / 1000)
