"""Runs that were ordered without a task, and of which more comes than one document.

A first run is always one with all care; so what these scripts do, they do in a later one.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.server import Server
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

THIRD = "put(run)\nif run == 3:\n    import time\n"


def start(serve: Serve, path: Path, options: str = "") -> Server:
    return serve(f"python:embedded:{path}{options}")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("sys.stderr.write('oh\\n')", "WARNING .* run 3: oh$"),
        ("time.sleep(0.1); sys.stderr.write('late\\n')", "WARNING .* run 3: late$"),
        ("print('no JSON')", "WARNING .* run 3: not JSON, skipped: no JSON$"),
        ("print('[{\"id\": 0}]')", r"ERROR .* run 3: stations\[0\]\.id: "),
        ("sys.exit(4)", "ERROR .* run 3: run failed: exit status 4$"),
        ("time.sleep(0.1); sys.exit(4)", "ERROR .* run 3: run failed: exit status 4$"),
        ("os._exit(5)", "ERROR .* run 3: run failed: exit status 5$"),
        ("time.sleep(0.3)", "ERROR .* run 3: takes longer than its interval of 50 ms"),
    ],
)
def test_what_is_out_of_the_ordinary_is_told_of_its_run(
    serve: Serve, script: Script, body: str, line: str
) -> None:
    server = start(serve, script(RUN_NUMBER, f"{THIRD}    {body}\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 4)
    server.wait_for_log(line)


def test_a_run_without_a_document_fails(serve: Serve, script: Script) -> None:
    server = start(serve, script(RUN_NUMBER, "if run != 3: put(run)\n"))
    server.wait_for_log("run 3: run failed: printed no document$")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 4)


def test_two_documents_of_a_run_take_effect(serve: Serve, script: Script) -> None:
    server = start(serve, script(RUN_NUMBER, "put(run)\nput(run, run)\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding(0, 2)[1] > 3)
    server.stop()
    assert not server.logged("ERROR")


def test_silence_is_counted_from_the_last_document(serve: Serve, script: Script) -> None:
    body = f"{THIRD}    time.sleep(600)\n"
    server = start(serve, script(RUN_NUMBER, body), "?timeout=400ms")
    server.wait_for_log(r"run 3: run failed: silent on stdout for longer than 0\.4 s, stopped$")
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 4)


def test_an_edit_stops_a_run_that_never_ends(serve: Serve, script: Script) -> None:
    server = start(serve, script(RUN_NUMBER, f"{THIRD}    time.sleep(600)\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [3])
        script(RUN_NUMBER, "put(77)\n")
        eventually(lambda: client.holding() == [77])
    assert len(server.logged("the script has changed: stopped, to run the new version")) == 1
    assert not server.logged("run failed")


def test_a_run_that_has_just_begun_may_clean_up_when_aoba_stops(
    serve: Serve, script: Script
) -> None:
    body = """
    import signal, time
    def clean_up(*_):
        sys.stderr.write("cleaning up\\n")
        sys.exit()
    signal.signal(signal.SIGTERM, clean_up)
    put(run, reboot_interval=100 if run == 1 else 600_000)
    if run == 2:
        time.sleep(600)
    """
    server = start(serve, script(RUN_NUMBER, body))
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [2])
    code, seconds = server.stop()
    assert code == 0
    assert seconds < 3
    assert server.logged("run 2: cleaning up")
    server.no_process_is_left()


def test_other_stations_and_other_values_are_told_apart(serve: Serve, script: Script) -> None:
    """Most documents of this script are the one before with other values, and some are not."""
    body = "put(*range(run, run + (3 if run % 5 else 2)))\n"
    server = start(serve, script(RUN_NUMBER, body))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 5)
        while (run := client.holding()[0]) < 20:
            first, second, third = client.holding(0, 3)
            assert first in (run, run + 1)
            kept = first % 5 == 0
            assert (second, third) == (first + 1, first + (1 if kept else 2))


def test_processes_of_a_script_find_the_number_of_its_run(serve: Serve, script: Script) -> None:
    body = """
    import subprocess
    seen = int(subprocess.check_output(["sh", "-c", "echo $AOBA_RUN"]))
    if run % 4 == 0:
        del os.environ["AOBA_RUN"]
    if run % 4 == 1:
        os.environ["AOBA_RUN"] = "77"
    put(run, seen)
    """
    server = start(serve, script(RUN_NUMBER, body))
    with Client(server.port) as client:
        while (pair := client.holding(0, 2))[0] < 10:
            assert pair[0] == pair[1]
    assert not server.logged("ERROR .* run failed")
