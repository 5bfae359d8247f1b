"""Kills what runs scripts, a thousand times, under a client's eyes: `make bench-kills`.

    python bench/kills.py [MODE] [COUNT]

MODE `embedded` kills the resident interpreter: SIGKILL, SIGSEGV, and `os._exit` in the middle of a
document, in turn. Every document has one number in all its registers, so a client that sees two
has seen half of one. It also looks for exceptions, zombies and descriptors left open. Exits with 1
where there is any.
"""

import contextlib
import os
import signal
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hosting import stat
from server import Server, ask, serve

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 125
READ = struct.pack(">BHH", 3, 0, SIZE)
SCRIPT = """
import json, os
def document(number):
    holding = [{"address_start": 0, "initial_values": [number] * %d}]
    stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
    return json.dumps({"stations": stations, "reboot_interval": 10})
text = document(int(os.environ["AOBA_RUN"]) & 0xFFFF)
gate = os.environ["AOBA_SCRIPT"] + ".exit"
if os.path.exists(gate):
    os.remove(gate)
    os.write(1, text.encode()[: len(text) // 2])
    os._exit(1)
print(text)
"""
SPECS = {"embedded": "python:embedded:{}"}
PATIENCE = 30.0


def main() -> None:
    mode = sys.argv[1] if len(sys.argv) > 1 else "embedded"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.py"
        path.write_text(SCRIPT % SIZE)
        with serve(SPECS[mode].format(path)) as server:
            faults = stress(server, path, count)
    print(f"{count} kills, {mode}: {', '.join(faults) if faults else 'nothing wrong'}")
    sys.exit(1 if faults else 0)


def stress(server: Server, path: Path, count: int) -> list[str]:
    ways: list[Callable[[], None]] = [
        lambda: kill(server, signal.SIGKILL),
        lambda: kill(server, signal.SIGSEGV),
        Path(f"{path}.exit").touch,
    ]
    faults: list[str] = []
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        descriptors = open_descriptors(server)
        for number in range(count):
            before = value(client, faults)
            ways[number % len(ways)]()
            # Two further values: by the second one what was killed is being replaced.
            for _ in range(2):
                before = newer(client, before, faults)
            if faults:
                return faults
        left = open_descriptors(server) - descriptors
        zombies = [pid for pid in children(server) if stat(pid)[0] == "Z"]
    if left > 1:  # a run may be under way
        faults.append(f"{left} descriptors left open")
    if zombies:
        faults.append(f"{len(zombies)} zombies")
    return faults


def newer(client: socket.socket, before: int, faults: list[str]) -> int:
    deadline = time.monotonic() + PATIENCE
    while (now := value(client, faults)) == before and not faults:
        if time.monotonic() > deadline:
            faults.append(f"no new value in {PATIENCE:g} s")
        time.sleep(0.001)
    return now


def value(client: socket.socket, faults: list[str]) -> int:
    answer = ask(client, READ)
    if answer[0] != 3:
        faults.append(f"exception {answer[1]}")
        return 0
    values: set[int] = set(struct.unpack(f">{SIZE}H", answer[2:]))
    if len(values) != 1:
        faults.append(f"half a document: {sorted(values)}")
    return min(values)


def kill(server: Server, number: signal.Signals) -> None:
    for pid in children(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def open_descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def children(server: Server) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if stat(pid)[1:2] == [str(server.process.pid)]]


if __name__ == "__main__":
    main()
