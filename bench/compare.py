"""Aoba beside other Modbus TCP servers, and beside what C can do: `make bench`, six minutes.

    python bench/compare.py [--quick] [--json] [--servers aoba,libmodbus] [--connections 16,64]
                            [--quantities 10,125] [--rounds 12] [--seconds 0.3] [--spread 1]
                            [--function 3]

All servers are there all the time and take turns, a slice of a second each (`slices.py`), under the
same load (`load.c`). Aoba has two turns in each round: idle, and with a script that updates 1000
registers ten times a second. What counts is the median of the rounds' ratios; their quartiles say
what it is worth. Servers and load have a core of their own each, but see README.md here.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from peers import COMMANDS, READ_ONLY, MissingToolError, build, cores, serving
from rich import box
from rich.console import Console
from rich.table import Table
from slices import READ, UPDATING, Cell, Plan, measure


def main() -> None:
    options = parse()
    plan = Plan(*(getattr(options, name) for name in Plan.__dataclass_fields__))
    load_average = os.getloadavg()[0]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # ends the servers, too
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        try:
            build(folder)
        except MissingToolError as error:
            sys.exit(f"bench: {error}")
        peers = [stack.enter_context(serving(server, folder)) for server in plan.servers]
        cells = list(measure(plan, peers, folder / "load"))
    about = {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "load_average": load_average,
    }
    if options.json:
        measurements = [asdict(cell) for cell in cells]
        print(json.dumps(about | {"plan": asdict(plan), "measurements": measurements}, indent=1))
    else:
        show(plan, cells, about)


def parse() -> argparse.Namespace:
    def listed(convert: Callable[[str], object]) -> Callable[[str], list[object]]:
        return lambda text: [convert(part) for part in text.split(",")]

    def server(text: str) -> str:
        if text not in COMMANDS:
            raise argparse.ArgumentTypeError(f"{text!r}: known are {', '.join(COMMANDS)}")
        return text

    parser = argparse.ArgumentParser(description="Compares Modbus TCP servers.")
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    parser.add_argument("--json", action="store_true", help="all slices, for machines")
    parser.add_argument(
        "--servers", type=listed(server), default=list(COMMANDS), metavar="NAME,..."
    )
    parser.add_argument("--connections", type=listed(int))
    parser.add_argument("--quantities", type=listed(int))
    parser.add_argument("--rounds", type=int, help="slices of each server")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a slice")
    parser.add_argument("--spread", type=int, default=1, help="addresses that requests start at")
    parser.add_argument("--function", type=int, choices=(3, 16), default=3, help="read, or write")
    options = parser.parse_args()
    options.rounds = options.rounds or (9 if options.quick else 12)
    options.connections = options.connections or ([16, 64] if options.quick else [1, 16, 64, 512])
    options.quantities = options.quantities or ([10] if options.quick else [10, 125])
    if options.function != READ:
        options.servers = [name for name in options.servers if name not in READ_ONLY]
    if options.servers[:1] != ["aoba"]:
        options.servers = ["aoba", *(name for name in options.servers if name != "aoba")]
    return options


def show(plan: Plan, cells: Sequence[Cell], about: dict[str, object]) -> None:
    console = Console()
    for quantity in plan.quantities:
        table = Table(title=f"{title(plan, quantity)}; times in us", box=box.SIMPLE_HEAD, padding=0)
        table.add_column("server", no_wrap=True)
        for name in ("req/s", "ratio", "quartiles", "p50", "p99", "p99.9", "CPU", "ratio"):
            table.add_column(name, justify="right", no_wrap=True)
        for connections in plan.connections:
            some = [c for c in cells if (c.quantity, c.connections) == (quantity, connections)]
            table.add_row(f"[bold]{connections} client{'s' if connections > 1 else ''}")
            for name in dict.fromkeys([*plan.servers[:1], UPDATING, *plan.servers]):
                if any(cell.server == name for cell in some):
                    table.add_row(name, *row(some, name))
            table.add_section()
        console.print(table)
    console.print(
        f"Medians of {plan.rounds} slices. Ratios: how much better Aoba is; updating: how much of "
        "its idle figure is left. CPU is the server's, for each request. "
        f"Servers are on core {cores()[0]}, the load on {cores()[1]}; load average at first "
        f"{about['load_average']:.1f}. {about['platform']}, Python {about['python']}."
    )


def title(plan: Plan, quantity: int) -> str:
    what = "read" if plan.function == READ else "written"
    where = "" if plan.spread == 1 else f" at one of {plan.spread} places"
    return f"{quantity} registers {what}{where} by each request"


def row(cells: Sequence[Cell], name: str) -> Iterator[str]:
    def median(value: Callable[[Cell], float]) -> float:
        return statistics.median(value(cell) for cell in cells if cell.server == name)

    low, ratio, high = ratios(cells, name, lambda cell: cell.rate)
    yield f"{median(lambda cell: cell.rate):,.0f}"
    yield three(ratio)
    yield f"{three(low)}-{three(high)}"
    for value in (lambda c: c.p50, lambda c: c.p99, lambda c: c.p999):
        yield f"{median(value):.0f}"
    yield three(median(lambda cell: cell.cpu))
    yield three(ratios(cells, name, lambda cell: 1 / cell.cpu)[1])


def three(value: float) -> str:
    """As many digits as it takes to compare, and as fit the table."""
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f}"


def ratios(cells: Sequence[Cell], name: str, value: Callable[[Cell], float]) -> list[float]:
    """Quartiles of the rounds' ratios: `value` of Aoba by that of `name`.

    For an updating Aoba, it is its own by that of an idle one.
    """
    values = {(cell.server, cell.round): value(cell) for cell in cells}
    found = [
        own / other if name != UPDATING else other / own
        for (server, number), own in values.items()
        if server == "aoba" and (other := values.get((name, number)))
    ]
    return statistics.quantiles(found, method="inclusive") if len(found) > 1 else found * 3


if __name__ == "__main__":
    main()
