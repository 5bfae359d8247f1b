"""What a run of a script costs: `make bench-scripts`, five minutes.

    python bench/hosting.py [ten] [sqlite3] [numpy] [pandas] [fleet]

CPU of everything that a run takes, Aoba and the fork server included, a hundred runs a second, for
cold and warm starts, beside `python3 script.py` in a loop; and 200 warm scripts at 1 Hz, with how
late they are. Ways take turns, and ratios are of the same round, since a machine does other things,
too, and not the same all the time; what is shown are medians. Of `python3 script.py` only what it
takes itself counts, and not what it takes to start it.

`warm` is what one gets without asking: libraries are loaded beforehand, once it is known that the
script imports them, and it is measured from then on. numpy and pandas are those of an environment
of their own, which `make bench-scripts` makes; where there is none, they are left out.
"""

import contextlib
import os
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from server import READ_TEN, ask, serve

if TYPE_CHECKING:
    from collections.abc import Callable

TEN = """
import json, os
values = [int(os.environ.get("AOBA_RUN", 0))] + list(range(9))
holding = [{"address_start": 0, "length": 10, "initial_values": values}]
stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
print(json.dumps({"stations": stations, "reboot_interval": INTERVAL}))
"""
SQLITE = """
import sqlite3
connection = sqlite3.connect(":memory:")
connection.execute("create table t (n integer)")
connection.executemany("insert into t values (?)", [(n,) for n in range(10)])
"""
TELL_START = """
import time
values[1] = int(1000 * time.monotonic()) % 65536
"""
NUMPY = """
import numpy
doubled = numpy.arange(9) * 2
"""
PANDAS = """
import pandas
frame = pandas.DataFrame({"a": range(9)})
"""
OWN = sys.executable
LIBRARIES = str(Path(__file__).parents[1] / ".venv-libraries" / "bin" / "python")


class Kind(NamedTuple):
    """What is before a script of ten registers, what runs it, and how often it is in a loop."""

    before: str
    python: str
    runs: int


KINDS = {
    "ten": Kind("", OWN, 30),
    "sqlite3": Kind(SQLITE, OWN, 30),
    "numpy": Kind(NUMPY, LIBRARIES, 10),
    "pandas": Kind(PANDAS, LIBRARIES, 5),
}
ROUNDS = 5
SECONDS = 2.0
LOADING = 60.0  # seconds that libraries may take
FLEET = 200
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    wanted = sys.argv[1:] or [*KINDS, "fleet"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print(f"{'script':8} {'start':22} {'CPU ms':>7} {'wall ms':>8} {'times less CPU':>15}")
        bases = {}
        for name, kind in KINDS.items():
            if name not in wanted:
                continue
            if not Path(kind.python).exists():
                print(f"{name:8} is left out: there is no {kind.python}")
                continue
            path = folder / f"of_{name}.py"
            path.write_text((kind.before + TEN).replace("INTERVAL", "10"))
            bases[name] = compare(name, path)
        if "fleet" in wanted:
            fleet(folder / "fleet", FLEET, bases.get("ten"))


def compare(name: str, path: Path) -> float:
    """Print a row for each way; returns the CPU of a run of `python3 script.py`, in ms."""
    kind = KINDS[name]
    source = f"{path}?python={kind.python}"
    is_library = name != "ten"
    # A cold start takes longer than the slots are apart, so a cold script runs without a pause.
    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "python3 script.py": lambda: loop(path, kind.python, kind.runs),
        "cold": lambda: hosted(f"{source}&start=cold"),
        "warm": lambda: hosted(source, loads=is_library),
    }
    if is_library:
        ways["warm, preload=none"] = lambda: hosted(f"{source}&preload=none")
        ways[f"warm, preload={name}"] = lambda: hosted(f"{source}&preload={name}")
    results: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, measure in ways.items():
            results[way].append(measure())
    bases = [cpu for cpu, _ in results["python3 script.py"]]
    for way, pairs in results.items():
        cpu, wall = map(median, zip(*pairs, strict=True))
        ratio = median(base / cpu for base, (cpu, _) in zip(bases, pairs, strict=True))
        print(f"{name:8} {way:22} {cpu:7.2f} {wall:8.1f} {ratio:15.1f}", flush=True)
    return median(bases)


