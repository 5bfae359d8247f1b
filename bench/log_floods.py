"""What the worst that somebody outside does makes a server log in a day: `make bench-logs`.

Each flood goes on until its bursts are over, and then for `--seconds`; what is written to stderr in
that time, in JSON, is the steady state. A day is the burst and as much as that for the rest of it.
The first argument that is no option is a part of the names of those that are to be run. Exits with
1 where a day comes to more than the bound.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from floods import Flood, Target
from floods_of_clients import FLOODS as CLIENTS
from floods_of_sources import FLOODS as SOURCES

FLOODS = [*CLIENTS, *SOURCES]

BOUND = 100_000_000
DAY = 24 * 3600
LOOK = 3.0
"""Seconds between two looks whether a burst is over."""
THREADS = 4
"""That do the same, as some of them wait for the server."""


class Log:
    """What comes through a server's stderr."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.size = 0
        self.start = b""
        self._stderr = process.stderr
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self._stderr is not None
        while data := self._stderr.read1(1 << 20):  # type: ignore[attr-defined]
            self.size += len(data)
            self.start = (self.start + data)[:4_000_000]

    def wait_for(self, mark: bytes) -> bytes:
        """What stands behind `mark` in its line."""
        deadline = time.monotonic() + 20
        while mark not in self.start:
            assert time.monotonic() < deadline, self.start
            time.sleep(0.01)
        return self.start.partition(mark)[2].partition(b'"')[0]

    def end(self) -> None:
        self._thread.join()


@contextmanager
def flooded(flood: Flood) -> Iterator[Log]:
    place = flood.prepare()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(flood.script)
        source = flood.source.format(script=script, place=place)
        options = [option.format(place=place) for option in flood.options]
        command = [sys.executable, "-m", "aoba", "serve", source, "--log-format", "json", *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=folder) as process:
            log = Log(process)
            where = log.wait_for(b"listening on ").rpartition(b":")[2]
            target = Target(int(where) if where.isdigit() else 0, place)
            stop = threading.Event()
            threads = [
                threading.Thread(target=go_on, args=(flood, target, stop)) for _ in range(THREADS)
            ]
            for thread in threads:
                thread.start()
            try:
                yield log
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
                process.terminate()
                log.end()
                flood.finish()


def go_on(flood: Flood, target: Target, stop: threading.Event) -> None:
    while flood.step and not stop.is_set():
        with suppress(OSError):
            flood.step(target)


def measured(flood: Flood, burst: float, seconds: float) -> tuple[int, float]:
    """Bytes until it has become quiet, `burst` seconds at most, and in each second after that."""
    with flooded(flood) as log:
        began = time.monotonic()
        before, first = -BOUND, 0
        while first - before > LOOK * BOUND / DAY and time.monotonic() - began < burst:
            time.sleep(LOOK)
            before, first = first, log.size
        time.sleep(seconds)
        return first, (log.size - first) / seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--burst", type=float, default=60, help="seconds that a burst may take")
    parser.add_argument("--seconds", type=float, default=20, help="of the steady state")
    options = parser.parse_args()
    worst = 0.0
    print(f"{'flood':40} {'at first':>10} {'then':>10} {'a day':>10}")
    for flood in FLOODS:
        if options.name in flood.name:
            first, rate = measured(flood, options.burst, options.seconds)
            day = first + rate * DAY
            worst = max(worst, day)
            print(
                f"{flood.name:40} {first / 1e3:7.0f} kB {rate:6.0f} B/s {day / 1e6:7.1f} MB",
                flush=True,
            )
    print(f"The worst comes to {worst / 1e6:.1f} MB a day; promised are {BOUND / 1e6:.0f}.")
    return worst > BOUND


if __name__ == "__main__":
    sys.exit(main())
