"""The life of a script: schedule -> run -> document -> image -> log.

A script never stands in the path of a request: requests are answered from the image, whatever the
script is doing. Most runs begin and end without the task of `live`: where nothing stands against
it, `_slot` submits one, and `_ended` hears that all is well. That skips what would find nothing to
do, and no more. One of which more comes is followed by `live`, as are all others.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from aoba.document.schema import Document
from aoba.errors import OutdatedRun, RunError
from aoba.registers.described import MAX_DESCRIBED
from aoba.registers.image import SourceRegisters
from aoba.sources.document_sink import DocumentSink
from aoba.sources.health_monitor import HealthMonitor
from aoba.sources.listener import Outcome
from aoba.sources.schedule import Schedule
from aoba.sources.scripts.feedback import Feedback
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.reload import Reload
from aoba.sources.scripts.run import Runner, RunSpec, follow, guarded, run_script
from aoba.sources.scripts.script_file import ScriptFile, Version
from aoba.sources.scripts.timers import ReusableTimer
from aoba.sources.source_log import SourceLog

if TYPE_CHECKING:
    from aoba.sources.scripts.running_process import KeptRun

_WELL: Final = Outcome(None, status=0)


class Script:
    """Feeds `image` from one script for as long as `live` is running.

    `name` tells the script from others in the log and in the image. Raises DocumentError where the
    registers for its health are taken.
    """

    def __init__(self, name: str, spec: RunSpec, runner: Runner, image: SourceRegisters) -> None:
        self.settled = asyncio.Event()
        """Set by the first document with stations, or by the end of a first run without."""
        self._spec, self._runner = spec, runner
        self._log = SourceLog(name)
        self._health = HealthMonitor(name, spec.monitoring, image, self._log)
        self._feedback = Feedback(name, image) if spec.feed else None
        self._sink = DocumentSink(name, image, self._log, self._applied)
        self._schedule = Schedule(spec.first_interval, first=0.0)
        file = ScriptFile(spec.file)
        self._reload = Reload(file, runner, self._schedule, self._sink, self._log)
        self._paused = False  # whether the log has been told
        self._begun = 0.0  # when the newest run began,
        self._version: Version | None = None  # and which version of the script it is of
        self._output = OutputParser(self._sink)  # of the newest run
        self._run: KeptRun | None = None  # one under way that `live` does not follow
        self._slots = ReusableTimer(self._slot)
        self._call = asyncio.Event()  # for `live`

    async def live(self) -> None:
        """Run the script at each of its slots, until cancelled; then no child is left."""
        self._health.start()
        telling = asyncio.create_task(self._tell_interpreter())
        try:
            while True:
                self._slots.set(self._schedule.due)
                await self._call.wait()
                self._call.clear()
                if self._run is not None:
                    await self._carry_out()
                elif await self._pauses():
                    self._schedule.skip()
                else:
                    await self._run_with_care()
                self.settled.set()
        except asyncio.CancelledError:
            await self._stop_simple_run()
            raise
        finally:
            telling.cancel()
            await asyncio.wait((telling,))
            self._health.stop()
            self._slots.close()
            self._reload.close()
            await self._runner.close()
            self._log.end(
                f"{self._health.runs} runs, {self._health.failures} failed, "
                f"{self._schedule.skipped} slots skipped, {self._sink.documents} documents"
            )

    async def _tell_interpreter(self) -> None:
        """Once, and not before the first run, which others wait for."""
        await self.settled.wait()
        if interpreter := await self._runner.interpreter():
            self._log.of_source(logging.INFO, f"runs under {interpreter}")

    async def _stop_simple_run(self) -> None:
        """If there is one that nobody follows: following it is what stops it."""
        task = asyncio.current_task()
        if self._run is not None and task:
            self._run.abandon()
            task.cancel()  # once more, for the run
            await self._follow()

    def _slot(self) -> None:
        """A slot has come, or a simple run is not over in time."""
        if self._run is not None:
            self._run.abandon()  # at once: it may be over before `live` goes on
        elif not self._submit():
            self._call.set()

    def _submit(self) -> bool:
        """Have a run carried out, if that is all there is to do for it now."""
        if not self._runner.is_ready():
            return False
        told = None
        if self._feedback:
            told = self._feedback.at_once(self._health.runs + 1)
            if told is None:
                return False
            self._tell_lost(self._feedback)
        self._number_run()
        self._begin_run()
        self._slots.set(min(self._schedule.due, self._begun + self._runner.simple_timeout))
        try:
            self._run = self._runner.submit(self._health.runs, told, self._output, self._ended)
        except RunError as error:
            self._put_back()
            self._over(Outcome(str(error), began=False))
            self._slots.set(self._schedule.due)
        return True

    def _ended(self, well: bool) -> None:
        """Hears of a simple run, whether it is over or has to be followed."""
        if well:
            self._run = None
            self._over(_WELL)
            self._slots.set(self._schedule.due)
        else:
            self._slots.unset()
            self._call.set()

    async def _pauses(self) -> bool:
        if time.monotonic() >= self._runner.not_before or await self._reload.has_changed():
            return False
        if not self._paused:
            self._paused = True
            text = "its interpreter has crashed, and has a pause: slots are skipped"
            self._log.of_run(logging.WARNING, text)
        return True

    async def _run_with_care(self) -> None:
        """A run with all that may be there to do."""
        self._number_run()
        outcome = await guarded(self._reload.take_newest(), self._log)
        if self._health.runs == 1:  # slots count from the first start, not from what it waited for
            self._schedule.due = time.monotonic()
        self._begin_run()
        if outcome:
            self._over(outcome)
        else:
            await self._carry_out()

    def _number_run(self) -> None:
        self._health.run_begins()
        self._log.run_begins(self._health.runs)

    def _begin_run(self) -> None:
        self._begun = time.monotonic()
        self._schedule.begin(self._begun)
        self._version = self._reload.version
        self._sink.begin(self._version.digest if self._version else None)
        self._output = OutputParser(self._sink)

    async def _carry_out(self) -> None:
        """The run that has begun, or the rest of one that was simple."""
        try:
            outcome = await self._watched()
        except OutdatedRun:
            outcome = await guarded(self._reload.take_newest(), self._log)
            self._schedule.take_back()
            self._begin_run()
            outcome = outcome or await self._watched()
        self._over(outcome or Outcome(None), stopped=outcome is None)

    async def _watched(self) -> Outcome | None:
        return await guarded(self._reload.watched(self._follow(), self._begun), self._log)

    async def _follow(self) -> Outcome:
        run, self._run = self._run, None
        runner, timeout = self._runner, self._spec.timeout
        try:
            if run is not None:
                outcome = await follow(runner, run, timeout, self._output)
            else:
                told = await self._next_feedback()
                number = self._health.runs
                outcome = await run_script(runner, number, timeout, self._output, told)
        except OutdatedRun:
            self._put_back()
            raise
        if not outcome.began:
            self._put_back()
        return outcome

    async def _next_feedback(self) -> bytes | None:
        if self._feedback is None:
            return None
        told = await self._feedback.next(self._health.runs)
        self._tell_lost(self._feedback)
        return told

    def _put_back(self) -> None:
        """What the run was to be told has reached nobody."""
        if self._feedback:
            self._feedback.put_back()

    def _tell_lost(self, feedback: Feedback) -> None:
        if feedback.lost:
            text = "clients wrote more since the last run than is kept, the oldest writes are lost"
            self._log.repeatable(logging.WARNING, text)
        if feedback.leaves_out:
            text = f"feedback has values of {MAX_DESCRIBED} ranges at most, the others are left out"
            self._log.repeatable(logging.WARNING, text)

    def _over(self, outcome: Outcome, *, stopped: bool = False) -> None:
        self._health.run_over(outcome)
        if outcome.failure:
            self._sink.error(f"run failed: {outcome.failure}")
        if not stopped:  # else the slot that it was stopped in is that of the new version
            self._pass_over_slots(outcome)
        self._log.run_over()

    def _pass_over_slots(self, outcome: Outcome) -> None:
        skipped = self._schedule.finish(time.monotonic())
        # A script that prints one document after the other is meant to go on for longer.
        if skipped and not outcome.failure and self._sink.of_this_run == 1:
            self._sink.error(
                f"takes longer than its interval of {1000 * self._schedule.interval:.0f} ms, "
                f"slots are skipped"
            )

    def _applied(self, document: Document) -> None:
        self._health.document()
        if self._version is not None:
            self._version.known_good = True
        if document.stations:
            self.settled.set()
        if document.reboot_interval is not UNSET:
            self._runner.interval = document.reboot_interval / 1000
            self._schedule.set_interval(self._runner.interval)