def loop(path: Path, python: str = OWN, count: int = 30) -> tuple[float, float]:
    """CPU and wall, in ms, of a run of `python3 script.py`."""
    before, began = children(), time.perf_counter()
    for _ in range(count):
        subprocess.run([python, path], check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    return 1000 * (children() - before) / count, 1000 * wall / count


def hosted(source: str, *, loads: bool = False) -> tuple[float, float]:
    """CPU of a run, of everybody, and from slot to slot where runs follow each other.

    `loads`: from when on libraries are loaded.
    """
    with serve(source) as server:
        deadline = time.monotonic() + LOADING
        while loads and not any("loaded before runs: " in line for line in server.log):
            if time.monotonic() > deadline:
                sys.exit(f"{source}: nothing is loaded after {LOADING:g} s\n{''.join(server.log)}")
            time.sleep(0.1)
        time.sleep(1)
        before, began, first = used(server.process.pid), time.perf_counter(), runs(server.port)
        time.sleep(SECONDS)
        spent = used(server.process.pid) - before
        seconds, count = time.perf_counter() - began, runs(server.port) - first
    return 1000 * spent / count, 1000 * seconds / count


def fleet(folder: Path, count: int, base: float | None) -> None:
    folder.mkdir()
    paths = [folder / f"s{number}.py" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        imports, values, rest = TEN.split("\n", 3)[1:]
        body = f"{imports}\n{values}\n{TELL_START}\n{rest}"
        path.write_text(body.replace("INTERVAL", "1000").replace('"id": 1', f'"id": {number}'))
    with serve(*(f"{path}?python={sys.executable}&start=warm" for path in paths)) as server:
        time.sleep(6)  # until all are under way
        before, began = used(server.process.pid), time.perf_counter()
        made, slots = starts(server.port, count)
        seconds = time.perf_counter() - began
        spent = used(server.process.pid) - before
    percentile = sorted(slots)[int(0.99 * len(slots))]
    print(f"{count} warm at 1 Hz: {spent / seconds:.2f} cores, {made / seconds:.0f} runs a second;")
    if base is not None:
        print(f"    {base * made / (1000 * spent):.1f} times less CPU than python3 script.py;")
    print(f"    99 of 100 at most {percentile} ms late")


def starts(port: int, count: int) -> tuple[int, list[int]]:
    """How many runs there were, and how late, in ms, against the earliest grid that they fit."""
    seen: dict[int, dict[int, int]] = {unit: {} for unit in range(1, count + 1)}
    with socket.create_connection(("127.0.0.1", port)) as client:
        for turn in range(12):
            time.sleep(0.9 if turn else 0)
            for unit, slots in seen.items():
                run, start = struct.unpack(">HH", ask(client, READ_TEN, unit)[2:6])
                slots[run] = start - 1000 * run
    late = []
    for slots in seen.values():
        first = next(iter(slots.values()))
        offsets = [(slot - first + 32768) % 65536 for slot in slots.values()]
        late += [offset - min(offsets) for offset in offsets]
    return sum(max(slots) - min(slots) for slots in seen.values()), late


def runs(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port)) as client:
        return int.from_bytes(ask(client, READ_TEN)[2:4], "big")


def children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def used(pid: int) -> float:
    """CPU seconds of a process and all that came of it and has been waited for.

    Those that are there by the nanosecond, since an embedded run takes less than a clock tick.
    """
    spent = sum(map(int, stat(pid)[13:15])) / TICK
    with contextlib.suppress(OSError):  # it is over
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            spent += int(path.read_text().split()[0]) / 10**9
    for entry in Path("/proc").glob("[0-9]*"):
        if stat(int(entry.name))[1:2] == [str(pid)]:
            spent += used(int(entry.name))
    return spent


def stat(pid: int) -> list[str]:
    """From the state on: parent at 1, CPU times at 11 to 14."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 15


if __name__ == "__main__":
    main()
