"""What clients and stations cost in memory: `make bench-memory`, half a minute.

Resident memory of Aoba, before and after: 2000 clients that connect, read once and then idle; the
same without a word; 247 stations of 1000 registers; clients that ask and never read the answers;
1000 buses of a station each, each with a port of its own.
Prints a line each, and exits with 1 where a bound does not hold.
"""

import contextlib
import json
import resource
import socket
import statistics
import struct
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from server import READ_TEN, Server, ask, serve

MIB = 1024 * 1024
CLIENTS = 2000
STATIONS = 247
REGISTERS = 1000
BUSES = 1000
FIRST_PORT = 20_000
ROUNDS = 15
REQUESTS = 3000

SCRIPT = """
import json, os, time
def put(units, count):
    holding = [{"address_start": 0, "length": count, "initial_values": [7] * count}]
    stations = [{"id": u, "mode": "master", "map": {"holding": holding}} for u in units]
    print(json.dumps({"stations": stations}))
put([1], 125)
while not os.path.exists(os.environ["AOBA_SCRIPT"] + ".go"):
    time.sleep(0.05)
put(range(1, STATIONS + 1), REGISTERS)
time.sleep(600)
"""


def main() -> None:
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * CLIENTS, 2 * CLIENTS))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "values.py"
        script.write_text(SCRIPT.replace("STATIONS", f"{STATIONS}").replace("REGISTERS", "1000"))
        for measure in (silent_clients, idle_clients, stations, deaf_clients):
            script.with_suffix(".py.go").unlink(missing_ok=True)
            with serve(f"python:external:{script}?timeout=3600") as server:
                wait_for_document(server)
                held.append(measure(server, script))
        held.append(buses(Path(folder)))
    sys.exit(0 if all(held) else 1)


def report(what: str, got: int, bound: float) -> bool:
    holds = got <= bound * MIB
    print(f"{'holds' if holds else 'FAILS'}  {what}: {got / MIB:.1f} MiB, at most {bound:g} MiB")
    return holds


def wait_for_document(server: Server) -> None:
    while not any("first document" in line for line in server.log):
        time.sleep(0.01)
    with connected(server) as client:
        ask(client, READ_TEN)


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port))


def silent_clients(server: Server, _script: Path) -> bool:
    with ExitStack() as stack:
        before = server.rss()
        for _ in range(CLIENTS):
            stack.enter_context(connected(server))
        with connected(server) as client:  # let in last, so the others are too
            ask(client, READ_TEN)
        return report(f"{CLIENTS} clients that say nothing", server.rss() - before, 20)


def idle_clients(server: Server, _script: Path) -> bool:
    with ExitStack() as stack:
        before = server.rss()
        clients = [stack.enter_context(connected(server)) for _ in range(CLIENTS)]
        for client in clients:
            ask(client, READ_TEN)
        return report(f"{CLIENTS} clients that idle", server.rss() - before, 20)


def stations(server: Server, script: Path) -> bool:
    before = server.rss()
    script.with_suffix(".py.go").touch()
    with connected(server) as client:
        read_last = struct.pack(">BHH", 3, REGISTERS - 1, 1)
        while ask(client, read_last, unit=STATIONS)[0] != 3:
            time.sleep(0.05)
    return report(f"{STATIONS} stations of {REGISTERS} registers", server.rss() - before, 30)


def deaf_clients(server: Server, _script: Path) -> bool:
    """A hundred clients that send requests as long as anybody takes them."""
    requests = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 125) * 1000
    with ExitStack() as stack:
        before = server.rss()
        for _ in range(100):
            client = stack.enter_context(connected(server))
            client.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                while True:
                    client.sendall(requests)
        return report("100 clients that never read", server.rss() - before, 40)


def buses(folder: Path) -> bool:
    """All of Aoba with a station on each bus, and a port for each; and what a request costs there.

    A request is compared with one to the only station of another Aoba: both take turns.
    """
    one, many = folder / "one.json", folder / "many.json"
    one.write_text(json.dumps([station(None)]))
    many.write_text(json.dumps([station(str(FIRST_PORT + i)) for i in range(BUSES)]))
    ports = f"tcp://127.0.0.1:{FIRST_PORT}-{FIRST_PORT + BUSES - 1}?bus={{port}}"
    with serve(f"file:{one}") as alone, serve(f"file:{many}", "--listen", ports) as server:
        address = "127.0.0.1", FIRST_PORT + BUSES - 1
        with connected(alone) as client, until_served(address) as last:
            ratios = [cpu(server, last) / cpu(alone, client) for _ in range(ROUNDS)]
        ratio = statistics.median(ratios)
        slow = ratio > 1.1
        print(f"{'FAILS' if slow else 'holds'}  CPU of a request there: {ratio:.2f} times as much")
        return report(f"{BUSES} buses, all in all", server.rss(), 150) and not slow


def station(bus: str | None) -> dict[str, object]:
    holding = [{"address_start": 0, "initial_values": list(range(10))}]
    named = {} if bus is None else {"bus": bus}
    return {"id": 1, "mode": "master", "map": {"holding": holding}, **named}


def until_served(address: tuple[str, int]) -> socket.socket:
    """A client, as soon as somebody listens there."""
    while True:
        try:
            return socket.create_connection(address)
        except ConnectionRefusedError:
            time.sleep(0.05)


def cpu(server: Server, client: socket.socket) -> float:
    """Seconds of CPU that the server takes for some requests."""
    clock = ~server.process.pid << 3 | 2  # what clock_getcpuclockid(3) gives
    before = time.clock_gettime(clock)
    for _ in range(REQUESTS):
        ask(client, READ_TEN)
    return time.clock_gettime(clock) - before


if __name__ == "__main__":
    main()
