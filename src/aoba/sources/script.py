"""The life of a script: schedule -> run -> document -> image -> log.

A script never stands in the path of a request: requests are answered from the image, whatever the
script is doing.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG
from typing import Final

from msgspec import UNSET

from aoba.document.decode import Decoded
from aoba.document.schema import Document
from aoba.registers.image import Image
from aoba.sources.repeats import Repeats
from aoba.sources.run import Host, run_script
from aoba.sources.schedule import Schedule

DEFAULT_INTERVAL: Final = 1.0
"""Seconds between starts until a document says otherwise."""

MAX_SCRIPT: Final = 16 * 1024 * 1024
"""Bytes of the longest script whose changes are noticed."""

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
        """Set by the first document, or by the end of a first run that had none."""
        self._file = _FileVersion(path)
        self._timeout = timeout
        self._host = host
        self._image = image
        self._schedule = Schedule(DEFAULT_INTERVAL, first=0.0)
        self._repeats = Repeats()
        self._warned: set[str] = set()
        self._running: bytes | None = None  # version of the file that is being run
        self._applied: bytes | None = None  # version of the file that defined the registers

    async def live(self) -> None:
        """Run the script at each of its slots, until cancelled; then no child is left."""
        self._schedule = Schedule(DEFAULT_INTERVAL, first=time.monotonic())
        try:
            while True:
                await _sleep_until(self._schedule.due)
                await self._run()
                self.settled.set()
        finally:
            self._warn(self._repeats.end())
            _log.info(
                "%s: %d runs, %d failed, %d slots skipped, %d documents",
                *(self.name, self.runs, self.failures, self._schedule.skipped, self.documents),
                extra={"script": self.name},
            )

    async def _run(self) -> None:
        self.runs += 1
        self._schedule.begin()
        self._running = self._file.read()
        documents_before = self.documents
        try:
            failure = await run_script(self._host, self.runs, self._timeout, self)
        except Exception:  # noqa: BLE001  whatever happens in a run, the next one follows
            _log.exception("%s run %d: defect in Aoba", self.name, self.runs)
            failure = "given up"
        if failure:
            self.failures += 1
            self.error(f"run failed: {failure}")
        skipped = self._schedule.finish(time.monotonic())
        # A script that prints one document after the other is meant to go on for longer.
        if skipped and not failure and self.documents == documents_before + 1:
            self.error(
                f"takes longer than its interval of {1000 * self._schedule.interval:.0f} ms, "
                f"slots are skipped"
            )
        self._warn(self._repeats.run_over())

    def document(self, decoded: Decoded) -> None:
        """Implements `Listener`. Raises DocumentError where another source is in the way."""
        document = decoded.document
        replace = self._applied not in (None, self._running)
        self._image.apply(self.name, document, replace=replace)
        if replace:
            self._warned.clear()
            self._tell(logging.INFO, "the script has changed, and replaces what it had defined")
        for message in decoded.unknown:
            if message not in self._warned and len(self._warned) < MAX_WARNED:
                self._warned.add(message)
                self._tell(logging.WARNING, message)
        if not self.documents:
            self._tell(logging.INFO, f"first document: {describe(document)}")
        self._applied = self._running
        self.documents += 1
        self.settled.set()
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


class _FileVersion:
    """Tells one version of a file from another, by content: touching it changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._digest: bytes | None = None

    def read(self) -> bytes | None:
        """The version that is there now; the last one where none can be read."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            # Reading what is no file, or a very large one, would keep Modbus clients waiting.
            if seen != self._seen and S_ISREG(status.st_mode) and status.st_size <= MAX_SCRIPT:
                self._digest = hashlib.sha256(self._path.read_bytes()).digest()
                self._seen = seen
        except OSError:
            pass
        return self._digest


async def _sleep_until(due: float) -> None:
    # More than once where need be: the loop's timers are cut to milliseconds and may be early. For
    # less than one they do not wait at all, and the loop would go round and round meanwhile.
    while (left := due - time.monotonic()) > 0:  # noqa: ASYNC110  no event, the clock
        await asyncio.sleep(max(left, 0.001))
