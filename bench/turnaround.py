"""RTU over a pseudo-terminal, Aoba beside pymodbus: `make bench-rtu`, a quarter of a minute.

Times from the last byte of a request to the last byte of its answer, ten registers, one request
after the other. Servers take turns, a few hundred requests each; every answer is checked. A
pseudo-terminal has no baud rate, so what is seen is what the servers add to a line. Nothing is tied
to a core: one end waits while the other works, and waking a core that sleeps would cost more than
either server does.
"""

import os
import select
import statistics
import struct
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from peers import HERE, SCRIPT, start_on

from aoba.modbus.checksums import crc16

ROUNDS: Final = 9
REQUESTS: Final = 1000


def with_crc(data: bytes) -> bytes:
    return data + crc16(data).to_bytes(2, "little")


REQUEST: Final = with_crc(bytes((1, 3, 0, 0, 0, 10)))
ANSWER: Final = with_crc(bytes((1, 3, 20)) + struct.pack(">10H", *range(10)))


@contextmanager
def serving(command: list[str]) -> Iterator[int]:
    """Run `command` with a serial device at its end; gives the other end of the line."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    device = os.ttyname(theirs)
    log = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- closed below
    argv = [part.format(device=device) for part in command]
    process = start_on(os.sched_getaffinity(0), argv, stderr=log.fileno())
    try:
        end = time.monotonic() + 20
        while ask(ours, 0.2) != ANSWER:
            if time.monotonic() > end or process.poll() is not None:
                sys.exit(f"bench: no answer from {' '.join(argv)}")
        yield ours
    finally:
        process.terminate()
        process.wait()
        log.close()
        os.close(ours)
        os.close(theirs)


def ask(line: int, patience: float = 5.0) -> bytes:
    """One request, and what is answered to it, if anything."""
    os.write(line, REQUEST)
    answer = b""
    while len(answer) < len(ANSWER) and select.select([line], [], [], patience)[0]:
        answer += os.read(line, 1000)
    return answer


def measure(line: int) -> list[float]:
    times = []
    for _ in range(REQUESTS):
        before = time.perf_counter()
        answer = ask(line)
        times.append(1e6 * (time.perf_counter() - before))
        if answer != ANSWER:
            sys.exit(f"bench: a wrong answer: {answer.hex(' ')}")
    return times


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        script = Path(folder) / "values.py"
        script.write_text(SCRIPT)
        source = f"python:external:{script}?timeout=3600"
        lines = {
            "aoba": [sys.executable, "-m", "aoba", "serve", source, "--listen", "rtu://{device}"],
            "pymodbus": [sys.executable, str(HERE / "pymodbus_rtu_server.py"), "{device}"],
        }
        ours = {name: stack.enter_context(serving(command)) for name, command in lines.items()}
        times: dict[str, list[list[float]]] = {name: [] for name in ours}
        for _ in range(ROUNDS):
            for name, line in ours.items():
                times[name].append(measure(line))
    for name, rounds in times.items():
        median = statistics.median(map(statistics.median, rounds))
        p99 = statistics.median(statistics.quantiles(some, n=100)[-1] for some in rounds)
        print(f"{name:9} median {median:7.0f} us, p99 {p99:7.0f} us")
    ratios = [
        statistics.median(own) / statistics.median(other)
        for own, other in zip(times["aoba"], times["pymodbus"], strict=True)
    ]
    print(f"Aoba's median by pymodbus': {statistics.median(ratios):.2f}, the rounds' median")


if __name__ == "__main__":
    main()
