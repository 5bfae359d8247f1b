"""Takes turns among servers: each is asked for a slice of a second, again and again.

A machine that is shared is quicker in one second than in the next. So what is compared has to be
measured at the same time, nearly: a round asks each server once, in an order of its own, and has
something to say about ratios within this round only. Servers that are not asked are stopped, and
loads wait with their connections open.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from peers import Peer, cores, start_on

UPDATING: Final = "aoba, updating"
READ: Final = 3


@dataclass(frozen=True)
class Plan:
    servers: Sequence[str]
    quantities: Sequence[int]
    connections: Sequence[int]
    rounds: int
    seconds: float
    spread: int
    function: int


@dataclass(frozen=True)
class Cell:
    """One slice. Latencies, and the server's CPU time of a request, are in microseconds."""

    round: int
    server: str
    quantity: int
    connections: int
    rate: float
    p50: float
    p99: float
    p999: float
    cpu: float
    busy: float
    """The server's CPU time of the slice, in parts of one core."""


class LoadError(Exception):
    """Says why a server can be asked no more."""


class Load:
    """The connections to one server, all open."""

    def __init__(self, program: Path, peer: Peer, *arguments: int) -> None:
        """Raises LoadError, as `ask` does."""
        self.peer = peer
        command = [str(program), *map(str, (peer.port, *arguments))]
        self._process = start_on(cores()[1], command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            with peer.awake():
                self._line()
        except LoadError:
            self.close()
            raise

    def ask(self, seconds: float, *, updating: bool) -> dict[str, float]:
        with self.peer.awake(updating=updating):
            before = self.peer.cpu()
            assert self._process.stdin
            self._process.stdin.write(f"{seconds}\n")
            self._process.stdin.flush()
            result: dict[str, float] = json.loads(self._line())
            cpu = self.peer.cpu() - before
        return result | {"cpu": 1e6 * cpu / result.pop("requests"), "busy": cpu / seconds}

    def _line(self) -> str:
        assert self._process.stdout
        assert self._process.stderr
        if not (line := self._process.stdout.readline()):
            raise LoadError(self._process.stderr.read().strip() or "too slow to wait for")
        return line

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def measure(plan: Plan, peers: Sequence[Peer], program: Path) -> Iterator[Cell]:
    for quantity, connections in product(plan.quantities, plan.connections):
        with opened(program, peers, connections, quantity, plan.spread, plan.function) as loads:
            turns = [(load.peer.name, load) for load in loads]
            # Else a request could ask for old values and new ones.
            if (plan.spread, plan.function) == (1, READ):
                turns += [(UPDATING, load) for load in loads if load.peer.flag]
            for number in range(plan.rounds):
                for name, load in random.sample(turns, len(turns)):
                    try:
                        result = load.ask(plan.seconds, updating=name == UPDATING)
                    except LoadError as error:
                        complain(load.peer, connections, error)
                        turns = [turn for turn in turns if turn[1] is not load]
                        break
                    yield Cell(number, name, quantity, connections, **result)
        print(f"{quantity} registers, {connections} clients: done", file=sys.stderr)


@contextmanager
def opened(program: Path, peers: Sequence[Peer], *arguments: int) -> Iterator[list[Load]]:
    """A load for each of `peers` that lets its clients in."""
    with ExitStack() as stack:
        loads = []
        for peer in peers:
            try:
                load = Load(program, peer, *arguments)
            except LoadError as error:
                complain(peer, arguments[0], error)
            else:
                stack.callback(load.close)
                loads.append(load)
        yield loads


def complain(peer: Peer, connections: int, error: LoadError) -> None:
    print(f"{peer.name}, {connections} clients: {error}", file=sys.stderr)
