"""What a run of a script costs: `make bench-scripts`, two minutes.

CPU of everything that a run takes, Aoba and the fork server included, a hundred runs a second, for
cold and warm starts, beside `python3 script.py` in a loop; and 200 warm scripts at 1 Hz, with how
late they are. Rounds alternate, and the least of each way counts, since a machine has other things
to do, too, which never make a run cheaper.
"""

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

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
NOTE_START = """
import os, time
with open(os.environ["AOBA_SCRIPT"] + ".starts", "a") as file:
    file.write("%.6f\\n" % time.monotonic())
"""
ROUNDS = 4
SECONDS = 2.0
FLEET = 200
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'script':8} {'start':22} {'CPU ms':>7} {'wall ms':>8} {'times less CPU':>15}")
        for kind, body in (("ten", TEN), ("sqlite3", SQLITE + TEN)):
            path = folder / f"of_{kind}.py"
            path.write_text(body.replace("INTERVAL", "10"))
            compare(kind, path)
        fleet(folder / "fleet", FLEET)


def compare(kind: str, path: Path) -> None:
    # A cold start takes longer than the slots are apart, so a cold script runs without a pause.
    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "python3 script.py": lambda: loop(path),
        "cold": lambda: hosted(f"{path}?python={sys.executable}&start=cold"),
        "warm": lambda: hosted(f"{path}?python={sys.executable}&start=warm"),
    }
    if kind != "ten":
        ways[f"warm, preload={kind}"] = lambda: hosted(
            f"{path}?python={sys.executable}&preload={kind}"
        )
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, measure in ways.items():
            results[name].append(measure())
    base = min(results["python3 script.py"])[0]
    for name, pairs in results.items():
        cpu, wall = min(pairs)
        print(f"{kind:8} {name:22} {cpu:7.2f} {wall:8.1f} {base / cpu:15.1f}")


def loop(path: Path, count: int = 30) -> tuple[float, float]:
    """CPU and wall, in ms, of a run of `python3 script.py`."""
    before, began = children(), time.perf_counter()
    for _ in range(count):
        subprocess.run([sys.executable, path], check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    return 1000 * (children() - before) / count, 1000 * wall / count


def hosted(source: str) -> tuple[float, float]:
    """CPU of a run, of everybody, and from slot to slot where runs follow each other."""
    with serve(source) as server:
        time.sleep(1)
        before, began, first = used(server.process.pid), time.perf_counter(), runs(server.port)
        time.sleep(SECONDS)
        spent = used(server.process.pid) - before
        seconds, count = time.perf_counter() - began, runs(server.port) - first
    return 1000 * spent / count, 1000 * seconds / count


def fleet(folder: Path, count: int) -> None:
    folder.mkdir()
    paths = [folder / f"s{number}.py" for number in range(count)]
    body = TEN.replace("INTERVAL", "1000")
    for number, path in enumerate(paths):
        path.write_text(NOTE_START + body.replace('"id": 1', f'"id": {number + 1}'))
    with serve(*(f"{path}?python={sys.executable}&start=warm" for path in paths)) as server:
        time.sleep(6)  # until all are under way
        before, began = used(server.process.pid), time.perf_counter()
        time.sleep(10)
        load = (used(server.process.pid) - before) / (time.perf_counter() - began)
    late = sorted(lateness for path in paths for lateness in latenesses(path))
    percentile = 1000 * late[int(0.99 * len(late))]
    print(f"{count} warm at 1 Hz: {load:.2f} cores, 99 of 100 at most {percentile:.0f} ms late")


def latenesses(path: Path) -> list[float]:
    """Of the last ten starts, against the earliest grid that they fit."""
    starts = [float(line) for line in Path(f"{path}.starts").read_text().split()][-10:]
    slots = [start - number for number, start in enumerate(starts)]
    return [slot - min(slots) for slot in slots]


def runs(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port)) as client:
        return int.from_bytes(ask(client, READ_TEN)[2:4], "big")


def children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def used(pid: int) -> float:
    """CPU seconds of a process and all that came of it and has been waited for."""
    own = stat(pid)
    spent = sum(map(int, own[11:15])) / TICK
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
