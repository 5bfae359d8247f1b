"""The servers of `make bench`, each a process that prints its port, and the C programs, built.

Every server has 10 000 holding registers that hold their own addresses, so that an answer can be
checked. Servers run on one core, the load on another, where there are two; but a server that is
made of threads is run on all of them as well, which is how it is found in the field.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

HERE: Final = Path(__file__).parent
PACKAGES: Final = ("gcc", "libmodbus-dev")

# The script is there all the time, and prints only while the file `updating` stands beside it.
SCRIPT: Final = """
import json, os, time
flag = os.path.join(os.path.dirname(os.environ["AOBA_SCRIPT"]), "updating")
def put(base, count):
    values = [(base + i) % 65536 for i in range(count)]
    holding = [{"address_start": 0, "length": count, "initial_values": values}]
    print(json.dumps({"stations": [{"id": 1, "mode": "master", "map": {"holding": holding}}]}))
put(0, 10000)
base, slot = 0, time.monotonic()
while True:
    slot += 0.1
    time.sleep(max(0, slot - time.monotonic()))
    if os.path.exists(flag):
        base += 7
        put(base, 1000)
"""


class MissingToolError(Exception):
    """Says what to install."""


@dataclass(frozen=True)
class Peer:
    name: str
    pid: int
    port: int
    flag: Path | None = None
    """Exists while the registers are to change ten times a second."""

    def cpu(self) -> float:
        """Seconds of CPU it has used, all its threads, but not the script."""
        # What clock_getcpuclockid(3) gives: to the nanosecond, where /proc counts hundredths.
        return time.clock_gettime(~self.pid << 3 | 2)

    @contextmanager
    def awake(self, *, updating: bool = False) -> Iterator[None]:
        """Let it run, which it does not otherwise, so that the others have the machine."""
        os.kill(self.pid, signal.SIGCONT)
        try:
            if updating and self.flag:
                self.flag.touch()
                time.sleep(0.15)  # the script looks ten times a second
            yield
        finally:
            if updating and self.flag:
                self.flag.unlink()
            os.kill(self.pid, signal.SIGSTOP)


def build(folder: Path) -> None:
    """Compile the C programs into `folder`. Raises MissingToolError."""
    if not _compile(folder):
        command = ["apt-get", "install", "-y", *PACKAGES]
        if os.geteuid() or not shutil.which("apt-get"):
            raise MissingToolError(f"gcc and libmodbus are needed: sudo {' '.join(command)}")
        print("installing", *PACKAGES, file=sys.stderr)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode or not _compile(folder):
            raise MissingToolError(f"gcc and libmodbus are needed, and failed: {' '.join(command)}")


def _compile(folder: Path) -> bool:
    if not shutil.which("gcc"):
        return False
    library = ["-I/usr/include/modbus", "-I/usr/local/include/modbus", "-lmodbus"]
    for name, more in (("load", []), ("responder", []), ("libmodbus_server", library)):
        command = ["gcc", "-O2", "-o", str(folder / name), str(HERE / f"{name}.c"), *more]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            if not more:
                raise MissingToolError(done.stderr)
            return False
    return True


def cores() -> tuple[set[int], set[int]]:
    """The core for servers, and the one for the load; the same where there is just one."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[-1]}


def start_on(
    core: set[int], command: list[str], *, stdin: int | None = None, stderr: int | None = None
) -> subprocess.Popen[str]:
    """Start `command`, which stays on `core` with all its threads and children."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)  # inherited, so nothing ever runs elsewhere
    try:
        return subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    finally:
        os.sched_setaffinity(0, mine)


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Peer]:
    """Have the server called `name`, one of `COMMANDS`, until the end of the block; see `awake`."""
    is_aoba = name == "aoba"
    if is_aoba:
        (folder / "values.py").write_text(SCRIPT)
    command = [part.format(folder=folder, here=HERE) for part in COMMANDS[name]]
    usable = os.sched_getaffinity(0) if name in ON_ALL_CORES else cores()[0]
    process = start_on(usable, command, stderr=subprocess.PIPE if is_aoba else None)
    try:
        output = process.stderr if is_aoba else process.stdout
        assert output is not None
        port = _read_port(output)
        threading.Thread(target=output.read, daemon=True).start()  # nothing may fill up
        process.send_signal(signal.SIGSTOP)
        yield Peer(name, process.pid, port, folder / "updating" if is_aoba else None)
    finally:
        process.terminate()
        process.send_signal(signal.SIGCONT)
        process.wait()


def _read_port(output: IO[str]) -> int:
    seen = ""
    for line in output:
        seen += line
        if found := re.search(r"listening on .*:(\d+)$|^(\d+)$", line.strip()):
            return int(found[1] or found[2])
    raise RuntimeError(f"a server has ended: {seen}")


COMMANDS: Final = {
    "aoba": [
        sys.executable,
        *("-m", "aoba", "serve", "--listen", "tcp://127.0.0.1:0"),
        "python:external:{folder}/values.py?timeout=3600",
    ],
    "responder": ["{folder}/responder"],
    "libmodbus": ["{folder}/libmodbus_server"],
    "pymodbus": [sys.executable, "{here}/pymodbus_server.py"],
    "pyModbusTCP": [sys.executable, "{here}/pymodbustcp_server.py"],
    "pyModbusTCP-1-core": [sys.executable, "{here}/pymodbustcp_server.py"],
}
"""The first one is measured against the others."""

ON_ALL_CORES: Final = {"pyModbusTCP"}
READ_ONLY: Final = {"responder"}
