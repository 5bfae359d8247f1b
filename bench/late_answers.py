"""Devices that answer late, and what masters make of it: `make bench-late`, ten minutes.

    python bench/late_answers.py [--seconds 600] [--timeout 0.2] [--seed 1]

Three serial lines, each a pseudo-terminal with a device at its end, which takes 0 to 2.5 timeouts
for each answer, one after the other, whoever asked and whether they still wait. `aoba read` asks
one of them again and again, for other registers each time; `aoba read --watch` another one; and a
gateway with two sources the third. What a register holds follows from its address, so a late answer
that was taken for another one shows. Exits with 1 where one was.
"""

import argparse
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Self

from aoba.modbus.checksums import crc16

AOBA = (sys.executable, "-m", "aoba")
MOST = 2.5
"""Timeouts that an answer takes at most."""
BLOCKS = ((0, 250), (100, 10), (300, 250), (500, 10))
"""What `aoba read` asks for in turn; some take two requests."""
GATEWAY = {1: ((0, 20), (300, 20)), 2: ((1000, 20),)}
"""What its two sources read of station 1, by the unit id that they give it."""


def value(address: int) -> int:
    """What a register holds."""
    return (20011 + 7 * address) & 0xFFFF


class LateDevice:
    """Use as a context manager."""

    def __init__(self, timeout: float, seed: int) -> None:
        self._timeout, self._random = timeout, random.Random(seed)
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._ours)
        self.url = f"rtu://{os.ttyname(self._theirs)}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.asked = self.late = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._ours)
        os.close(self._theirs)

    def _serve(self) -> None:
        data = b""
        while not self._stop.is_set():
            if select.select([self._ours], [], [], 0.1)[0]:
                data += os.read(self._ours, 4096)
            while len(data) >= 8:
                request, data = data[:8], data[8:]
                if crc16(request):
                    sys.exit(f"late_answers: no request: {request.hex(' ')}")
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        delay = self._random.uniform(0, MOST) * self._timeout
        self.asked += 1
        self.late += delay > self._timeout
        if self._stop.wait(delay):
            return
        unit, function, start, count = struct.unpack(">BBHH", request[:6])
        values = (value(address) for address in range(start, start + count))
        answer = struct.pack(f">BBB{count}H", unit, function, 2 * count, *values)
        os.write(self._ours, answer + crc16(answer).to_bytes(2, "little"))


@dataclass
class Tally:
    """What one of those who ask was told."""

    name: str
    right: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list)

    def check(self, start: int, values: list[int]) -> None:
        if values == [value(address) for address in range(start, start + len(values))]:
            self.right += 1
        else:
            self.wrong.append(f"{start}..{start + len(values) - 1}: {values}")


def read_again_and_again(device: LateDevice, timeout: float, until: float, tally: Tally) -> None:
    for start, count in cycle(BLOCKS):
        if time.monotonic() > until:
            break
        arguments = (
            "read",
            device.url,
            "holding",
            start,
            count,
            "--timeout",
            f"{timeout}",
            "--json",
        )
        done = subprocess.run([*AOBA, *map(str, arguments)], capture_output=True, check=False)
        if done.returncode:
            tally.failed += 1
        else:
            tally.check(start, json.loads(done.stdout)["values"])


def watch(device: LateDevice, timeout: float, until: float, tally: Tally) -> None:
    arguments = ("read", device.url, "holding", 40, 250, "--watch", f"{timeout}")
    more = ("--timeout", f"{timeout}", "--json")
    argv = [*AOBA, *map(str, (*arguments, *more))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        timer = threading.Timer(until - time.monotonic(), process.send_signal, (signal.SIGINT,))
        timer.start()
        for line in process.stdout:
            reading = json.loads(line)
            if "values" in reading:
                tally.check(40, reading["values"])
            else:
                tally.failed += 1


def gateway(device: LateDevice, timeout: float, until: float, tally: Tally) -> None:
    """What it serves is compared all the time; it counts how often its polls brought values."""
    options = f"unit=1&timeout={timeout}&interval={timeout}&retries=1"
    sources = []
    for unit, blocks in GATEWAY.items():
        ranges = ",".join(f"{start}-{start + count - 1}" for start, count in blocks)
        health = f"&health={unit}:input:9000"
        sources.append(f"modbus:{device.url}?as={unit}&holding={ranges}&{options}{health}")
    argv = [*AOBA, "serve", *sources, "--listen", "tcp://127.0.0.1:0"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            port = next(_port(line) for line in process.stderr if "listening on" in line)
            log = threading.Thread(target=process.stderr.read, daemon=True)
            log.start()
            with socket.create_connection(("127.0.0.1", port)) as client:
                while time.monotonic() < until:
                    _compare(client, tally)
                    time.sleep(0.02)
                for unit in GATEWAY:
                    good, failed = _polls(client, unit)
                    tally.right += good
                    tally.failed += failed
        finally:
            process.terminate()


def _port(line: str) -> int:
    return int(line.strip().rpartition(":")[2])


def _compare(client: socket.socket, tally: Tally) -> None:
    for unit, blocks in GATEWAY.items():
        for start, count in blocks:
            values = _ask(client, unit, 3, start, count)
            if values and values != [value(at) for at in range(start, start + count)]:
                tally.wrong.append(f"station {unit}, from {start} on: {values}")


def _ask(client: socket.socket, unit: int, function: int, start: int, count: int) -> list[int]:
    """Empty for an exception: nothing was read so far."""
    client.sendall(struct.pack(">HHHBBHH", 1, 0, 6, unit, function, start, count))
    answer = client.recv(300)
    if answer[7] & 0x80:
        return []
    return list(struct.unpack_from(f">{count}H", answer, 9))


def _polls(client: socket.socket, unit: int) -> tuple[int, int]:
    """How many succeeded, and how many failed."""
    registers = _ask(client, unit, 4, 9000, 8)
    return registers[3] - registers[5], registers[5]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--timeout", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    tallies: list[Tally] = []
    devices: list[LateDevice] = []
    with ExitStack() as stack:
        threads = []
        for work in (read_again_and_again, watch, gateway):
            device = stack.enter_context(LateDevice(options.timeout, options.seed + len(devices)))
            tally = Tally(work.__name__)
            devices.append(device)
            tallies.append(tally)
            arguments = (device, options.timeout, until, tally)
            threads.append(threading.Thread(target=work, args=arguments))
            threads[-1].start()
        for thread in threads:
            thread.join()
    for line in report(tallies, devices):
        print(line)
    return int(any(tally.wrong or not tally.right for tally in tallies))


def report(tallies: list[Tally], devices: list[LateDevice]) -> Iterator[str]:
    for tally, device in zip(tallies, devices, strict=True):
        yield (
            f"{tally.name}: {tally.right} right, {len(tally.wrong)} wrong, {tally.failed} failed; "
            f"{device.asked} requests, {device.late} answered late"
        )
        yield from (f"    {wrong}" for wrong in tally.wrong[:5])


if __name__ == "__main__":
    sys.exit(main())
