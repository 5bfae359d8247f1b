"""The life of a script: schedule -> run -> document -> image -> log.

A script never stands in the path of a request: requests are answered from the image, whatever the
script is doing. Most runs begin and end without the task of `live`: where nothing stands against
it, `_slot` orders one, and `_ended` hears that all is well. That skips what would find nothing to
do, and no more.
"""

import asyncio
import logging
import time
from typing import Final

from msgspec import UNSET

from aoba.document.schema import Document
from aoba.errors import OutdatedRun
from aoba.registers.described import MAX_DESCRIBED
from aoba.registers.image import SourceRegisters
from aoba.sources.forks.warm import ForkServers
from aoba.sources.reception import Reception
from aoba.sources.schedule import Schedule
from aoba.sources.scripts.feedback import Feedback
from aoba.sources.scripts.hosts import host_of
from aoba.sources.scripts.interpreter_version import version_of
from aoba.sources.scripts.program import ScriptFile
from aoba.sources.scripts.reload import Reload
from aoba.sources.scripts.run import Host, Outcome, guarded, run_script
from aoba.sources.scripts.spec import ScriptSpec
from aoba.sources.scripts.wake import Alarm
from aoba.sources.shared import Shared
from aoba.sources.source_log import SourceLog
from aoba.sources.vitals import Vitals

_WELL: Final = Outcome(None, status=0)


class Script:
    """Feeds `image` from one script for as long as `live` is running.

    `name` tells the script from others in the log and in the image. Raises DocumentError where the
    registers for its health are taken.
    """

    def __init__(self, name: str, spec: ScriptSpec, host: Host, image: SourceRegisters) -> None:
        self.settled = asyncio.Event()
        """Set by the first document with stations, or by the end of a first run without."""
        self._spec, self._host = spec, host
        self._log = SourceLog(name)
        self._vitals = Vitals(name, spec.monitoring, image, self._log)
        self._feedback = Feedback(name, image) if spec.feed else None
        self._reception = Reception(name, image, self._log, self._applied)
        self._schedule = Schedule(spec.first_interval, first=0.0)
        file = ScriptFile(spec.file)
        self._reload = Reload(file, host, self._schedule, self._reception, self._log)
        self._paused = False  # whether the log has been told
        self._begun = 0.0  # when the newest run began
        self._is_quick = False  # whether a run is under way of which `live` knows nothing
        self._slots = Alarm(self._slot)
        self._call = asyncio.Event()  # for `live`

    async def live(self) -> None:
        """Run the script at each of its slots, until cancelled; then no child is left."""
        self._vitals.start()
        telling = asyncio.create_task(self._tell_interpreter())
        try:
            while True:
                self._slots.set(self._schedule.due)
                await self._call.wait()
                self._call.clear()
                if self._is_quick:
                    await self._carry_out()
                elif await self._pauses():
                    self._schedule.skip()
                else:
                    await self._run()
                self.settled.set()
        except asyncio.CancelledError:
            await self._stop_quick_run()
            raise
        finally:
            telling.cancel()
            await asyncio.wait((telling,))
            self._vitals.stop()
            self._slots.close()
            self._reload.close()
            await self._host.close()
            self._log.end(
                f"{self._vitals.runs} runs, {self._vitals.failures} failed, "
                f"{self._schedule.skipped} slots skipped, {self._reception.documents} documents"
            )

    async def _tell_interpreter(self) -> None:
        """Once, and not before the first run, which others wait for."""
        await self.settled.wait()
        spec = self._spec
        version = await version_of(spec.python, spec.process) or "a version that it does not tell"
        self._log.of_source(logging.INFO, f"runs under {spec.python}, {version}")

    async def _stop_quick_run(self) -> None:
        """If there is one of which nobody has taken over the rest: that is what stops it."""
        task = asyncio.current_task()
        if self._is_quick and task:
            self._host.give_up()
            task.cancel()  # once more, for the run
            await self._follow()

    def _slot(self) -> None:
        """A slot has come, or a quick run is not over in time."""
        if self._is_quick:
            self._host.give_up()  # at once: it may be over before `live` goes on
        elif not self._start_quickly():
            self._call.set()

    def _start_quickly(self) -> bool:
        """Order a run, if that is all there is to do for it now."""
        if not self._host.is_ready():
            return False
        told = None
        if self._feedback:
            told = self._feedback.at_once(self._vitals.runs + 1)
            if told is None:
                return False
            self._tell_lost(self._feedback)
        self._number_run()
        self._begin_run()
        self._is_quick = True
        self._slots.set(min(self._schedule.due, self._begun + self._host.patience))
        self._host.order(self._vitals.runs, told, self._reception, self._ended)
        return True

    def _ended(self, well: bool) -> None:
        """Hears of a quick run, whether it is over or has to be followed."""
        if well:
            self._is_quick = False
            self._over(_WELL)
            self._slots.set(self._schedule.due)
        else:
            self._slots.unset()
            self._call.set()

    async def _pauses(self) -> bool:
        if time.monotonic() >= self._host.not_before or await self._reload.has_changed():
            return False
        if not self._paused:
            self._paused = True
            text = "its interpreter has crashed, and has a pause: slots are skipped"
            self._log.of_run(logging.WARNING, text)
        return True

    async def _run(self) -> None:
        """A run with all that may be there to do."""
        self._number_run()
        outcome = await guarded(self._reload.take_newest(), self._log)
        if self._vitals.runs == 1:  # slots count from the first start, not from what it waited for
            self._schedule.due = time.monotonic()
        self._begin_run()
        if outcome:
            self._over(outcome)
        else:
            await self._carry_out()

    def _number_run(self) -> None:
        self._vitals.run_begins()
        self._log.run_begins(self._vitals.runs)

    def _begin_run(self) -> None:
        self._begun = time.monotonic()
        self._schedule.begin(self._begun)
        self._reception.begin(self._reload.version)

    async def _carry_out(self) -> None:
        """The run that has begun, or the rest of one that was to be quick."""
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
        run, told = self._vitals.runs, None
        if self._feedback and not self._is_quick:
            told = await self._feedback.next(run)
            self._tell_lost(self._feedback)
        self._is_quick = False
        try:
            outcome = await run_script(self._host, run, self._spec.timeout, self._reception, told)
        except OutdatedRun:
            self._put_back()
            raise
        if not outcome.began:
            self._put_back()
        return outcome

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
        self._vitals.run_over(outcome)
        if outcome.failure:
            self._reception.error(f"run failed: {outcome.failure}")
        if not stopped:  # else the slot that it was stopped in is that of the new version
            self._pass_over_slots(outcome)
        self._log.run_over()

    def _pass_over_slots(self, outcome: Outcome) -> None:
        skipped = self._schedule.finish(time.monotonic())
        # A script that prints one document after the other is meant to go on for longer.
        if skipped and not outcome.failure and self._reception.of_this_run == 1:
            self._reception.error(
                f"takes longer than its interval of {1000 * self._schedule.interval:.0f} ms, "
                f"slots are skipped"
            )

    def _applied(self, document: Document) -> None:
        self._vitals.document()
        if document.stations:
            self.settled.set()
        if document.reboot_interval is not UNSET:
            self._host.interval = document.reboot_interval / 1000
            self._schedule.set_interval(self._host.interval)


def build_script(name: str, spec: ScriptSpec, shared: Shared) -> Script:
    servers = shared.resource("fork servers", ForkServers)
    return Script(name, spec, host_of(spec, servers), shared.registers(spec.bus))
