"""What Aoba promises in figures, measured: `make bench-promises`, three minutes.

Prints a line a promise: what was measured, the bound, and whether it holds. Exits with 1 where one
does not. Absolute times depend on the machine; run it while nothing else does.
"""

import json
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from server import Poller, ask, serve

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support.hanging import (  # type: ignore[import-not-found]  # tests have no types
    CannotMountError,
    HangingFolder,
)

DOCUMENT = {
    "stations": [
        {"id": 1, "mode": "master", "map": {"holding": [{"address_start": 0, "length": 10}]}}
    ]
}
NOTE_START = """import os, subprocess, sys, threading, time
with open(TIMES, "a") as file:
    file.write("%.6f\\n" % time.monotonic())
"""
EVERY_200_MS = """
time.sleep(0.05)
print(DOCUMENT[:-1] + ', "reboot_interval": 200}')
"""
HANGS_ONCE = """
print(DOCUMENT)
if os.environ["AOBA_RUN"] == "1":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("child", child.pid, file=sys.stderr)
    time.sleep(60)
"""
FLOODS = """
print(DOCUMENT)
def flood(stream):
    for _ in range(50_000):
        stream.write(GARBAGE + "\\n")
if GARBAGE.startswith('"'):
    sys.stdout.write("{")
threads = [threading.Thread(target=flood, args=(s,)) for s in (sys.stdout, sys.stderr)]
[t.start() for t in threads]
[t.join() for t in threads]
with open(TIMES, "a") as file:
    file.write("%.6f\\n" % time.monotonic())
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(DOCUMENT)
time.sleep(60)
"""
FULL = """
time.sleep(1.5)
print(DOCUMENT)
"""
MIB = 1024 * 1024


def main() -> None:
    checks = (drift, hang, hung_files, flood, brokers, posters, full_tables, stop, help_time)
    with tempfile.TemporaryDirectory() as folder:
        held = [check(Path(folder)) for check in checks]
    sys.exit(0 if all(held) else 1)


def report(what: str, got: float, unit: str, bound: float) -> bool:
    holds = got <= bound
    print(f"{'holds' if holds else 'FAILS'}  {what}: {got:.1f} {unit}, at most {bound:g} {unit}")
    return holds


def write(times: Path, body: str, document: object = DOCUMENT, garbage: str = "") -> str:
    """A script that notes its start in `times`, and stands beside it."""
    names = {"TIMES": str(times), "DOCUMENT": json.dumps(document), "GARBAGE": garbage}
    path = times.with_suffix(".py")
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    path.write_text(head + NOTE_START + body)
    return str(path)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def starts(path: Path) -> list[float]:
    return [float(line) for line in path.read_text().split()] if path.exists() else []


def drift(folder: Path) -> bool:
    """The 300th start, 299 intervals after the first, beside a loop that sleeps in between."""
    ours, naive = folder / "ours.txt", folder / "naive.txt"
    script = write(ours, EVERY_200_MS)
    peer = write(naive, EVERY_200_MS)
    with serve(script):
        for _ in range(300):
            subprocess.run([sys.executable, peer], check=True, capture_output=True)
            time.sleep(0.2)
        wait_for(lambda: len(starts(ours)) >= 300, 70)
    late, naive_late = (1000 * abs(t[299] - t[0] - 299 * 0.2) for t in map(starts, (ours, naive)))
    print(f"       a loop that sleeps 200 ms between runs: {naive_late:.0f} ms late")
    return report("300th start off its slot", late, "ms", 20)


def hang(folder: Path) -> bool:
    times = folder / "hang.txt"
    script = write(times, HANGS_ONCE)
    with serve(script + "?timeout=2") as server, Poller(server.port).running() as poller:
        wait_for(lambda: len(starts(times)) >= 2, 20)
        pid = next(line.split()[-1] for line in server.log if ": child " in line)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), 5)
        gone = not Path(f"/proc/{pid}").exists()
    first, second = starts(times)[:2]
    return all(
        (
            report("hanging script, to the next run", second - first, "s", 4.5),
            report("its child still there", float(not gone), "processes", 0),
            report("errors of a client meanwhile", poller.errors, "answers", 0),
            report("slowest answer meanwhile", 1000 * max(poller.times), "ms", 50),
        )
    )


def hung_files(folder: Path) -> bool:
    """Scripts in each of the ways there are, and a file, on a file system that hangs for 10 s."""
    there = folder / "hung"
    there.mkdir()
    try:
        with HangingFolder(there) as hanging:
            return _hung_files(folder, hanging)
    except CannotMountError as error:
        print(f"       no file system can be mounted here: {error}")
        return True


def _hung_files(folder: Path, hanging: HangingFolder) -> bool:
    script = f"print({json.dumps(DOCUMENT)!r}[:-1] + ', \"reboot_interval\": 100}}')\n"
    sources = [write(folder / "beside.txt", EVERY_200_MS)]
    forms = ("{}.py?timeout=2", "{}.py?timeout=2&start=cold", "python:embedded:{}.py?timeout=2")
    for unit, form in enumerate(forms, 2):
        (hanging.behind / f"s{unit}.py").write_text(script.replace('"id": 1', f'"id": {unit}'))
        sources.append(form.format(hanging.path / f"s{unit}"))
    values = json.dumps(DOCUMENT).replace('"id": 1', '"id": 9')
    (hanging.behind / "values.json").write_text(values)
    sources.append(f"file:{hanging.path}/values.json")
    with serve(*sources) as server:
        with Poller(server.port).running() as poller:
            time.sleep(2)
            before = len(starts(folder / "beside.txt"))
            hanging.hang()
            time.sleep(10)
            made = len(starts(folder / "beside.txt")) - before
        ended = time.monotonic()
        server.process.terminate()
        server.process.wait()
        took = time.monotonic() - ended
    return all(
        (
            report("errors of a client while a file system hangs", poller.errors, "answers", 0),
            report("slowest answer meanwhile", 1000 * max(poller.times), "ms", 50),
            report("slots that another script misses", max(0, 50 - made), "of 50", 2),
            report("SIGTERM to exit while it hangs", took, "s", 3),
        )
    )


