"""Scripts that hang, crash, vanish or print what is wrong: the log says so, clients notice nothing.

In each test a later run is in order again, which shows that the failure was survived.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document, printing, station, until_exists
from support.server import PROC, Server, is_alive
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]

SLOWEST_ANSWER = (
    0.9  # seconds; a busy machine costs a client some, to wait for the script 1 at least
)

STUBBORN = """
import signal, subprocess, time
def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    with open(sys.argv[1], "w") as file:
        file.write(str(child.pid))
    time.sleep(600)
"""
"""Part of a script: hang, with a child, and both ignore SIGTERM."""


def poll(client: Client, until: Callable[[list[int]], bool]) -> float:
    """Read register 0 again and again; the seconds that the slowest answer took."""
    slowest = 0.0
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        asked = time.monotonic()
        values = client.holding()
        slowest = max(slowest, time.monotonic() - asked)
        if until(values):
            return slowest
        time.sleep(0.002)
    raise AssertionError(f"still {values}")


def test_a_silent_script_is_killed_with_its_children_and_runs_again(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    child = tmp_path / "pid"
    body = "stubborn() if run == 2 else put(run)\n"
    server = serve(f"{script(RUN_NUMBER, STUBBORN, body)}?timeout=1&args={child}")
    with Client(server.port) as client:
        slowest = poll(client, until=lambda values: values[0] >= 3)
    assert slowest < SLOWEST_ANSWER
    server.wait_for_log("ERROR .* run 2: run failed: silent on stdout for longer than 1 s, stopped")
    assert not PROC or not is_alive(int(child.read_text()))


def test_a_silent_script_may_clean_up_on_sigterm(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    cleaned = tmp_path / "cleaned"
    body = f"""
    import signal, time
    def clean_up(*_):
        open({str(cleaned)!r}, "w").close()
        sys.exit()
    signal.signal(signal.SIGTERM, clean_up)
    put(1)
    time.sleep(600)
    """
    server = serve(f"{script(RUN_NUMBER, body)}?timeout=500ms")
    server.wait_for_log("run failed: silent on stdout for longer than 0.5 s, stopped")
    assert cleaned.exists()


def test_output_on_stderr_does_not_count_as_a_sign_of_life(serve: Serve, script: Script) -> None:
    body = "import time\nwhile True:\n    sys.stderr.write('busy\\n')\n    time.sleep(0.02)\n"
    server = serve(f"{script(RUN_NUMBER, body)}?timeout=0.3")
    server.wait_for_log("run failed: silent on stdout for longer than 0.3 s, stopped")


@pytest.mark.parametrize(
    ("crash", "reason"),
    [
        ("sys.exit(3)", "exit status 3"),
        ("os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("raise ValueError('no sensor')", "exit status 1"),
    ],
)
def test_what_was_applied_before_a_crash_stays(
    serve: Serve, script: Script, crash: str, reason: str
) -> None:
    server = serve(script(RUN_NUMBER, f"put(7 if run == 1 else 8)\nif run == 1: {crash}\n"))
    server.wait_for_log(rf"ERROR +source\.py run 1: run failed: {reason}$")
    with Client(server.port) as client:
        poll(client, until=lambda values: values == [8])


def test_a_traceback_is_in_the_log_line_by_line(serve: Serve, script: Script) -> None:
    server = serve(script("def read():\n    raise ValueError('no sensor')\nread()\n"))
    server.wait_for_log(r"WARNING +source\.py run 1: Traceback \(most recent call last\):")
    server.wait_for_log(r"WARNING +source\.py run 1:   File .*source\.py\", line 2, in read")
    server.wait_for_log(r"WARNING +source\.py run 1: ValueError: no sensor")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "printed no document"),
        ("print('starting ...')", "printed no document"),
        ("print('{}')", "printed no valid document"),
    ],
)
def test_a_run_without_a_document_has_failed(
    serve: Serve, script: Script, output: str, reason: str
) -> None:
    server = serve(script(output + "\n"))
    server.wait_for_log(rf"ERROR +source\.py run 1: run failed: {reason}$")


def test_a_script_that_is_deleted_fails_and_is_back_when_it_is_back(
    serve: Serve, script: Script
) -> None:
    path = script(RUN_NUMBER, "put(1)\n")
    server = serve(path)
    with Client(server.port) as client:
        assert client.holding() == [1]
        path.unlink()
        server.wait_for_log(r"ERROR .*run failed: .*source\.py: no such script")
        assert client.holding() == [1]
        script(RUN_NUMBER, "put(2)\n")
        poll(client, until=lambda values: values == [2])


def test_an_error_in_a_document_is_located(serve: Serve, script: Script) -> None:
    ranges = [
        {"address_start": 0, "length": 1},
        {"address_start": 10, "length": 4, "initial_values": [1, 2, 3]},
    ]
    body = f"""
    holding = {ranges!r}
    holding[1]["initial_values"].append(70000 if run >= 7 else 4)
    station = {{"id": 1, "mode": "master", "map": {{"holding": holding}}}}
    print(json.dumps({{"stations": [station], "reboot_interval": 50}}))
    """
    server = serve(script(RUN_NUMBER, body, name="boiler.py"))
    found = server.wait_for_log("ERROR +(.*70000)$")
    where = "stations[0].map.holding[1].initial_values[3]"
    assert found[1] == f"boiler.py run 7: {where}: expected 0..65535, got 70000"
    with Client(server.port) as client:
        assert client.holding(10, 4) == [1, 2, 3, 4]


def test_an_error_that_repeats_is_logged_once_and_so_is_that_it_is_gone(
    serve: Serve, script: Script
) -> None:
    server = serve(script(RUN_NUMBER, "put(70000 if run in range(2, 8) else run)\n"))
    server.wait_for_log(r"INFO +source\.py run 8: well again, after 1\d errors$")
    assert len(server.logged("stations.*got 70000")) == 1
    assert len(server.logged("run failed: printed no valid document")) == 1


@pytest.mark.parametrize("mode", ["", "python:embedded:"])
def test_a_script_that_fails_every_second_run_does_not_fill_the_log(
    serve: Serve, script: Script, mode: str
) -> None:
    path = script(
        RUN_NUMBER, "put(run, reboot_interval=200)\nif run % 2 == 0:\n    {}['sensor', run]\n"
    )
    server = serve(f"{mode}{path}")
    with Client(server.port) as client:
        poll(client, until=lambda values: values[0] >= 13)  # a good one
    server.stop()
    assert len(server.logged(r"ERROR .* run \d+: run failed: exit status 1")) == 1
    assert len(server.logged("Traceback")) == 1
    assert len(server.logged(r"INFO .* well again, after \d+ errors?$")) == 1
    assert server.logged(r"WARNING .* same traceback, \d+ times: KeyError: \('sensor', \d+\)")


def test_a_script_says_at_which_level_a_line_is_logged(serve: Serve, script: Script) -> None:
    lines = ["<3>pump lost", "<6>pump started", "plain"]
    body = "".join(f"sys.stderr.write({line + chr(10)!r})\n" for line in lines)
    server = serve(script(RUN_NUMBER, body, "put(run)\n"))
    for level, text in (("ERROR", "pump lost"), ("INFO", "pump started"), ("WARNING", "plain")):
        server.wait_for_log(rf"{level} +source\.py run 1: {text}$")


def test_a_script_that_takes_its_time_for_the_first_values_is_named(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    server = serve(script(RUN_NUMBER, until_exists(gate), "put(run)\n"))
    server.wait_for_log("INFO +source.py: no values yet; it is waited for$")
    gate.touch()
    server.wait_for_log("first document: ")


def test_the_rest_of_the_count_is_told_at_the_end(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, "put(run)\nsys.exit(3 if run > 1 else 0)\n"))
    with Client(server.port) as client:
        poll(client, until=lambda values: values[0] >= 5)
    assert not server.logged("same error")
    server.stop()
    count = int(server.wait_for_log(r"same error, (\d+) times: run failed: exit status 3")[1])
    assert count >= 2


def test_skipped_slots_are_counted(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, "import time\nput(run)\ntime.sleep(0.15 * (run < 5))\n"))
    server.wait_for_log("ERROR .* run 1: takes longer than its interval of 50 ms, slots are skipp")
    server.wait_for_log(r"INFO .*well again, after \d+ errors?$")


def test_of_two_sources_with_the_same_address_the_first_one_keeps_it(
    serve: Serve, script: Script
) -> None:
    first = script(printing(document(holding=[1, 2, 3])), name="first.py")
    wait = "import time\ntime.sleep(0.3)\n"
    shared = document(station(1, holding=[0, 0, 9], coils=[1]), station(2, holding=[9]))
    late = script(wait, printing(shared), name="late.py")
    server = serve(first, late)
    server.wait_for_log(
        r"late\.py run 1: stations\[0\]\.map\.holding\[0\]: "
        r"station 1 holding 0\.\.2 already belongs to first\.py"
    )
    with Client(server.port) as client:
        assert client.holding(0, 3) == [1, 2, 3]
        assert client.ask(b"\x03\0\0\0\x01", unit=2) == b"\x83\x0b"


def test_a_document_of_more_than_16_mib_is_dropped(serve: Serve, script: Script) -> None:
    body = """
    if run == 1:
        print('{"stations": [' + " " * (17 << 20) + "]}")
    put(run)
    """
    server = serve(script(RUN_NUMBER, body))
    server.wait_for_log(r"ERROR +source\.py run 1: a JSON value is longer than 16 MiB, \d+ bytes")
    with Client(server.port) as client:
        poll(client, until=lambda values: values[0] >= 2)
