"""Embedded mode, `python:embedded:PATH`, in a server: runs, what they print and are told."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, UPDATE, document, printing, until_exists
from support.embedded import Hosted, embedded
from support.server import Server, run_aoba
from support.waiting import eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]


def test_runs_are_of_one_process_and_each_in_a_fresh_namespace(
    serve: Serve, script: Script
) -> None:
    body = "put(run & 0xFFFF, os.getpid() & 0xFFFF, int('seen' in globals()))\nseen = 1\n"
    with Client(serve(embedded(script(RUN_NUMBER, body))).port) as client:
        first = client.holding(0, 3)
        eventually(lambda: client.holding()[0] > first[0] + 5)
        assert client.holding(1, 2) == first[1:] == [first[1], 0]


def test_feedback_is_on_stdin_of_other_scripts(script: Script) -> None:
    path = script("import sys, json\nprint(json.load(sys.stdin)['n'], repr(sys.stdin.read()))")
    with Hosted(path) as hosted:
        assert [hosted.run(b'{"n": %d}' % n).stdout for n in range(3)] == [
            f"{n} ''\n" for n in range(3)
        ]


def test_arguments_environment_and_stderr(serve: Serve, script: Script) -> None:
    body = "sys.stderr.write('%r %s\\n' % (sys.argv[1:], os.environ['AOBA_SCRIPT']))\nput(1)\n"
    path = script(RUN_NUMBER, body)
    server = serve(embedded(path, "?args=--site+%22north+side%22&timeout=1min"))
    server.wait_for_log(rf"WARNING .*run 1: \['--site', 'north side'\] {path}$")


def test_output_of_threads_that_earlier_runs_left_does_no_harm(
    serve: Serve, script: Script
) -> None:
    body = """
    import threading, time
    def chatter():
        while True:
            print("stray")
            print("stray", file=sys.stderr)
            time.sleep(0.005)
    threading.Thread(target=chatter, daemon=True).start()
    put(run & 0xFFFF)
    """
    server = serve(embedded(script(RUN_NUMBER, body)))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 10)
    server.wait_for_log("not JSON, skipped: stray")


def test_a_flood_of_a_script_costs_no_client_its_answer(serve: Serve, script: Script) -> None:
    body = "put(run)\nfor _ in range(20000):\n    print('garbage' * 10)\n"
    server = serve(embedded(script(RUN_NUMBER, body)))
    with Client(server.port) as client:
        slowest = 0.0
        while client.holding()[0] < 3:
            began = time.monotonic()
            client.holding()
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 2
    server.wait_for_log("not JSON, skipped: garbage")


def test_a_script_that_never_ends_streams_its_documents(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    path = script(RUN_NUMBER, "put(1)\n", until_exists(gate), "put(2)\nimport time\ntime.sleep(99)")
    server = serve(embedded(path))
    with Client(server.port) as client:
        assert client.holding() == [1]
        gate.touch()
        eventually(lambda: client.holding() == [2])
    code, seconds = server.stop()
    assert (code, seconds < 3) == (0, True)
    server.no_process_is_left()


def test_stations_pushed_by_a_script(serve: Serve, script: Script) -> None:
    body = """
    import aoba, json, os
    aoba.set_reboot_interval(20)
    station = {"id": 1, "mode": "master", "map": {"holding": [
        {"address_start": 0, "initial_values": [int(os.environ["AOBA_RUN"])]}]}}
    aoba.push_stations([station] if os.environ["AOBA_RUN"] == "1" else json.dumps([station]))
    """
    server = serve(embedded(script(body)))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 3)
    assert server.logged("first document: station 1")


def test_check_runs_an_embedded_script(script: Script) -> None:
    path = script(UPDATE, "def update():\n    return made(5, 6)\n")
    done = run_aoba("check", embedded(path), "--json")
    assert (done.returncode, json.loads(done.stdout)["documents"]) == (0, 1)


@pytest.mark.parametrize("option", ["python=python3", "start=cold", "preload=json"])
def test_options_of_external_mode_are_refused(
    script: Script, wrong_usage: Callable[..., str], option: str
) -> None:
    says = wrong_usage("check", embedded(script(printing(document())), f"?{option}"))
    assert f"option '{option.partition('=')[0]}' goes with python:external" in says
