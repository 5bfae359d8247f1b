"""Scripts as they are meant to be: short runs, endless ones, ones that are edited, and options."""

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

from support.documents import RUN_NUMBER, document, printing, until_exists
from support.server import Server
from support.waiting import eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

UNDEFINED = b"\x83\x02"


def test_each_document_of_a_script_that_never_ends_takes_effect(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gates = [tmp_path / f"gate{i}" for i in range(4)]
    steps = [part for i in range(4) for part in (f"put({i})\n", until_exists(gates[i]))]
    server = serve(script(RUN_NUMBER, *steps))
    with Client(server.port) as client:
        for i, gate in enumerate(gates):
            eventually(lambda i=i: client.holding() == [i])
            gate.touch()
        assert not server.logged("run 2")


def test_documents_may_stand_in_any_layout_with_text_between_them(
    serve: Serve, script: Script
) -> None:
    body = """
    sys.stdout.write("[INFO] starting\\n{not json}\\n")
    sys.stdout.write('[{"id": 1, "mode": "master", "map": {"coils":\\n\\n [{"address_start": 0,')
    sys.stdout.flush()
    sys.stdout.write('"length": 3, "initial_values": [true, 0, 5]}]}}]' + json.dumps(
        {"stations": [{"id": 2, "mode": "master", "map": {"input": [
            {"address_start": 0, "initial_values": [8, 9]}]}}]}) + "\\tdone.\\n")
    sys.stdout.flush()
    put(1)
    """
    with Client(serve(script(RUN_NUMBER, body)).port) as client:
        eventually(lambda: client.ask(b"\x03\0\0\0\x01") == b"\x03\x02\0\x01")
        assert client.read("coils", 0, 3) == [1, 0, 1]
        assert client.read("input", 0, 2, unit=2) == [8, 9]


def test_the_interval_of_the_newest_document_holds(serve: Serve, script: Script) -> None:
    body = "put(run, reboot_interval=86400000 if run == 3 else 20)\n"
    with Client(serve(script(RUN_NUMBER, body)).port) as client:
        eventually(lambda: client.holding() == [3])
        # Of a thing that must not happen there is nothing to wait for: 20 intervals are enough.
        time.sleep(0.4)
        assert client.holding() == [3]


def test_a_running_script_may_change_its_interval(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    wait = until_exists(gate)
    body = "put(run, reboot_interval=20)\n"
    server = serve(script(RUN_NUMBER, "put(run, reboot_interval=86400000)\n", wait, body))
    with Client(server.port) as client:
        assert client.holding() == [1]
        gate.touch()
        eventually(lambda: client.holding()[0] >= 3)


def test_a_document_without_an_interval_leaves_it(serve: Serve, script: Script) -> None:
    second = "print(json.dumps([station_of(run)]))\n"
    define = """
    def station_of(value):
        holding = [{"address_start": 1, "length": 1, "initial_values": [value]}]
        return {"id": 1, "mode": "master", "map": {"holding": holding}}
    """
    with Client(serve(script(RUN_NUMBER, define, "put(run, 0)\n", second)).port) as client:
        started = time.monotonic()
        eventually(lambda: client.holding(1, 1)[0] >= 8)
        assert time.monotonic() - started < 5  # at 50 ms; it would be 7 s at the default


def test_an_edited_script_replaces_what_it_had_defined(serve: Serve, script: Script) -> None:
    server = serve(script(printing(document(holding=[1, 2, 3], interval=50))))
    with Client(server.port) as client:
        assert client.holding(0, 3) == [1, 2, 3]
        script(printing(document(coils=[1, 1], interval=50)))
        eventually(lambda: client.ask(b"\x03\0\0\0\x01") == UNDEFINED)
        assert client.read("coils", 0, 2) == [1, 1]
        server.wait_for_log("INFO .*the script has changed, and replaces what it had defined")


def test_an_edit_with_an_error_leaves_what_was_there(serve: Serve, script: Script) -> None:
    server = serve(script(printing(document(holding=[1, 2], interval=50))))
    with Client(server.port) as client:
        script("print(\n")
        server.wait_for_log(r"run failed: line 1, column 6: '\(' was never closed$")
        assert client.holding(0, 2) == [1, 2]
        script(printing(document(input=[5], interval=50)))
        eventually(lambda: client.ask(b"\x03\0\0\0\x01") == UNDEFINED)


def test_a_range_that_a_later_document_omits_stays(serve: Serve, script: Script) -> None:
    body = f"print({document(input=[4])!r})\n"
    server = serve(script(RUN_NUMBER, "put(run)\n", "if run == 1: ", body))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 3)
        assert client.read("input", 0, 1) == [4]


def test_an_unknown_field_is_ignored_and_warned_of_once(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, "put(run, reboot_intervall=5)\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 5)
    warned = server.logged("WARNING .*reboot_intervall")
    assert len(warned) == 1
    assert warned[0].endswith("`reboot_intervall`: unknown, did you mean `reboot_interval`?")


def test_neither_an_executable_bit_nor_a_shebang_is_needed(serve: Serve, script: Script) -> None:
    path = script(printing(document(holding=[1])))
    path.chmod(stat.S_IRUSR)
    assert not path.read_text().startswith("#!")
    with Client(serve(path).port) as client:
        assert client.holding() == [1]


def test_arguments_are_split_as_in_a_shell(serve: Serve, script: Script) -> None:
    path = script(RUN_NUMBER, "sys.stderr.write('%r\\n' % sys.argv[1:])\nput(1)\n")
    server = serve(f"python:external:{path}?args=--site+%22north+side%22+%C2%B0C&timeout=1min")
    server.wait_for_log(r"run 1: \['--site', 'north side', '°C'\]")


def test_the_interpreter_can_be_chosen(serve: Serve, script: Script, tmp_path: Path) -> None:
    path = script(RUN_NUMBER, "sys.stderr.write(os.environ['CHOSEN'] + '\\n')\nput(1)\n")
    chosen = interpreter(tmp_path / "bin" / "python-of-mine")
    serve(f"{path}?python={chosen}").wait_for_log("run 1: python-of-mine$")


def test_python3_is_preferred_and_python_is_the_second_choice(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    path = script(RUN_NUMBER, "sys.stderr.write(os.environ['CHOSEN'] + '\\n')\nput(1)\n")
    python = interpreter(tmp_path / "bin" / "python")
    environment = {"PATH": f"{python.parent}:/no/such/folder"}
    serve(path, env=environment).wait_for_log("run 1: python$")
    interpreter(tmp_path / "bin" / "python3")
    serve(path, env=environment).wait_for_log("run 1: python3$")


def test_a_script_reached_by_a_link_sees_the_link(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    path = script(RUN_NUMBER, "sys.stderr.write(os.environ['AOBA_SCRIPT'] + '\\n')\nput(1)\n")
    (tmp_path / "link.py").symlink_to(path)
    server = serve("python:link.py", cwd=tmp_path)
    server.wait_for_log(f"link.py run 1: {tmp_path / 'link.py'}$")


def interpreter(path: Path) -> Path:
    """Make a command that is this Python, and says its name to the script."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\nCHOSEN={path.name} exec {sys.executable} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    assert os.access(path, os.X_OK)
    return path
