"""Pitfalls of running other people's scripts: pipes, floods, grandchildren, buffers, clocks.

Each test fails without the remedy it is named after.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document, printing, until_exists
from support.server import PROC, Server, is_alive
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

MIB = 1024 * 1024
LATE = 0.1  # seconds that the last of many starts may be off the grid
needs_proc = pytest.mark.skipif(not PROC, reason="there is no /proc here")

GRANDCHILD = """
import signal, subprocess
def grandchild(ignored=()):
    prepare = lambda: [signal.signal(number, signal.SIG_IGN) for number in ignored]
    return subprocess.Popen(["sleep", "600"], preexec_fn=prepare)
"""


def test_a_grandchild_that_holds_the_pipes_does_not_hold_up_the_next_run(
    serve: Serve, script: Script
) -> None:
    server = serve(script(RUN_NUMBER, GRANDCHILD, "put(run)\ngrandchild()\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 3)


@needs_proc
@pytest.mark.parametrize("ignored", ["", "signal.SIGTERM, signal.SIGHUP"])
def test_a_grandchild_is_killed_after_the_run(
    serve: Serve, script: Script, tmp_path: Path, ignored: str
) -> None:
    written = tmp_path / "pid"
    body = f"""
    put(run)
    if run == 1:
        child = grandchild([{ignored}])
        with open({str(written)!r}, "w") as file:
            file.write(str(child.pid))
    """
    server = serve(script(RUN_NUMBER, GRANDCHILD, body))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 2)
        assert not is_alive(int(written.read_text()))


@pytest.mark.parametrize("streams", [("stdout", "stderr"), ("stderr", "stdout")])
def test_neither_stream_waits_for_the_other_to_be_read(
    serve: Serve, script: Script, streams: tuple[str, str]
) -> None:
    first, second = streams
    flood = f"""
    for i in range(4000):
        sys.{first}.write("x" * 60 + "\\n")
    sys.{first}.flush()
    for i in range(4000):
        sys.{second}.write("y" * 60 + "\\n")
    sys.{second}.flush()
    put(7)
    """
    with Client(serve(script(RUN_NUMBER, flood)).port) as client:
        eventually(lambda: client.holding() == [7])


@needs_proc
@pytest.mark.parametrize("line", ["'x' * 99 + '\\n'", "'x' * 100", "'[' * 100", "'[1, ' * 25"])
def test_a_flood_of_megabytes_takes_no_memory(serve: Serve, script: Script, line: str) -> None:
    flood = f"""
    put(1 if run < 3 else 1000, reboot_interval=1000)  # later runs leave it as it is
    if run == 2:
        for i in range(200):
            sys.stdout.write(({line}) * 500)
            sys.stderr.write(({line}) * 500)
        sys.stdout.write("\\n")
        sys.stdout.flush()
        put(1000)
    """
    server = serve(script(RUN_NUMBER, flood))
    with Client(server.port) as client:
        before = server.rss()
        eventually(lambda: client.holding()[0] >= 1000)
        assert server.peak_rss() - before < 40 * MIB


def test_a_document_in_one_line_of_more_than_64_kib(serve: Serve, script: Script) -> None:
    values = [60000 + i % 5000 for i in range(20_000)]
    line = document(holding=values)
    assert len(line) > 128 * 1024
    with Client(serve(script(printing(line))).port) as client:
        assert client.holding(0, 20_000) == values


def test_a_line_of_more_than_64_kib_on_stderr_is_in_the_log(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, "put(1)\nsys.stderr.write('x' * 100000 + ' the end\\n')\n"))
    server.wait_for_log(r"WARNING .* the end$")


def test_output_is_seen_while_the_script_that_does_not_flush_still_runs(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    path = script(
        f"print({document(holding=[7])!r})\n",
        "import sys\nsys.stderr.write('so far ')\nsys.stderr.write('so good\\n')\n",
        until_exists(tmp_path / "never"),
    )
    server = serve(path)
    with Client(server.port) as client:
        assert client.holding() == [7]
    server.wait_for_log(r"WARNING .* run 1: so far so good$")


@pytest.mark.parametrize(
    ("takes", "apart"),
    [
        pytest.param(0.08, 0.2, id="a short run in each slot"),
        pytest.param(0.25, 0.4, id="a long run in every second slot"),
    ],
)
def test_runs_start_on_a_grid_do_not_drift_and_do_not_overlap(
    serve: Serve, script: Script, tmp_path: Path, takes: float, apart: float
) -> None:
    count = round(3 / apart)
    late = []
    for attempt in range(3):  # on a busy machine a slot may be missed; one that drifts, always does
        folder = tmp_path / str(attempt)
        runs = recorded_runs(serve, script, folder, interval=200, takes=takes, count=count)
        assert all(end <= start for (_, end), (start, _) in pairwise(runs))
        late.append(abs(runs[-1][0] - runs[0][0] - (count - 1) * apart))
        if late[-1] < LATE:
            return
    # Sleeping after each run instead would be late by a second or more.
    raise AssertionError(f"late by {late} s")


def recorded_runs(
    serve: Serve, script: Script, folder: Path, *, interval: int, takes: float, count: int
) -> list[tuple[float, float]]:
    """Start and end, in seconds, of the first `count` runs of a script, by its own account."""
    folder.mkdir()
    record = folder / "runs"
    record.touch()
    body = f"""
    import json, time
    start = time.monotonic()
    print({document(holding=[1], interval=interval)!r})
    time.sleep({takes})
    with open({str(record)!r}, "a") as file:
        file.write(json.dumps([start, time.monotonic()]) + "\\n")
    """
    server = serve(script(body))
    lines = eventually(
        lambda: (got := record.read_text().splitlines(keepends=True))[count:] and got[:count]
    )
    server.stop()
    return [tuple(json.loads(line)) for line in lines]
