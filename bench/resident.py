"""What a run of an embedded script costs, and how quick it is: `python bench/resident.py`.

CPU of a run, of Aoba and the interpreter together, a hundred runs a second, beside `python3
script.py` in a loop; how often a second a script of 1 000 registers can run; and how long after it
is printed a document of 65 536 registers can be read.
"""

import socket
import statistics
import struct
import tempfile
import time
from pathlib import Path

from hosting import TEN, hosted, loop, runs, used
from server import ask, serve

UPDATE = """
def update(context):
    values = [context["run"] & 0xFFFF] + list(range(9))
    holding = [{"address_start": 0, "length": 10, "initial_values": values}]
    stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
    return {"stations": stations, "reboot_interval": INTERVAL}
"""
THOUSAND = """
values = [0] * 1000
holding = [{"address_start": 0, "length": 1000, "initial_values": values}]
stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
def update(context):
    values[0] = context["run"] & 0xFFFF
    return {"stations": stations, "reboot_interval": 10}
"""
STREAM = """
import json
values = [0] * 1000
holding = [{"address_start": 0, "length": 1000, "initial_values": values}]
while True:
    values[0] = (values[0] + 1) & 0xFFFF
    print(json.dumps([{"id": 1, "mode": "master", "map": {"holding": holding}}]))
"""
FULL = """
import json, os, sys, time
run = int(os.environ["AOBA_RUN"])
holding = [{"address_start": 0, "length": 65536, "initial_values": [run] * 65536}]
document = json.dumps({
    "stations": [{"id": 1, "mode": "master", "map": {"holding": holding}}],
    "reboot_interval": 200,
})
with open(TIMES, "a") as file:
    file.write("%d %.6f\\n" % (run, time.monotonic()))
print(document)
"""
ROUNDS = 5
FULL_RUNS = 50


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        costs(folder)
        rates(folder)
        for mode in ("embedded", "external"):
            delay(folder, mode)


def costs(folder: Path) -> None:
    executed, updated = folder / "executed.py", folder / "updated.py"
    executed.write_text(TEN.replace("INTERVAL", "10"))
    updated.write_text(UPDATE.replace("INTERVAL", "10"))
    rows: dict[str, list[float]] = {"python3": [], "embedded": [], "update()": []}
    for _ in range(ROUNDS):
        rows["python3"].append(loop(executed)[0])
        rows["embedded"].append(hosted(f"python:embedded:{executed}")[0])
        rows["update()"].append(hosted(f"python:embedded:{updated}")[0])
    print(f"{'ten registers':14} {'CPU ms':>7} {'times less CPU':>15}  in each round")
    for name, values in rows.items():
        ratios = [base / cpu for base, cpu in zip(rows["python3"], values, strict=True)]
        each = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        cpu, ratio = statistics.median(values), statistics.median(ratios)
        print(f"{name:14} {cpu:7.3f} {ratio:15.1f}  {each}")


def rates(folder: Path) -> None:
    path = folder / "thousand.py"
    path.write_text(STREAM)
    with serve(f"python:embedded:{path}") as server:
        time.sleep(0.5)
        first, began = runs(server.port), time.perf_counter()
        before = used(server.process.pid)
        time.sleep(1)
        count = (runs(server.port) - first) & 0xFFFF
        seconds = time.perf_counter() - began
        load = (used(server.process.pid) - before) / seconds
    print(
        f"1000 registers, printed all the time: {count / seconds:.0f} documents/s, {load:.2f} cores"
    )
    path.write_text(THOUSAND)
    cpu, wall = hosted(f"python:embedded:{path}")
    print(f"1000 registers, update() every 10 ms: {1000 / wall:.0f}/s, CPU {cpu:.3f} ms each")


def delay(folder: Path, mode: str) -> None:
    """From print until a client has read the last register."""
    times, path = folder / f"{mode}.times", folder / f"full_{mode}.py"
    path.write_text(FULL.replace("TIMES", repr(str(times))))
    seen: dict[int, float] = {}
    read = struct.pack(">BHH", 3, 65535, 1)
    with (
        serve(f"python:{mode}:{path}") as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while len(seen) < FULL_RUNS:
            run = int.from_bytes(ask(client, read)[2:4], "big")
            seen.setdefault(run, time.monotonic())
            time.sleep(0.0005)
    printed = {int(run): float(at) for run, at in map(str.split, times.read_text().splitlines())}
    delays = sorted(1000 * (at - printed[run]) for run, at in seen.items() if run > 1)
    print(
        f"65536 registers, {mode}: readable after {statistics.median(delays):.1f} ms, "
        f"at most {delays[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()
