"""Runs that were submitted without a task, and of which more comes than one document.

A first run is always one with all care, and so are one that starts cold and the first of forks. So
what these scripts do, they do once, in the fourth run in a process that is kept, or a fork of one.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.server import Server, is_alive
from support.waiting import eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]

ACTS = """
import time
process = open("/proc/self/cmdline", "rb").read()
acts = False
if b"fork_server.py" in process or b"resident.py" in process:
    with open(__file__ + ".kept", "a") as file:
        file.write("x")
        acts = file.tell() == 4
"""
ACT = f"{ACTS}put(run)\nif acts:\n"
FOLLOWING = r"run (?:[3-9]|\d\d+): "

Start = Callable[..., Server]


@pytest.fixture(params=["external", "embedded"])
def start(request: pytest.FixtureRequest, serve: Serve) -> Start:
    return lambda path, options="": serve(f"python:{request.param}:{path}{options}")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("sys.stderr.write('oh\\n')", "WARNING .* {run}oh$"),
        ("time.sleep(0.1); sys.stderr.write('late\\n')", "WARNING .* {run}late$"),
        ("print('no JSON')", "WARNING .* {run}not JSON, skipped: no JSON$"),
        ('print(\'[{"id": 0, "map": {}}]\')', r"ERROR .* {run}stations\[0\]\.id: "),
        ("sys.exit(4)", "ERROR .* {run}run failed: exit status 4$"),
        ("time.sleep(0.1); sys.exit(4)", "ERROR .* {run}run failed: exit status 4$"),
        ("os._exit(5)", "ERROR .* {run}run failed: exit status 5$"),
        ("time.sleep(0.3)", "ERROR .* takes longer than its interval of 50 ms"),
    ],
)
def test_what_is_out_of_the_ordinary_is_told_of_its_run(
    start: Start, script: Script, body: str, line: str
) -> None:
    server = start(script(RUN_NUMBER, f"{ACT}    {body}\n"))
    server.wait_for_log(line.replace("{run}", FOLLOWING))
    with Client(server.port) as client:
        [now] = client.holding()
        eventually(lambda: client.holding()[0] > now + 2)


def test_a_run_without_a_document_fails(start: Start, script: Script) -> None:
    server = start(script(RUN_NUMBER, f"{ACTS}if not acts: put(run)\n"))
    server.wait_for_log(FOLLOWING + "run failed: printed no document$")


def test_two_documents_of_a_run_take_effect(start: Start, script: Script) -> None:
    path = script(RUN_NUMBER, f"{ACTS}put(run)\nput(run, run)\n")
    server = start(path)
    with Client(server.port) as client:
        kept = Path(f"{path}.kept")
        eventually(lambda: kept.exists() and kept.stat().st_size > 3)
        [now] = client.holding()
        eventually(lambda: client.holding(0, 2)[1] > now + 2)
    server.stop()
    assert not server.logged("ERROR")


def test_silence_is_counted_from_the_last_document(start: Start, script: Script) -> None:
    server = start(script(RUN_NUMBER, f"{ACT}    time.sleep(600)\n"), "?timeout=900ms")
    text = r"run failed: silent on stdout for longer than 0\.9 s, stopped$"
    server.wait_for_log(FOLLOWING + text)
    with Client(server.port) as client:
        [now] = client.holding()
        eventually(lambda: client.holding()[0] > now + 2)


def test_an_edit_stops_a_run_that_never_ends(start: Start, script: Script) -> None:
    server = start(script(RUN_NUMBER, f"{ACT}    put(66); time.sleep(600)\n"))
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [66])
        script(RUN_NUMBER, "put(77)\n")
        eventually(lambda: client.holding() == [77])
    assert len(server.logged("the script has changed: stopped, to run the new version")) == 1
    assert not server.logged("run failed")


def test_a_run_that_has_just_begun_may_clean_up_when_aoba_stops(
    start: Start, script: Script
) -> None:
    body = f"""{ACTS}
import signal
def clean_up(*_):
    sys.stderr.write("cleaning up\\n")
    sys.exit()
if acts:
    signal.signal(signal.SIGTERM, clean_up)
    put(66, reboot_interval=600_000)
    time.sleep(600)
put(run)
"""
    server = start(script(RUN_NUMBER, body))
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [66])
    code, seconds = server.stop()
    assert code == 0
    assert seconds < 3
    assert server.logged(FOLLOWING + "cleaning up")
    server.no_process_is_left()


def test_other_stations_and_other_values_are_told_apart(start: Start, script: Script) -> None:
    """Most documents of this script are the one before with other values, and some are not."""
    body = "put(*range(run, run + (3 if run % 5 else 2)))\n"
    server = start(script(RUN_NUMBER, body))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 5)
        while (run := client.holding()[0]) < 20:
            first, second, third = client.holding(0, 3)
            assert first in (run, run + 1)
            kept = first % 5 == 0
            assert (second, third) == (first + 1, first + (1 if kept else 2))


def test_processes_of_a_script_find_the_number_of_its_run(start: Start, script: Script) -> None:
    body = """
    import subprocess
    seen = int(subprocess.check_output(["sh", "-c", "echo $AOBA_RUN"]))
    if run % 4 == 0:
        del os.environ["AOBA_RUN"]
    if run % 4 == 1:
        os.environ["AOBA_RUN"] = "77"
    put(run, seen)
    """
    server = start(script(RUN_NUMBER, body))
    with Client(server.port) as client:
        while (pair := client.holding(0, 2))[0] < 10:
            assert pair[0] == pair[1]
    assert not server.logged("ERROR .* run failed")


@pytest.mark.parametrize("streams", ["", ">/dev/null 2>&1"])
def test_what_a_fork_leaves_behind_is_killed(
    serve: Serve, script: Script, tmp_path: Path, streams: str
) -> None:
    """Whether it keeps the streams of the run or not."""
    body = f"""{ACT}
    import subprocess
    left = subprocess.Popen(["sh", "-c", "exec sleep 600 {streams}"])
    open("{tmp_path}/pid", "w").write("%d." % left.pid)
"""
    server = serve(script(RUN_NUMBER, body))
    file = tmp_path / "pid"
    eventually(lambda: file.exists() and file.read_text().endswith("."), "a run of a fork")
    left = int(file.read_text()[:-1])
    eventually(lambda: not is_alive(left), "the end of what the run has left")
    with Client(server.port) as client:
        [now] = client.holding()
        eventually(lambda: client.holding()[0] > now + 2)
    assert not server.logged("run failed")
