"""A file system hangs under one source: all others go on, clients are answered, and Aoba stops.

Whoever asks for a file there waits for ever, and cannot be killed.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document
from support.hanging import HangingFolder
from support.server import Server, run_aoba
from support.waiting import DEADLINE, eventually
from support.wire import Client, read_pdu

Serve = Callable[..., Server]
Script = Callable[..., Path]

SLOWEST = 0.5
"""Seconds; a loop that hangs takes for ever, and a machine that is busy some hundredths."""

BOUND = 5.0
"""Seconds that an end takes; 3 are promised, a busy machine gets two more."""


def counting(unit: int) -> str:
    return RUN_NUMBER.replace('"id": 1', f'"id": {unit}') + "put(run)\n"


OTHER = counting(2)


def others_go_on(client: Client) -> None:
    """For a second, and for as long as it takes another script to have a run."""
    before, ends, slowest = client.holding(unit=2), time.monotonic() + 1, 0.0
    while time.monotonic() < ends or client.holding(unit=2) == before:
        assert time.monotonic() < ends + DEADLINE
        time.sleep(0.005)
        asked = time.monotonic()
        client.holding(unit=2)
        slowest = max(slowest, time.monotonic() - asked)
    assert slowest < SLOWEST


def test_scripts(serve: Serve, script: Script, hanging_folder: HangingFolder) -> None:
    """Run in each of the ways there are."""
    forms = {1: "{}?timeout=1s", 3: "{}?timeout=1s&start=cold", 4: "python:embedded:{}?timeout=1s"}
    for unit in forms:
        (hanging_folder.behind / f"s{unit}.py").write_text(counting(unit))
    hanging = (form.format(hanging_folder.path / f"s{unit}.py") for unit, form in forms.items())
    server = serve(*hanging, script(OTHER))
    with Client(server.port) as client:

        def go_on() -> None:
            before = {unit: client.holding(unit=unit)[0] for unit in forms}
            for unit in forms:
                eventually(lambda unit=unit: client.holding(unit=unit)[0] > before[unit] + 10)

        go_on()
        hanging_folder.hang()
        others_go_on(client)
        for unit in forms:
            hangs = rf"ERROR .*s{unit}\.py run \d+: run failed: .*the file system does not answer"
            server.wait_for_log(hangs)
        others_go_on(client)
        hanging_folder.answer()
        go_on()
        hanging_folder.hang()
        others_go_on(client)
        code, seconds = server.stop()
    assert (code, seconds < BOUND) == (0, True)


@pytest.mark.parametrize("hanging_folder", [False, True], indirect=True)
def test_an_interpreter(serve: Serve, script: Script, hanging_folder: HangingFolder) -> None:
    """Where what was looked up is cached, as with NFS, it is only its start that hangs."""
    python = hanging_folder.behind / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    options = f"?python={hanging_folder.path / 'python'}&start=cold&timeout=1s"
    server = serve(f"{script(counting(1))}{options}", script(OTHER, name="other.py"))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 2)
        hanging_folder.hang()
        others_go_on(client)
        server.wait_for_log(
            r"ERROR .*source\.py run \d+: run failed: "
            "(.*/python: the file system does not answer|cannot be killed, and is left running)"
        )
        hanging_folder.answer()
        [stayed] = client.holding()
        eventually(lambda: client.holding()[0] > stayed + 2)
        hanging_folder.hang()
        others_go_on(client)
        code, seconds = server.stop()
    assert (code, seconds < BOUND) == (0, True)


def test_a_file(serve: Serve, script: Script, hanging_folder: HangingFolder) -> None:
    file = hanging_folder.behind / "values.json"
    file.write_text(document(holding=[1]))
    server = serve(f"file:{hanging_folder.path / 'values.json'}", script(OTHER))
    with Client(server.port) as client:
        assert client.holding() == [1]
        hanging_folder.hang()
        others_go_on(client)
        server.wait_for_log("ERROR .*values.json: the file system does not answer, its last values")
        assert client.holding() == [1]
        file.write_text(document(holding=[2]))
        hanging_folder.answer()
        eventually(lambda: client.holding() == [2])
        hanging_folder.hang()
        code, seconds = server.stop()
    assert (code, seconds < BOUND) == (0, True)


def test_a_fifo(serve: Serve, script: Script, hanging_folder: HangingFolder) -> None:
    os.mkfifo(hanging_folder.behind / "values")
    path = hanging_folder.path / "values"
    server = serve(f"pipe:{path}", script(OTHER))

    def write(value: int) -> None:
        with path.open("w") as fifo:
            fifo.write(document(holding=[value]))

    server.wait_for_log("listening on")
    write(1)
    with Client(server.port) as client:
        eventually(lambda: client.ask(read_pdu("holding", 0, 1)) == b"\x03\x02\x00\x01")
        hanging_folder.hang()
        others_go_on(client)
        hanging_folder.answer()
        write(2)
        eventually(lambda: client.holding() == [2])
        hanging_folder.hang()
        others_go_on(client)
        code, seconds = server.stop()
    assert (code, seconds < BOUND) == (0, True)


def test_what_hangs_at_the_start_keeps_the_others_waiting_for_a_moment(
    serve: Serve, script: Script, hanging_folder: HangingFolder
) -> None:
    for name in ("s.py", "e.py"):
        (hanging_folder.behind / name).write_text(counting(1))
    (hanging_folder.behind / "values.json").write_text(document(holding=[1]))
    os.mkfifo(hanging_folder.behind / "values")
    hanging_folder.hang()
    path, other = hanging_folder.path, script(OTHER, name="other.py")
    hanging = f"{path}/s.py", f"file:{path}/values.json", f"pipe:{path}/values"
    server = serve(*hanging, f"python:embedded:{path}/e.py", other)
    with Client(server.port) as client:
        others_go_on(client)
        hanging_folder.answer()
        eventually(lambda: client.ask(read_pdu("holding", 0, 1))[0] == 3, "its first document")
        code, _ = server.stop()
    assert code == 0


def test_a_secret_that_cannot_be_read_at_the_start_is_wrong_usage(
    script: Script, hanging_folder: HangingFolder
) -> None:
    (hanging_folder.behind / "secret").touch()
    hanging_folder.hang()
    path, other = hanging_folder.path / "secret", script(OTHER)
    commands = [
        [f"http://127.0.0.1:0/x?token=@{path}"],
        [f"mqtt://someone@127.0.0.1/x?password=@{path}"],
        [f"modbus:tls://127.0.0.1?unit=1&holding=0&ca={path}"],
        [other, "--listen", f"tls://127.0.0.1:0?cert={path}&key={path}"],
    ]
    with ThreadPoolExecutor(len(commands)) as pool:
        for ended in pool.map(lambda arguments: run_aoba("serve", *arguments), commands):
            assert ended.returncode == 2
            assert re.search("secret.*: the file system does not answer$", ended.stderr)
            assert len(ended.stderr.splitlines()) == 1


def test_a_script_beside_the_root_of_it_goes_on(
    serve: Serve, script: Script, hanging_folder: HangingFolder
) -> None:
    hanging_folder.hang()
    server = serve(script(OTHER))
    with Client(server.port) as client:
        eventually(lambda: client.holding(unit=2)[0] > 5, "runs of the script")
    assert server.stop()[0] == 0
