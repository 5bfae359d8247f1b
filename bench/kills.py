"""Kills what runs scripts, a thousand times, under a client's eyes: `make bench-kills`.

    python bench/kills.py embedded|warm [COUNT]

`embedded` kills resident interpreters, `warm` fork servers: those of four scripts, at random
moments, by SIGKILL and SIGSEGV. The runs end by themselves, too, in the middle of a document. A
document has one number in all its registers, so that a client that sees two has seen half of one.
Exits with 1 where that happens, or an exception, and where a zombie or a descriptor is left.
"""

import contextlib
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from hosting import stat
from server import ask, serve

SIZE = 125
READ = struct.pack(">BHH", 3, 0, SIZE)
SCRIPT = """
import json, os, signal, sys
run = int(os.environ["AOBA_RUN"])
cells = [{"address_start": 0, "initial_values": [run & 0xFFFF] * SIZE}]
document = json.dumps({"stations": [{"id": UNIT, "mode": "master", "map": {"holding": cells}}],
                       "reboot_interval": 20})
sys.stdout.write(document[:300])
sys.stdout.flush()
if run % 8 == 3:
    os._exit(1)
if run % 8 == 5:
    os.kill(os.getpid(), signal.SIGKILL)
if run % 8 == 7:
    os.kill(os.getpid(), signal.SIGSEGV)
print(document[300:])
"""
MODULES = ("json", "decimal", "fractions", "colorsys")  # what tells the fork servers apart
SPECS = {
    "embedded": "python:embedded:{path}",
    "warm": f"python:external:{{path}}?python={sys.executable}&preload={{module}}",
}
VICTIMS = {"embedded": "resident.py", "warm": "fork_server.py"}
SLACK = 40  # descriptors of four runs, and of four processes that are just being started


@dataclass
class Watch:
    """Asks for all registers over and over, and keeps what is wrong."""

    port: int
    asked: int = 0
    wrong: list[object] = field(default_factory=list)
    newest: dict[int, int] = field(default_factory=dict)

    def look(self, stop: threading.Event) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                while not stop.wait(0.001):
                    for unit in range(1, len(MODULES) + 1):
                        self._check(unit, ask(client, READ, unit))
        except OSError as error:
            self.wrong.append(error)

    def _check(self, unit: int, answer: bytes) -> None:
        self.asked += 1
        values = {answer[at : at + 2] for at in range(2, len(answer), 2)}
        if answer[0] != READ[0] or len(values) != 1:
            self.wrong.append((unit, answer.hex()))
        self.newest[unit] = int.from_bytes(answer[2:4], "big")


def main() -> None:
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode not in SPECS:
        sys.exit("usage: python bench/kills.py embedded|warm [COUNT]")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder, serve(*sources(mode, Path(folder))) as server:
        aoba, watch, stop = server.process.pid, Watch(server.port), threading.Event()
        watcher = threading.Thread(target=watch.look, args=(stop,))
        watcher.start()
        time.sleep(2)
        before = descriptors(aoba)
        kill_some(VICTIMS[mode], aoba, count, watcher)
        time.sleep(3)
        newest = dict(watch.newest)
        time.sleep(1)
        stuck = [unit for unit, number in watch.newest.items() if newest.get(unit) == number]
        stop.set()
        watcher.join()
        left = descriptors(aoba)
        zombies = [pid for pid in children(aoba) if stat(pid)[:1] == ["Z"]]
        bad = [line for line in server.log if "defect" in line or "Traceback" in line]
    print(f"{count} kills, {mode}: {watch.asked} answers, {len(watch.wrong)} wrong")
    print(f"descriptors: {before} before, {left} after; zombies: {len(zombies)}")
    faults = [watch.wrong[:3], zombies, bad[:3], stuck, left > before + SLACK]
    if any(faults):
        sys.exit(f"wrong: {faults}")


def sources(mode: str, folder: Path) -> list[str]:
    found = []
    for unit, module in enumerate(MODULES, 1):
        path = folder / f"s{unit}.py"
        path.write_text(SCRIPT.replace("UNIT", str(unit)).replace("SIZE", str(SIZE)))
        found.append(SPECS[mode].format(path=path, module=module))
    return found


def kill_some(name: str, aoba: int, count: int, watcher: threading.Thread) -> None:
    """Kill `count` of Aoba's children that run the file `name`, as long as they are watched."""
    chance = random.Random(1)
    while count > 0 and watcher.is_alive():
        for pid in children(aoba):
            if name in command(pid) and chance.random() < 0.5:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, chance.choice((signal.SIGKILL, signal.SIGSEGV)))
                    count -= 1
        time.sleep(chance.uniform(0.05, 0.3))


def children(parent: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if stat(pid)[1:2] == [str(parent)]]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


if __name__ == "__main__":
    main()
