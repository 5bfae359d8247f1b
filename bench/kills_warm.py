"""A thousand kills of fork servers and of their runs: `make bench-kills`, three minutes.

Four scripts, each with a fork server of its own, give pairs of a number and its square, in two
halves. The servers are killed at random moments; the runs end by themselves, in the middle of a
document too. Meanwhile a client looks at every value. Exits 1 where it has seen a wrong one or an
error, or where a zombie, a process or a descriptor is left.
"""

import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from server import ask, serve

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
MODULES = ("json", "decimal", "fractions", "colorsys")  # what tells the servers apart
SCRIPT = """
import json, os, signal, sys
run = int(os.environ["AOBA_RUN"])
root = run % 250
cells = [{"address_start": 0, "initial_values": [root, root * root]}]
document = json.dumps({"stations": [{"id": UNIT, "mode": "master", "map": {"holding": cells}}],
                       "reboot_interval": 20})
sys.stdout.write(document[:60])
sys.stdout.flush()
if run % 8 == 3:
    os._exit(1)
if run % 8 == 5:
    os.kill(os.getpid(), signal.SIGKILL)
if run % 8 == 7:
    os.kill(os.getpid(), signal.SIGSEGV)
print(document[60:])
"""
READ_PAIR = bytes((3, 0, 0, 0, 2))
SLACK = 40  # descriptors of four runs and four fork servers that are just being started


@dataclass
class Watch:
    """Asks for every pair over and over, and keeps what is wrong."""

    port: int
    asked: int = 0
    wrong: list[object] = field(default_factory=list)
    newest: dict[int, int] = field(default_factory=dict)

    def look(self, stop: threading.Event) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                while not stop.wait(0.001):
                    for unit in range(1, len(MODULES) + 1):
                        self._check(unit, ask(client, READ_PAIR, unit))
        except OSError as error:
            self.wrong.append(error)

    def _check(self, unit: int, answer: bytes) -> None:
        self.asked += 1
        root, square = int.from_bytes(answer[2:4], "big"), int.from_bytes(answer[4:6], "big")
        if answer[0] != READ_PAIR[0] or square != root * root:
            self.wrong.append((unit, answer.hex()))
        self.newest[unit] = root


def main() -> None:
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        with serve(*sources(Path(folder))) as server:
            watch, stop = Watch(server.port), threading.Event()
            watcher = threading.Thread(target=watch.look, args=(stop,))
            watcher.start()
            time.sleep(2)
            aoba = server.process.pid
            before = descriptors(aoba)
            kills, peak = 0, 0
            while kills < KILLS and watcher.is_alive():
                for pid in fork_servers(aoba):
                    if chance.random() < 0.5:
                        kill(pid, chance.choice((signal.SIGKILL, signal.SIGSEGV)))
                        kills += 1
                time.sleep(chance.uniform(0.05, 0.3))
                peak = max(peak, descriptors(aoba))
            time.sleep(3)
            newest = dict(watch.newest)
            time.sleep(1)
            stuck = [unit for unit, root in watch.newest.items() if newest.get(unit) == root]
            stop.set()
            watcher.join()
            left = descriptors(aoba)
            dead = [pid for pid in children(aoba) if state(pid) == "Z"]
            bad = [line for line in server.log if "defect" in line or "Traceback" in line]
        print(f"{kills} kills of fork servers, {watch.asked} answers, {len(watch.wrong)} wrong")
        print(f"descriptors: {before} before, {peak} at most, {left} after; zombies: {len(dead)}")
        faults = [watch.wrong[:3], dead, bad[:3], stuck, left > before + SLACK]
        if any(faults):
            sys.exit(f"wrong: {faults}")


def sources(folder: Path) -> list[str]:
    found = []
    for unit, module in enumerate(MODULES, 1):
        path = folder / f"s{unit}.py"
        path.write_text(SCRIPT.replace("UNIT", str(unit)))
        found.append(f"{path}?python={sys.executable}&preload={module}")
    return found


def fork_servers(aoba: int) -> list[int]:
    return [pid for pid in children(aoba) if b"fork_server.py" in read(pid, "cmdline")]


def children(parent: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if stat(pid)[1:2] == [str(parent)]]


def state(pid: int) -> str:
    return (stat(pid) or [""])[0]


def stat(pid: int) -> list[str]:
    return read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


if __name__ == "__main__":
    main()
