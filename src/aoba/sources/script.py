"""The life of a script: schedule -> run -> document -> image -> log.

A script never stands in the path of a request: requests are answered from the image, whatever the
script is doing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Final

from msgspec import UNSET

from aoba.document.decode import Decoded
from aoba.document.schema import Document
from aoba.errors import RunError
from aoba.registers.image import Image
from aoba.sources.program import ScriptFile, Version
from aoba.sources.repeats import Repeats
from aoba.sources.run import Host, run_script
from aoba.sources.schedule import Schedule
from aoba.sources.wake import Alarm

DEFAULT_INTERVAL: Final = 1.0
"""Seconds between starts until a document says otherwise."""

LOOK: Final = 0.25
"""Seconds after which, at a slot, a run under way is looked at: is it of an old version?"""

MAX_WARNED: Final = 100
"""Different unknown fields that a script is told of."""

MAX_SHOWN: Final = 4
"""Ranges, and stations, that `describe` names one by one."""

_log = logging.getLogger("aoba.script")


class Script:
    """Feeds `image` from one script for as long as `live` is running.

    `name` tells the script from others in the log and in the image.
    """

    def __init__(self, name: str, path: Path, timeout: float, host: Host, image: Image) -> None:
        self.name = name
        self.runs = 0
        self.failures = 0
        self.documents = 0
        self.settled = asyncio.Event()
        """Set by the first document with stations, or by the end of a first run without."""
        self._file = ScriptFile(path)
        self._timeout = timeout
        self._host = host
        self._image = image
        self._schedule = Schedule(DEFAULT_INTERVAL, first=0.0)
        self._repeats = Repeats()
        self._warned: set[str] = set()
        self._introduced = self._paused = False  # whether the log has been told
        self._good: Version | None = None  # the newest version of the file that can be run
        self._running: Version | None = None  # the one that is being run, or was
        self._applied: bytes | None = None  # digest of the one that defined the registers
        self._stopped = False  # whether the newest run was stopped, for the sake of a new version
        self._reload: asyncio.Task[None] | None = None
        self._look_at = Alarm(self._look)
        self._life: asyncio.Task[None] | None = None

    async def live(self) -> None:
        """Run the script at each of its slots, until cancelled; then no child is left."""
        self._life = asyncio.current_task()
        try:
            while True:
                await _sleep_until(self._schedule.due)
                if self._pauses():
                    self._schedule.skip()
                else:
                    await self._run()
                    self.settled.set()
        finally:
            self._look_at.close()
            await self._host.close()
            self._warn(self._repeats.end())
            _log.info(
                "%s: %d runs, %d failed, %d slots skipped, %d documents",
                *(self.name, self.runs, self.failures, self._schedule.skipped, self.documents),
                extra={"script": self.name},
            )

    def _pauses(self) -> bool:
        if time.monotonic() >= self._host.not_before or self._file.changed():
            return False
        if not self._paused:
            self._paused = True
            self._tell(
                logging.WARNING, "its interpreter has crashed, and has a pause: slots are skipped"
            )
        return True

    async def _run(self) -> None:
        self.runs += 1
        documents_before = self.documents
        failure = await self._guarded(self._take_newest())
        now = time.monotonic()
        if self.runs == 1:  # slots count from the first start, not from what that had to wait for
            self._schedule = Schedule(DEFAULT_INTERVAL, first=now)
        self._schedule.begin(now)
        if failure is None:
            failure = await self._guarded(self._run_good())
        if failure:
            self.failures += 1
            self.error(f"run failed: {failure}")
        if not self._stopped:  # else the slot that it was stopped in is that of the new version
            skipped = self._schedule.finish(time.monotonic())
            # A script that prints one document after the other is meant to go on for longer.
            if skipped and not failure and self.documents == documents_before + 1:
                self.error(
                    f"takes longer than its interval of {1000 * self._schedule.interval:.0f} ms, "
                    f"slots are skipped"
                )
        self._warn(self._repeats.run_over())

    async def _guarded(self, step: Awaitable[str | None]) -> str | None:
        try:
            return await step
        except RunError as error:
            return str(error)
        except Exception:  # noqa: BLE001  whatever happens in a run, the next one follows
            _log.exception("%s run %d: defect in Aoba", self.name, self.runs)
            return "given up"

    async def _take_newest(self) -> str | None:
        """Have the host take over an edited file; returns why there is nothing to run, if so."""
        newest = await self._file.settled()
        unfit = await self._host.prepare(newest)
        if unfit is None:
            self._good = newest
        elif not unfit.goes_on:
            return unfit.reason
        else:
            self.error(f"{unfit.reason}; the last good version goes on")
        return None

    async def _run_good(self) -> str | None:
        self._running, self._stopped = self._good, False
        self._look_again()
        try:
            return await run_script(self._host, self.runs, self._timeout, self)
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

    def _look_again(self) -> None:
        self._look_at.set(time.monotonic() + max(self._schedule.interval, LOOK))

    def _look(self) -> None:
        """A slot has come, and the run of an earlier one is still going: of an old version?"""
        if self._file.changed():
            self._reload = asyncio.create_task(self._stop_if_edited())
        else:
            self._look_again()

    async def _stop_if_edited(self) -> None:
        failure = await self._guarded(self._take_newest())
        if failure:
            self.error(f"{failure}; the run under way goes on")
        if self._good is self._running:
            self._look_again()
        else:
            self._tell(logging.INFO, "the script has changed: stopped, to run the new version")
            if self._life is not None:
                self._stopped = True
                self._life.cancel()

    def document(self, decoded: Decoded) -> None:
        """Implements `Listener`. Raises DocumentError where another source is in the way."""
        document = decoded.document
        version = self._running.digest if self._running else None
        replace = self._applied not in (None, version)
        self._image.apply(self.name, document, replace=replace)
        if replace:
            self._warned.clear()
            self._tell(logging.INFO, "the script has changed, and replaces what it had defined")
        for message in decoded.unknown:
            if message not in self._warned and len(self._warned) < MAX_WARNED:
                self._warned.add(message)
                self._tell(logging.WARNING, message)
        if document.stations and not self._introduced:
            self._introduced = True
            self._tell(logging.INFO, f"first document: {describe(document)}")
            self.settled.set()
        self._applied = version
        if self._running:
            self._running.proven = True
        self.documents += 1
        if document.reboot_interval is not UNSET:
            self._schedule.set_interval(document.reboot_interval / 1000)

    def error(self, text: str) -> None:
        self._warn(self._repeats.happened(text, time.monotonic()))

    def skipped(self, text: str) -> None:
        for line in self._repeats.happened(text, time.monotonic()):
            self._tell(logging.WARNING, line)

    def stderr(self, line: str) -> None:
        self._tell(logging.WARNING, line)

    def _warn(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._tell(logging.ERROR, line)

    def _tell(self, level: int, text: str) -> None:
        who = {"script": self.name, "run": self.runs}
        _log.log(level, "%s run %d: %s", self.name, self.runs, text, extra=who)


def describe(document: Document) -> str:
    """The stations and ranges of a document, in one line."""
    stations = [
        f"station {station.id} ({station.mode}) "
        + ", ".join(
            f"{table.label} {' '.join(str(item.span) for item in ranges[:MAX_SHOWN])}"
            + (f" and {len(ranges) - MAX_SHOWN} more" if len(ranges) > MAX_SHOWN else "")
            for table, ranges in station.map.tables()
        )
        for station in document.stations[:MAX_SHOWN]
    ]
    if len(document.stations) > MAX_SHOWN:
        stations.append(f"{len(document.stations) - MAX_SHOWN} more stations")
    return "; ".join(stations) or "no stations"


async def _sleep_until(due: float) -> None:
    # The loop's timers are cut to milliseconds. Late by one is better than early, and once more.
    while (left := due - time.monotonic()) > 0:  # noqa: ASYNC110  no event, the clock
        await asyncio.sleep(left + 0.0005)
