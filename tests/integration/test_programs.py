"""`exec:` with programs that are no Python: what scripts are promised, they are promised, too."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.server import Server, is_alive, run_aoba
from support.waiting import eventually
from support.wire import Client, write_register_pdu

Serve = Callable[..., Server]
Program = Callable[..., Path]

DOCUMENT = (
    '{"reboot_interval": 50, "stations": [{"id": 1, "mode": "%s", "map": {"holding": '
    '[{"address_start": 0, "initial_values": [%s]}]}}]}'
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def write(text: str, name: str = "meter") -> Path:
        path = tmp_path / name
        draft = tmp_path / "draft"
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(path)
        return path

    return write


def reads(server: Server, condition: Callable[[int], bool]) -> None:
    with Client(server.port) as client:
        eventually(lambda: condition(client.holding()[0]))


def shell(mode: str, value: str) -> str:
    return f"#!/bin/sh\nprintf '{DOCUMENT % (mode, '%s')}\\n' \"{value}\"\n"


def test_a_shell_script_is_run_again_and_again(serve: Serve, program: Program) -> None:
    server = serve(f"exec:{program(shell('master', '$AOBA_RUN'))}")
    reads(server, lambda value: value > 5)
    assert not server.logged("runs under")
    assert server.stop()[0] == 0
    assert server.logged(r"meter: \d+ runs, 0 failed")


def test_arguments_and_the_environment(serve: Serve, program: Program) -> None:
    path = program(shell("master", "$(($1 + ${AOBA_TIMEOUT%.*}))"))
    server = serve(f"exec:{path}?args=30&timeout=12")
    reads(server, lambda value: value == 42)


def test_an_edit_takes_effect(serve: Serve, program: Program) -> None:
    server = serve(f"exec:{program(shell('master', '1'))}")
    reads(server, lambda value: value == 1)
    program(shell("master", "2"))
    reads(server, lambda value: value == 2)
    server.wait_for_log("the script has changed, and replaces what it had defined")


def test_writes_are_told_on_stdin(serve: Serve, program: Program) -> None:
    path = program("#!/bin/sh\ncat >&2\n" + shell("slave", "1").partition("\n")[2])
    server = serve(f"exec:{path}?feed=writes")
    with Client(server.port) as client:
        client.ask(write_register_pdu(0, 1234))
    told = server.wait_for_log(r'(\{"run":.*"values":\[1234\].*\})')
    assert json.loads(told[1])["writes"][0]["values"] == [1234]


FAULTS = {
    "exit 3": ("#!/bin/sh\nexit 3\n", "run failed: exit status 3"),
    "nothing": ("#!/bin/sh\n", "run failed: printed no document"),
    "no shebang": ("\x7fELF nothing\n", "run failed: .*meter cannot be started: .*Exec format"),
    "a wrong value": (shell("master", "70000"), "expected 0..65535, got 70000"),
    "hangs": ("#!/bin/sh\nexec sleep 600\n", "run failed: .*silent|no output"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_and_values_stay(serve: Serve, program: Program, fault: str) -> None:
    server = serve(f"exec:{program(shell('master', '7'))}?timeout=300ms")
    reads(server, lambda value: value == 7)
    text, says = FAULTS[fault]
    program(text)
    server.wait_for_log(f"ERROR .* {says}")
    reads(server, lambda value: value == 7)
    program(shell("master", "8"))
    reads(server, lambda value: value == 8)


def test_what_is_left_is_killed(serve: Serve, program: Program, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = f"#!/bin/sh\nsetsid sleep 600 >/dev/null 2>&1 &\necho $! >>{pids}\n"
    server = serve(f"exec:{program(text + shell('master', '$AOBA_RUN').partition(chr(10))[2])}")
    reads(server, lambda value: value > 3)
    server.stop()
    left = [int(line) for line in pids.read_text().split()]
    assert left
    eventually(lambda: not any(map(is_alive, left)))


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc here")
def test_a_program_in_c_that_prints_for_ever(serve: Serve, tmp_path: Path) -> None:
    source = tmp_path / "meter.c"
    line = (DOCUMENT % ("master", "%d")).replace('"', '\\"')
    source.write_text(
        "#include <stdio.h>\n#include <unistd.h>\n"
        f'int main(void) {{ for (int i = 1;; i++) {{ printf("{line}\\n", i); fflush(stdout);'
        " usleep(20000); } }\n"
    )
    subprocess.run(["gcc", "-o", tmp_path / "counter", source], check=True)
    server = serve(f"exec:{tmp_path}/counter")
    reads(server, lambda value: value > 20)


def test_a_check_shows_what_comes(program: Program) -> None:
    done = run_aoba("check", f"exec:{program(shell('master', '7'))}", "--json")
    assert done.returncode == 0
    stations = json.loads(done.stdout)["stations"]
    assert stations[0]["map"]["holding"][0]["initial_values"] == [7]
