"""How often the reader of a walk through the source comes back to a file: `make bench-walks`.

    python bench/walks.py [--show] [WALK]...

Who wants to know what happens at a request, at a run or at a write follows the calls, and opens a
file for each that lies in another one. Coming back to a file that was left before is what makes a
walk hard to follow, so that is counted: of the files in which functions begin or go on, one after
the other and without repetitions, how many have been there before. What happens in other processes
and in libraries counts nothing.

A walk is made in a process that has made the same walk before. Of several, the shortest counts, as
whatever else happens meanwhile makes it longer. Each has an aim.
Exits with 1 where one is missed. `--show` prints the files, and marks those that are come back to.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple, cast

import uvloop
from server import READ_TEN, serve

import aoba
from aoba.config.model import Config, LinkConfig, OutletConfig, PushConfig, named
from aoba.document.decode import decode
from aoba.endpoints.device import parse_target
from aoba.endpoints.url import parse_listen
from aoba.engine import Engine
from aoba.sources.registry import parse_spec

SOURCE: Final = str(Path(aoba.__file__).parent)
INTERVAL: Final = 1.2  # seconds from run to run
LATENCY: Final = 0.3  # seconds in which a device has confirmed a write
WALKS: Final = 3  # of each kind
BESIDE: Final = "orphans/reaper.py"  # looks at the machine twice a second, which is part of no walk
DOCUMENT: Final = (
    '{"stations": [{"id": 1, "mode": "master", "map": {"holding": '
    '[{"address_start": 0, "initial_values": [%s, 0, 0, 0, 0, 0, 0, 0, 0, 0]}]}}], '
    f'"reboot_interval": {1000 * INTERVAL:.0f}}}'
)
SCRIPT: Final = f"import os\nprint('''{DOCUMENT}''' % os.environ['AOBA_RUN'])\n"


class Step(NamedTuple):
    time: float
    file: str
    """Below the folder of the source."""


def file_of(frame: FrameType) -> str:
    """Below the folder of the source; empty for what is not in there."""
    name = frame.f_code.co_filename
    return name.removeprefix(SOURCE).lstrip("/") if name.startswith(SOURCE) else ""


def first_file(frame: FrameType) -> str:
    """Where it began what the loop has called."""
    first, outer = "", cast("FrameType | None", frame)
    while outer:
        first = file_of(outer) or first
        outer = outer.f_back
    return first


@contextmanager
def traced() -> Iterator[list[Step]]:
    """What happens in this thread, in order."""
    steps: list[Step] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code.co_name == "<module>":
            return
        if (file := file_of(frame)) and first_file(frame) != BESIDE:
            steps.append(Step(time.monotonic(), file))

    sys.setprofile(note)
    try:
        yield steps
    finally:
        sys.setprofile(None)


def returns(files: Iterable[str]) -> Counter[str]:
    """How often each file was come back to, of `files` without repetitions."""
    return Counter(files) - Counter(set(files))


@asynccontextmanager
async def running(source: str, *outlets: OutletConfig) -> AsyncIterator[Engine]:
    engine = Engine(Config(named([parse_spec(source)]), outlets))
    run = asyncio.create_task(engine.run())
    await engine.serving.wait()
    try:
        yield engine
    finally:
        engine.stop()
        await run


async def request(folder: Path) -> list[list[Step]]:
    """A read that was never asked before."""
    file = folder / "values.json"
    file.write_text(DOCUMENT % 0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with running(f"file:{file}", LinkConfig(parse_listen(f"tcp://127.0.0.1:{port}"))):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        walks = []
        for number in range(WALKS + 1):
            with traced() as steps:
                writer.write(b"\0\1\0\0\0\6\1" + READ_TEN[:4] + bytes([number + 1]))
                await reader.read(1000)
            walks.append(steps)
        writer.close()
    return walks[1:]


async def push_write(folder: Path) -> list[list[Step]]:
    """A document with one value that a device does not hold yet, until it has confirmed it."""
    file = folder / "values.json"
    file.write_text(DOCUMENT % 0)
    with serve(f"file:{file}") as device:
        push = PushConfig(parse_target(f"tcp://127.0.0.1:{device.port}"), refresh=None)
        async with running(f"file:{file}", push) as engine:
            source = engine.config.sources[0].name
            walks = []
            for number in range(WALKS + 1):
                await asyncio.sleep(LATENCY)
                document = decode((DOCUMENT % (number + 1)).encode()).document
                with traced() as steps:
                    engine.buses.main.apply(source, document)
                    await asyncio.sleep(LATENCY)
                walks.append(steps)
    return walks[1:]


async def cold_run(folder: Path) -> list[list[Step]]:
    return await _runs(folder, "python:external:{}?start=cold")


async def embedded_run(folder: Path) -> list[list[Step]]:
    return await _runs(folder, "python:embedded:{}")


async def _runs(folder: Path, spec: str) -> list[list[Step]]:
    """Each from its slot to the next one: a run begins behind the longest pause."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    async with running(spec.format(script)):
        await asyncio.sleep(2 * INTERVAL)  # the first ones are not steady
        with traced() as steps:
            await asyncio.sleep((WALKS + 1) * INTERVAL)
    pauses = ((b.time - a.time, b.time) for a, b in pairwise(steps))
    (_, slot) = max(pauses)
    phase = slot - INTERVAL / 10
    walks = [[*group] for _, group in groupby(steps, lambda step: (step.time - phase) // INTERVAL)]
    return walks[1:-1]  # those at the edges are parts


class Walk(NamedTuple):
    name: str
    take: Callable[[Path], Coroutine[None, None, list[list[Step]]]]
    aim: int
    """Returns to files that were left before, at most."""
    may_return_to: str | None = None
    """A file that does not count."""


WALKED: Final = (
    Walk("request", request, 0, may_return_to="links/session.py"),
    Walk("cold", cold_run, 40),
    Walk("embedded", embedded_run, 10),
    Walk("push", push_write, 40),
)


def measure(walk: Walk) -> list[str]:
    """The files of one, in order."""
    with tempfile.TemporaryDirectory() as folder:
        walks = uvloop.run(walk.take(Path(folder)))
    files = [[file for file, _ in groupby(step.file for step in steps)] for steps in walks]
    return min(files, key=len)


def counted(walk: Walk, files: list[str]) -> int:
    return sum(times for file, times in returns(files).items() if file != walk.may_return_to)


def show(files: list[str]) -> None:
    seen = set[str]()
    for file in files:
        print("    back to" if file in seen else "           ", file)
        seen.add(file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--show", action="store_true")
    parser.add_argument("walks", nargs="*", metavar="WALK", help=", ".join(w.name for w in WALKED))
    arguments = parser.parse_args()
    walks = [walk for walk in WALKED if not arguments.walks or walk.name in arguments.walks]
    missed = 0
    print("walk        files  returns  aim")
    with ProcessPoolExecutor() as pool:
        for walk, files in zip(walks, pool.map(measure, walks), strict=True):
            back = counted(walk, files)
            missed += back > walk.aim
            print(f"{walk.name:10} {len(set(files)):6} {back:8} {walk.aim:4}")
            if arguments.show:
                show(files)
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
