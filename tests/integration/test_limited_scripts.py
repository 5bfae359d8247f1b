"""Scripts that want more than they may have, started cold and warm."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.server import Server
from support.waiting import eventually
from support.wire import Client

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="limits need Linux"),
    pytest.mark.of_python,
]

Serve = Callable[..., Server]
Script = Callable[..., Path]

STARTS = ["cold", "warm"]


@pytest.mark.parametrize("start", STARTS)
def test_more_memory_than_there_is(serve: Serve, script: Script, start: str) -> None:
    body = "put(run)\nif run >= 5: kept = bytearray(900 << 20)\n"
    server = serve(f"{script(RUN_NUMBER, body)}?memory=512MiB&start={start}")
    server.wait_for_log(r"run \d+: run failed: over its memory limit of 512 MiB \(exit status 1\)$")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 8)  # the next runs are as good as this one


@pytest.mark.parametrize("start", STARTS)
def test_more_cpu_time_than_there_is(serve: Serve, script: Script, start: str) -> None:
    body = "put(run)\nwhile run >= 5: pass\n"
    server = serve(f"{script(RUN_NUMBER, body)}?cpu=1s&start={start}")
    server.wait_for_log(r"run 5: run failed: over its CPU limit of 1 s$")
    with Client(server.port) as client:
        assert client.holding()[0] >= 5


@pytest.mark.parametrize("start", STARTS)
def test_niceness(serve: Serve, script: Script, start: str) -> None:
    body = "put(os.getpriority(os.PRIO_PROCESS, 0), run)\n"
    server = serve(f"{script(RUN_NUMBER, body)}?nice=19&start={start}")
    with Client(server.port) as client:
        eventually(lambda: client.holding(1)[0] >= 5)
        assert client.holding() == [19]


def test_scripts_with_other_limits_have_another_fork_server(serve: Serve, script: Script) -> None:
    body = "put(os.getpriority(os.PRIO_PROCESS, 0) + 20, run, os.getppid() % 65536)\n"
    nice = script(RUN_NUMBER, body, name="nice.py")
    plain = script(RUN_NUMBER, body.replace("put(", "put_2("), name="plain.py")
    plain.write_text(plain.read_text().replace('"id": 1', '"id": 2').replace("put_2", "put"))
    server = serve(f"{nice}?nice=7&start=warm", f"{plain}?start=warm")
    with Client(server.port) as client:
        eventually(lambda: client.holding(1)[0] >= 5)
        eventually(lambda: client.read("holding", 1, 1, unit=2)[0] >= 5)
        first, second = client.holding(0, 3), client.read("holding", 0, 3, unit=2)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert (first[0], second[0]) == (20 + max(7, ours), 20 + ours)
    assert first[2] != second[2]


@pytest.mark.parametrize("mode", ["external", "embedded"])
def test_an_interpreter_that_does_not_even_start(serve: Serve, script: Script, mode: str) -> None:
    server = serve(f"python:{mode}:{script(RUN_NUMBER, 'put(1)')}?memory=1MiB")
    server.wait_for_log(r"run 1: run failed: .*memory limit (of|is) 1 MiB")
