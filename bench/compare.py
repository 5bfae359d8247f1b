"""Aoba beside other Modbus TCP servers, and beside what C can do: `make bench`, five minutes.

    python bench/compare.py [--quick] [--json] [--servers aoba,libmodbus] [--connections 16,64]
                            [--quantities 10,125] [--rounds 3] [--seconds 1.2] [--spread 1]

Every server is started once and stays; one after the other is asked by the same load (`load.c`), in
rounds, so that whatever else the machine does meets all of them. Aoba is measured twice: idle, and
with a script that updates 1000 registers ten times a second. What counts is the median of the
rounds' ratios. Servers and load have a core of their own each, but see README.md here.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Final

from peers import COMMANDS, MissingToolError, Peer, build, cores, serving, start_on
from rich.console import Console
from rich.table import Table

UPDATING: Final = "aoba, updating"
GRACE: Final = 15.0
"""Seconds a measurement may take beyond its time, to connect and to end."""


@dataclass(frozen=True)
class Cell:
    """One measurement; latencies and CPU time of the server are in microseconds."""

    round: int
    server: str
    quantity: int
    connections: int
    rate: float
    p50: float
    p99: float
    p999: float
    cpu: float


@dataclass(frozen=True)
class Plan:
    servers: Sequence[str]
    quantities: Sequence[int]
    connections: Sequence[int]
    rounds: int
    seconds: float
    spread: int


def main() -> None:
    options = parse()
    plan = Plan(*(getattr(options, name) for name in Plan.__dataclass_fields__))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        try:
            build(folder)
        except MissingToolError as error:
            sys.exit(f"bench: {error}")
        peers = [stack.enter_context(serving(server, folder)) for server in plan.servers]
        cells = list(measure(plan, peers, folder / "load"))
    if options.json:
        print(json.dumps(as_json(plan, cells), indent=1))
    else:
        show(plan, cells)


def parse() -> argparse.Namespace:
    def listed(convert: Callable[[str], object]) -> Callable[[str], list[object]]:
        return lambda text: [convert(part) for part in text.split(",")]

    def server(text: str) -> str:
        if text not in COMMANDS:
            raise argparse.ArgumentTypeError(f"{text!r}: known are {', '.join(COMMANDS)}")
        return text

    parser = argparse.ArgumentParser(description="Compares Modbus TCP servers.")
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    parser.add_argument("--json", action="store_true", help="all medians, for machines")
    parser.add_argument(
        "--servers", type=listed(server), default=list(COMMANDS), metavar="NAME,..."
    )
    parser.add_argument("--connections", type=listed(int))
    parser.add_argument("--quantities", type=listed(int))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="each measurement, its warm-up not counted")
    parser.add_argument("--spread", type=int, default=1, help="addresses that requests start at")
    options = parser.parse_args()
    quick = options.quick
    options.connections = options.connections or ([16, 64] if quick else [1, 16, 64, 512])
    options.quantities = options.quantities or ([10] if quick else [10, 125])
    options.seconds = options.seconds or (0.7 if quick else 1.2)
    if options.servers[0] != "aoba":
        options.servers = ["aoba", *(name for name in options.servers if name != "aoba")]
    return options


def measure(plan: Plan, peers: Sequence[Peer], load: Path) -> Iterator[Cell]:
    for number in range(plan.rounds):
        for quantity, connections in product(plan.quantities, plan.connections):
            for peer in peers:
                for updating in (False, True) if peer.flag else (False,):
                    if peer.flag:
                        set_updating(peer.flag, updating)
                    command = (load, peer.port, connections, plan.seconds, quantity, plan.spread)
                    result = run_load(peer, list(map(str, command)), plan.seconds)
                    name = UPDATING if updating else peer.name
                    if isinstance(result, str):
                        print(f"{name}, {connections} connections: {result}", file=sys.stderr)
                    else:
                        yield Cell(number, name, quantity, connections, **result)
        print(f"round {number + 1} of {plan.rounds} done", file=sys.stderr)


def set_updating(flag: Path, updating: bool) -> None:
    if updating:
        flag.touch()
    else:
        flag.unlink(missing_ok=True)
    time.sleep(0.25)  # two slots of the script, for the registers to be as they should


def run_load(peer: Peer, command: list[str], seconds: float) -> dict[str, float] | str:
    """What the load has measured, and the server's CPU time; or why there is nothing."""
    before = peer.cpu()
    process = start_on(cores()[1], command, subprocess.PIPE)
    try:
        output, error = process.communicate(timeout=seconds + GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"took longer than {seconds + GRACE:g} s"
    if process.returncode:
        return error.strip()
    result: dict[str, float] = json.loads(output)
    # Of the warm-up, a tenth of the time, requests are not counted.
    return result | {"cpu": 1e6 * (peer.cpu() - before) / (1.1 * result.pop("requests"))}


def show(plan: Plan, cells: Sequence[Cell]) -> None:
    console = Console()
    for quantity in plan.quantities:
        table = Table(title=f"{quantity} registers a request; times in us")
        table.add_column("clients", justify="right")
        table.add_column("server")
        for name in ("requests/s", "ratio", "p50", "p99", "p99.9", "CPU", "CPU ratio"):
            table.add_column(name, justify="right")
        for connections in plan.connections:
            some = [c for c in cells if (c.quantity, c.connections) == (quantity, connections)]
            for name in dict.fromkeys(cell.server for cell in some):
                table.add_row(str(connections), name, *row(some, name))
            table.add_section()
        console.print(table)
    console.print(f"{platform.platform()}, Python {platform.python_version()};")
    console.print(f"medians of {plan.rounds} rounds. CPU is the server's, for each request.")
    console.print("Ratios: how much better Aoba is; updating: how much of its idle figure is left.")
    console.print(f"server and load on cores {cores()}; load average {os.getloadavg()[0]:.1f}")


def row(cells: Sequence[Cell], name: str) -> Iterator[str]:
    def median(value: Callable[[Cell], float]) -> float:
        return statistics.median(value(cell) for cell in cells if cell.server == name)

    yield f"{median(lambda cell: cell.rate):,.0f}"
    yield f"{median_ratio(cells, name, lambda cell: cell.rate):.2f}"
    for value in (lambda c: c.p50, lambda c: c.p99, lambda c: c.p999):
        yield f"{median(value):,.0f}"
    yield f"{median(lambda cell: cell.cpu):.1f}"
    yield f"{median_ratio(cells, name, lambda cell: 1 / cell.cpu):.2f}"


def median_ratio(cells: Sequence[Cell], name: str, value: Callable[[Cell], float]) -> float:
    """`value` of Aoba by that of `name`, but of an updating Aoba by that of an idle one.

    It is the median of the rounds' ratios: neighbours in time are compared, since a machine may be
    busier in one round than in the next.
    """
    values = {(cell.server, cell.round): value(cell) for cell in cells}
    ratios = [
        own / other if name != UPDATING else other / own
        for (server, number), own in values.items()
        if server == "aoba" and (other := values.get((name, number)))
    ]
    return statistics.median(ratios) if ratios else math.nan


def as_json(plan: Plan, cells: Sequence[Cell]) -> dict[str, object]:
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "plan": asdict(plan),
        "measurements": [asdict(cell) for cell in cells],
    }


if __name__ == "__main__":
    main()
