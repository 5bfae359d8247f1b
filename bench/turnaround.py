"""RTU turnaround: how long a master waits for an answer, from Aoba and from pymodbus' server.

Each server has a pty; FC 3 of ten registers is asked of both in turns, so that whatever else the
machine does hits them alike. What counts is the ratio of the medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

REQUEST = bytes.fromhex("01 03 0000 000a c5cd")
ANSWER_SIZE = 25
TURNS = 100
"""Requests to one server before it is the other's turn."""

AOBA = """
import json
values = list(range(100))
station = {"id": 1, "mode": "master",
           "map": {"holding": [{"address_start": 0, "initial_values": values}]}}
print(json.dumps({"stations": [station], "reboot_interval": 60000}))
"""
PYMODBUS = """
import sys
from pymodbus import FramerType
from pymodbus.server import StartSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice
block = SimData(0, values=list(range(100)), datatype=DataType.REGISTERS)
StartSerialServer(SimDevice(1, simdata=[block]), framer=FramerType.RTU, port=sys.argv[1],
                  baudrate=9600)
"""


@contextmanager
def device() -> Iterator[tuple[int, str]]:
    """Our end of a line, and the device at the other one."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def running(*command: str) -> Iterator[None]:
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def ask(line: int) -> float:
    """Seconds from the request's last byte to the answer's last byte."""
    began = time.perf_counter()
    os.write(line, REQUEST)
    size = 0
    while size < ANSWER_SIZE:
        size += len(os.read(line, ANSWER_SIZE - size))
    return time.perf_counter() - began


def wait_for(line: int) -> None:
    """Ask until there is an answer."""
    os.set_blocking(line, False)
    for _ in range(100):
        os.write(line, REQUEST)
        time.sleep(0.2)
        try:
            if len(os.read(line, 4096)) % ANSWER_SIZE == 0:
                break
        except BlockingIOError:
            continue
    else:
        raise SystemExit("no answer from a server")
    os.set_blocking(line, True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "aoba.py").write_text(AOBA)
        (folder / "pymodbus_server.py").write_text(PYMODBUS)
        lines = {}
        for name in ("aoba", "pymodbus"):
            line, tty_name = stack.enter_context(device())
            lines[name] = line
            script = str(folder / f"{name}.py")
            command = {
                "aoba": ("-m", "aoba", "serve", script, "--listen", f"rtu://{tty_name}"),
                "pymodbus": (str(folder / "pymodbus_server.py"), tty_name),
            }
            stack.enter_context(running(sys.executable, *command[name]))
            wait_for(line)
        times: dict[str, list[float]] = {name: [] for name in lines}
        for _ in range(rounds):
            for name, line in lines.items():
                times[name] += [ask(line) for _ in range(TURNS)]
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, each in times.items():
        p99 = statistics.quantiles(each, n=100)[98]
        print(f"{name:10} median {1e6 * medians[name]:6.0f} us   p99 {1e6 * p99:6.0f} us")
    ratio = medians["aoba"] / medians["pymodbus"]
    print(f"Aoba takes {ratio:.2f} of the time of pymodbus; promised is 0.50 at most")
    raise SystemExit(ratio > 0.5)


if __name__ == "__main__":
    main()