def flood(folder: Path) -> bool:
    held = []
    for name, garbage in (
        ("lines", "garbage " * 125),
        ("open lists", "[1, 2, 3, " * 100),
        ("empty lists", "[]" * 500),
        ("one object", '"":1,' * 200),
    ):
        times = folder / f"{name}.txt"
        script = write(times, FLOODS, garbage=garbage)
        with serve(script) as server, Poller(server.port).running() as poller:
            before = peak = server.rss()
            end = time.monotonic() + 20
            while len(starts(times)) < 2 and time.monotonic() < end:
                peak = max(peak, server.rss())
                time.sleep(0.005)
        held.append(report(f"memory, flood of {name}", (peak - before) / MIB, "MiB", 40))
        held.append(report("slowest answer meanwhile", 1000 * max(poller.times), "ms", 50))
    return all(held)


@contextmanager
def peer(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process of `hostile.py`."""
    command = [sys.executable, str(Path(__file__).with_name("hostile.py")), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> list[int]:
    """The numbers in its next line."""
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()]


def brokers(_: Path) -> bool:
    """What a broker sends, for 10 s from a second after the first document on."""
    held = []
    for name, what in (("messages of 256 MiB", "large"), ("a flood of messages", "messages")):
        with (
            peer("broker", what) as broker,
            serve(f"mqtt://127.0.0.1:{said(broker)[0]}/t") as server,
        ):
            wait_for(lambda: any("first document" in line for line in server.log), 10)
            before = server.rss()
            with Poller(server.port).running() as rest:
                time.sleep(1)
            with Poller(server.port).running() as poller:
                time.sleep(10)
            grown = server.peak_rss() - before
        slower = median(poller.times) / median(rest.times)
        held += [
            report(f"memory, {name}", grown / MIB, "MiB", 32),
            report("slowest answer meanwhile", 1000 * max(poller.times), "ms", 50),
            report("median answer, against one at rest", slower, "times", 10),
        ]
    return all(held)


def posters(_: Path) -> bool:
    held = []
    for name, sessions, bodies in (
        ("100 sessions", 100, 0),
        ("the same and 80 slow bodies", 100, 80),
        ("300 sessions", 300, 0),
    ):
        with serve("http://127.0.0.1:0/plant") as server:
            wait_for(lambda: any("waiting for documents" in line for line in server.log), 10)
            line = next(line for line in server.log if "waiting for documents" in line)
            port = int(line.rsplit(":", 1)[1].partition("/")[0])
            with peer("posters", port, 1, 0.5) as warm_up:
                said(warm_up)
            before = server.rss()
            with (
                peer("slow", port, bodies),
                peer("posters", port, sessions, 10) as posting,
                Poller(server.port).running() as poller,
            ):
                answered, lost = said(posting)
            grown = server.peak_rss() - before
        print(f"       {name}: {answered / 10:.0f} posts a second")
        held += [
            report(f"posts without an answer, {name}", lost, "posts", 0),
            report("memory", grown / MIB, "MiB", 32),
            report("slowest answer meanwhile", 1000 * max(poller.times), "ms", 50),
        ]
    return all(held)


def full_tables(folder: Path) -> bool:
    values = [(7 * i) % 65536 for i in range(65536)]
    tables = {
        name: [{"address_start": 0, "length": 65536, "initial_values": values}]
        for name in ("coils", "discrete_inputs", "holding", "input")
    }
    document = {"stations": [{"id": 1, "mode": "master", "map": tables}]}
    script = write(folder / "full.txt", FULL, document)
    wrong = 0
    with serve(script) as server, Poller(server.port).running() as poller:
        wait_for(lambda: any("first document" in line for line in server.log), 20)
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            for start in range(0, 65500, 100):
                answer = ask(client, struct.pack(">BHH", 4, start, 100))
                wrong += answer[2:] != struct.pack(">100H", *values[start : start + 100])
    return all(
        (
            report("wrong reads of four full tables", wrong, "answers", 0),
            report("slowest answer while they apply", 1000 * max(poller.times), "ms", 50),
        )
    )


def stop(folder: Path) -> bool:
    script = write(folder / "stubborn.txt", STUBBORN)
    with serve(script) as server:
        before = time.monotonic()
        server.process.terminate()
        code = server.process.wait()
        took = time.monotonic() - before
    return report("exit status", code, "", 0) & report("SIGTERM to exit", took, "s", 3)


def help_time(_: Path) -> bool:
    def best(command: list[str]) -> float:
        times = []
        for _ in range(10):
            before = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - before)
        return 1000 * sorted(times)[5]

    bare = best([sys.executable, "-c", "pass"])
    print(f"       the interpreter alone: {bare:.0f} ms")
    return report("aoba --help", best([sys.executable, "-m", "aoba", "--help"]), "ms", 150)


if __name__ == "__main__":
    main()
