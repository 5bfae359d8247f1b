"""How the interpreter of an embedded script ends: by a stop, a crash, a hang, a kill."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, UPDATE, document
from support.embedded import Hosted, embedded
from support.runs import open_descriptors
from support.server import PROC, Server, is_alive
from support.waiting import eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]


@pytest.mark.skipif(not PROC, reason="needs /proc")
@pytest.mark.parametrize("body", ["put(run)", "while True: put(run); time.sleep(0.05)"])
def test_an_interpreter_does_not_outlive_aoba_for_long(
    serve: Serve, script: Script, body: str
) -> None:
    server = serve(embedded(script(RUN_NUMBER, f"import time\n{body}\n")))
    assert server.port
    assert server.processes()
    server.stop(signal.SIGKILL)
    server.no_process_is_left()


def test_a_run_that_ends_itself_when_it_is_stopped_ends_its_interpreter(script: Script) -> None:
    body = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
    path = script(body + "print('asleep')\ntime.sleep(1000)\n")
    with Hosted(path, timeout=0.5) as hosted:
        stopped = [hosted.run().failure for _ in range(2)]
    assert stopped == ["silent on stdout for longer than 0.5 s, stopped"] * 2


def test_a_hang_is_killed_and_the_interpreter_started_again(serve: Serve, script: Script) -> None:
    body = "put(run)\nif run == 2:\n    import time\n    time.sleep(600)\n"
    server = serve(embedded(script(RUN_NUMBER, body), "?timeout=300ms"))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 4)
    server.wait_for_log(r"run 2: run failed: silent on stdout for longer than 0\.3 s, stopped$")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("os._exit(3)", "exit status 3"),
        ("os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_half_a_document_of_a_crash_changes_nothing(
    serve: Serve, script: Script, end: str, told: str
) -> None:
    body = f"""
    if run % 2 == 0:
        sys.stdout.write('{{"stations": [{{"id": 1, "mode": "master", "map": {{"holding": [')
        {end}
    put(run)
    """
    server = serve(embedded(script(RUN_NUMBER, body)))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 5)
        assert client.holding()[0] % 2 == 1
    server.wait_for_log(f"run 2: run failed: {told}$")
    server.wait_for_log("run 2: a JSON value ends early, 62 bytes dropped")


def test_crashes_are_followed_by_longer_and_longer_pauses(serve: Serve, script: Script) -> None:
    body = "put(run, reboot_interval=10)\nif run > 1: os._exit(1)\n"
    server = serve(embedded(script(RUN_NUMBER, body)))
    with Client(server.port) as client:
        started = time.monotonic()
        eventually(lambda: client.holding()[0] >= 5)
        # After runs 2, 3 and 4: 0.1, 0.2 and 0.4 s.
        assert time.monotonic() - started > 0.6
    server.wait_for_log("WARNING .*its interpreter has crashed, and has a pause: slots are skipped")
    assert len(server.logged("has a pause: slots are skipped$")) == 1


def test_a_crash_between_two_runs_is_told(serve: Serve, script: Script) -> None:
    server = serve(embedded(script(RUN_NUMBER, "put(run, os.getpid() & 0xFFFF)\n")))
    with Client(server.port) as client:
        pid = client.holding(1)[0]
        (child,) = [p for p in server.processes() if p & 0xFFFF == pid]
        os.kill(child, signal.SIGKILL)
        eventually(lambda: client.holding(1)[0] != pid)
    assert server.logged("ended between two runs: killed by SIGKILL|run failed: killed by SIGKILL")
    server.stop()
    server.no_process_is_left()


@pytest.mark.skipif(not PROC, reason="no /proc")
def test_kills_leave_no_wrong_value_no_zombie_and_no_descriptor(
    serve: Serve, script: Script
) -> None:
    body = "calls = 0\ndef update(context):\n    n = context['run'] & 0xFFFF\n"
    body += "    return made(*[n] * 125, reboot_interval=10)\n"
    server = serve(embedded(script(UPDATE, body)))
    with Client(server.port) as client:
        client.holding()
        before = len(open_descriptors(server.process.pid))
        for number in range(20):
            for pid in server.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, (signal.SIGKILL, signal.SIGSEGV)[number % 2])
            values = client.holding(0, 125)
            assert len(set(values)) == 1
            run = values[0]
            eventually(lambda run=run: client.holding()[0] != run)
        eventually(lambda: len(server.processes()) == 1)
        eventually(  # the next interpreter has six while it starts
            lambda: len(open_descriptors(server.process.pid)) <= before + 1, "few descriptors"
        )
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    assert all(map(is_alive, map(int, children.split())))  # no zombie either


def test_an_interpreter_ends_with_its_exit_handlers(script: Script, tmp_path: Path) -> None:
    left = tmp_path / "left"
    path = script(f"""
    import atexit, pathlib
    atexit.register(pathlib.Path({str(left)!r}).touch)
    def update():
        print("[]")
    """)
    with Hosted(path) as hosted:
        assert [hosted.run().stdout for _ in range(2)] == ["[]\n", "[]\n"]
        assert not left.exists()
    assert left.exists()


def test_stopping_aoba_ends_the_interpreter(serve: Serve, script: Script) -> None:
    server = serve(embedded(script(UPDATE, "def update():\n    return made(1)\n")))
    assert server.port
    code, seconds = server.stop()
    assert code == 0
    assert seconds < 3
    server.no_process_is_left()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            """
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
""",
            r"it has left the thread 'Thread-1 \(sleep\)' behind",
        ),
        ("import subprocess\nsubprocess.Popen(['sleep', '60'])", "it has left a process behind"),
        ("sys.addaudithook(lambda *_: None)", "it has added an audit hook"),
        (
            "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))",
            "it has changed RLIMIT_NOFILE, which cannot be put back",
        ),
    ],
)
def test_what_cannot_be_put_back_ends_an_interpreter_which_is_said_once(
    script: Script, caplog: pytest.LogCaptureFixture, body: str, why: str
) -> None:
    caplog.set_level("INFO", "aoba.embedded")
    with Hosted(script(f"import os, sys\nprint(os.getpid())\n{body}\n")) as hosted:
        told = [hosted.run() for _ in range(3)]
    assert len({outcome.stdout for outcome in told}) == 3
    assert {(outcome.stderr, outcome.failure) for outcome in told} == {("", None)}
    (line,) = caplog.messages
    assert re.fullmatch(f"source.py: {why}.*: the next run has a new interpreter", line)


def test_an_interpreter_whose_second_run_fails_is_followed_by_one_for_each_run(
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "aoba.embedded")
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "registry.py").write_text(
        "n = []\ndef register():\n    n.append(1)\n    assert len(n) == 1, 'twice'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(libraries))
    with Hosted(script("import registry\nregistry.register()\nprint(1)\n")) as hosted:
        told = [hosted.run() for _ in range(5)]
    assert [outcome.failure for outcome in told] == [None, "exit status 1", None, None, None]
    (line,) = caplog.messages
    assert "its second run in an interpreter fails, where the first one has not" in line


def test_a_script_that_fails_in_any_interpreter_keeps_one(script: Script, tmp_path: Path) -> None:
    works = tmp_path / "works"
    works.touch()
    path = script(f"""
    import os, sys
    print(os.getpid())
    sys.exit(0 if os.path.exists({str(works)!r}) else 1)
    """)
    with Hosted(path) as hosted:
        well = hosted.run().stdout
        works.unlink()
        failed = [hosted.run().stdout for _ in range(4)]
        works.touch()
        mended = [hosted.run().stdout for _ in range(3)]
    assert failed[0] == well  # that might be for what this one has left
    assert failed[1] not in (well, failed[2])  # which has a run to itself, to see
    assert len(set(failed[2:] + mended)) == 1


def test_a_run_that_ends_its_process_well_has_not_crashed(serve: Serve, script: Script) -> None:
    server = serve(embedded(script(RUN_NUMBER, "put(run, reboot_interval=10)\nos._exit(0)\n")))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] >= 5)
    assert not server.logged("run failed|has a pause|ended between")


def test_descriptors_left_open_end_an_interpreter_before_there_are_too_many(
    script: Script,
) -> None:
    path = script("import os\nprint(os.getpid(), os.open(os.devnull, os.O_RDONLY))\n")
    with Hosted(path) as hosted:
        told = [hosted.run().stdout.split() for _ in range(250)]
    assert max(int(number) for _, number in told) < 150
    assert len({pid for pid, _ in told}) == 3


def test_a_process_of_an_earlier_run_cannot_print_a_document(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    pid, late = tmp_path / "pid", tmp_path / "late"
    late.write_text(document(holding=[99]))
    body = f"""
    put(run)
    if run == 1:
        os.system("(setsid sh -c 'echo $$ > {pid}; sleep 2; cat {late}' &)")
        while not os.path.exists({str(pid)!r}): pass
    """
    server = serve(embedded(script(RUN_NUMBER, body)))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 3)
        eventually(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())
        assert client.holding() != [99]
