"""Embedded mode, `python:embedded:PATH`, in a server: state, crashes, hangs and edits."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, document, printing, until_exists
from support.embedded import Hosted
from support.runs import open_descriptors
from support.server import PROC, Server, is_alive, run_aoba
from support.waiting import DEADLINE, eventually
from support.wire import Client

Serve = Callable[..., Server]
Script = Callable[..., Path]

UPDATE = """
def made(*values, **more):
    holding = [{"address_start": 0, "initial_values": list(values)}]
    stations = [{"id": 1, "mode": "master", "map": {"holding": holding}}]
    return dict({"stations": stations, "reboot_interval": 20}, **more)
"""
NO_JSON = "Object of type set is not JSON serializable"


def embedded(path: Path, options: str = "") -> str:
    return f"python:embedded:{path}{options}"


def test_runs_are_of_one_process_and_each_in_a_fresh_namespace(
    serve: Serve, script: Script
) -> None:
    body = "put(run & 0xFFFF, os.getpid() & 0xFFFF, int('seen' in globals()))\nseen = 1\n"
    with Client(serve(embedded(script(RUN_NUMBER, body))).port) as client:
        first = client.holding(0, 3)
        eventually(lambda: client.holding()[0] > first[0] + 5)
        assert client.holding(1, 2) == first[1:] == [first[1], 0]


def test_update_keeps_its_state_and_returns_the_document(serve: Serve, script: Script) -> None:
    body = """
    import os
    loads = calls = 0
    loads += 1
    def update():
        global calls
        calls += 1
        return made(loads, calls, int(os.environ["AOBA_RUN"]))
    """
    with Client(serve(embedded(script(UPDATE, body))).port) as client:
        eventually(lambda: client.holding(1)[0] > 5)
        loads, calls, run = client.holding(0, 3)
        assert (loads, calls) == (1, run)


def test_update_may_return_stations_or_print_and_so_may_the_load(
    serve: Serve, script: Script
) -> None:
    body = """
    import json
    print(json.dumps(made(0, 0, 7)))
    def update(context):
        if context["run"] % 2:
            return made(context["run"])["stations"]
        stations = made(context["run"])["stations"]
        stations[0]["map"]["holding"][0]["address_start"] = 1
        print(json.dumps(stations))
    """
    with Client(serve(embedded(script(UPDATE, body))).port) as client:
        eventually(lambda: min(client.holding(0, 2)) > 5)
        odd, even, loaded = client.holding(0, 3)
        assert (odd % 2, even % 2, loaded) == (1, 0, 7)


def test_update_gets_run_time_and_feedback(script: Script) -> None:
    path = script("import json\ndef update(context):\n    print(json.dumps(context))\n")
    with Hosted(path) as hosted:
        before = time.time()
        plain = json.loads(hosted.run().stdout)
        fed = json.loads(hosted.run(b'{"run": 2, "time": 5, "writes": [[1]]}').stdout)
        large = json.loads(hosted.run(json.dumps({"a": "x" * 300_000}).encode()).stdout)
    assert plain == {"run": 1, "time": pytest.approx(before, abs=30)}
    assert fed == {"run": 2, "time": 5, "writes": [[1]]}
    assert (large["run"], len(large["a"])) == (3, 300_000)


def test_an_interpreter_whose_last_run_ends_after_the_edit_ends_too(script: Script) -> None:
    body = "import os, sys, time\nprint(os.getpid())\n"
    path = script(body + "while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n")
    go_on = path.with_suffix(".go")

    async def edited_during_the_run(hosted: Hosted) -> int:
        await hosted.host.prepare(hosted.file.read())
        async with hosted.host.start(1, lambda _: None) as running:
            pid = int(await running.read(DEADLINE))
            path.write_text(body)
            await hosted.host.prepare(hosted.file.read())
            go_on.touch()
            rest = [chunk async for chunk in running.output(DEADLINE)]
            assert not b"".join(rest).strip()  # the end of the line may come by itself
        assert running.failure is None
        while is_alive(pid):  # noqa: ASYNC110  a process of another's tells nobody
            await asyncio.sleep(0.01)
        return pid

    with Hosted(path, args=[str(go_on)]) as hosted:
        pid = hosted.in_loop(asyncio.wait_for(edited_during_the_run(hosted), DEADLINE))
        assert int(hosted.run().stdout) != pid


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


def test_feedback_is_on_stdin_of_each_update(script: Script) -> None:
    path = script("import sys\ndef update():\n    print(sys.stdin.read())\n")
    with Hosted(path) as hosted:
        told = [hosted.run(b'{"n": %d}' % n).stdout for n in range(3)]
    assert told == [f'{{"n": {n}}}\n' for n in range(3)]


def test_a_run_that_ends_itself_when_it_is_stopped_ends_its_interpreter(script: Script) -> None:
    body = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
    path = script(body + "print('asleep')\ntime.sleep(1000)\n")
    with Hosted(path, timeout=0.5) as hosted:
        stopped = [hosted.run().failure for _ in range(2)]
    assert stopped == ["silent on stdout for longer than 0.5 s, stopped"] * 2


def test_feedback_is_on_stdin_of_other_scripts(script: Script) -> None:
    path = script("import sys, json\nprint(json.load(sys.stdin)['n'], repr(sys.stdin.read()))")
    with Hosted(path) as hosted:
        assert [hosted.run(b'{"n": %d}' % n).stdout for n in range(3)] == [
            f"{n} ''\n" for n in range(3)
        ]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return 'text'", "update() returned str; expected a dict, a list of stations or None"),
        (
            "return {'a': {1}}",
            f"update() returned what JSON cannot express: {NO_JSON}",
        ),
        ("sys.exit('sensor does not answer')", "sensor does not answer"),
    ],
)
def test_an_update_that_fails_keeps_its_state(script: Script, body: str, line: str) -> None:
    path = script(f"""
    import sys
    calls = 0
    def update():
        global calls
        calls += 1
        if calls == 2:
            {body}
        print(calls)
    """)
    with Hosted(path) as hosted:
        outcomes = [hosted.run() for _ in range(3)]
    assert outcomes[1] == ("", line + "\n", "exit status 1")
    assert [o.stdout for o in outcomes] == ["1\n", "", "3\n"]


def test_a_traceback_of_update_begins_in_the_script(script: Script) -> None:
    path = script("def update():\n    1/0\n")
    with Hosted(path) as hosted:
        stderr = hosted.run().stderr
    expected = f'Traceback (most recent call last):\n  File "{path}", line 2, in update\n    1/0\n'
    assert stderr.startswith(expected)


def test_arguments_environment_and_stderr(serve: Serve, script: Script) -> None:
    body = "sys.stderr.write('%r %s\\n' % (sys.argv[1:], os.environ['AOBA_SCRIPT']))\nput(1)\n"
    path = script(RUN_NUMBER, body)
    server = serve(embedded(path, "?args=--site+%22north+side%22&timeout=1min"))
    server.wait_for_log(rf"WARNING .*run 1: \['--site', 'north side'\] {path}$")


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


def test_a_syntax_error_keeps_the_last_good_program(serve: Serve, script: Script) -> None:
    body = "put({}, run & 0xFFFF)\n"
    server = serve(embedded(script(RUN_NUMBER, body.format(1))))
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [1])
        script(RUN_NUMBER, "x = 1\nput((2, run)\n")
        server.wait_for_log(
            r"ERROR .*line 10, column 4: '\(' was never closed; the last good version goes on$"
        )
        run = client.holding(1)[0]
        eventually(lambda: client.holding(1)[0] > run + 3)
        assert client.holding() == [1]
        assert not server.logged("replaces what it had defined")
        script(RUN_NUMBER, body.format(3))
        eventually(lambda: client.holding() == [3])
    assert len(server.logged(r"run \d+: line 10")) == 1
    server.wait_for_log(r"same error, \d+ times: line 10, column 4")


def test_the_last_good_program_outlives_a_crash(serve: Serve, script: Script, tmp_path) -> None:
    gate = tmp_path / "crash"
    body = f"if os.path.exists({str(gate)!r}):\n    os.remove({str(gate)!r})\n    os._exit(1)\n"
    server = serve(embedded(script(RUN_NUMBER, body, "put(run)\n")))
    with Client(server.port) as client:
        client.holding()
        script("(\n")
        server.wait_for_log("the last good version goes on")
        gate.touch()
        server.wait_for_log("run failed: exit status 1")
        run = client.holding()[0]
        eventually(lambda: client.holding()[0] > run + 3)


def test_an_edited_update_script_starts_afresh(serve: Serve, script: Script) -> None:
    body = (
        "calls = 0\ndef update():\n    global calls\n    calls += 1\n    return made(calls, {})\n"
    )
    server = serve(embedded(script(UPDATE, body.format(1))))
    with Client(server.port) as client:
        eventually(lambda: client.holding()[0] > 3)
        (before,) = server.processes()
        script(UPDATE, body.format("2, 3"))
        eventually(lambda: client.holding(0, 3)[1:] == [2, 3] if _defined(client, 2) else None)
        eventually(lambda: server.processes() != [before] and len(server.processes()) == 1)
    server.wait_for_log("the script has changed, and replaces what it had defined")


def _defined(client: Client, address: int) -> bool:
    return client.ask(bytes((3, 0, address, 0, 1)))[0] == 3


@pytest.mark.parametrize("mode", ["embedded", "external"])
def test_an_edit_stops_a_run_that_never_ends(serve: Serve, script: Script, mode: str) -> None:
    endless = "while True:\n    put({})\n    import time; time.sleep(0.02)\n"
    server = serve(f"python:{mode}:{script(RUN_NUMBER, endless.format(1))}")
    with Client(server.port) as client:
        assert client.holding() == [1]
        script("def broken(:\n")
        server.wait_for_log(r"run 1: line 1, column 12: .*goes on$")
        assert client.holding() == [1]
        script(RUN_NUMBER, endless.format(2))
        eventually(lambda: client.holding() == [2])
    assert len(server.logged("the script has changed: stopped, to run the new version")) == 1
    assert not server.logged("run failed")


def test_a_half_saved_file_is_not_run(serve: Serve, script: Script) -> None:
    path = script(RUN_NUMBER, "put(1)\n")
    server = serve(embedded(path))
    new = path.read_text().replace("put(1)", "put(2)")
    with Client(server.port) as client:
        assert client.holding() == [1]
        with path.open("w") as file:  # in pieces, each of them a program
            for line in new.splitlines(keepends=True):
                file.write(line)
                file.flush()
                time.sleep(0.01)
        eventually(lambda: client.holding() == [2])
    assert not server.logged("run failed|SyntaxError|no document|goes on")


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
        assert len(open_descriptors(server.process.pid)) <= before + 1
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    assert len(children.split()) == 1  # no zombie either


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


def test_a_deleted_script_fails_until_it_is_back(serve: Serve, script: Script) -> None:
    path = script(RUN_NUMBER, "put(run)\n")
    source = path.read_text()
    server = serve(embedded(path))
    with Client(server.port) as client:
        client.holding()
        path.unlink()
        server.wait_for_log(f"run failed: {path}: no such script")
        run = client.holding()[0]
        script(source)
        eventually(lambda: client.holding()[0] > run)


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


def test_check_says_where_a_syntax_error_is(script: Script) -> None:
    done = run_aoba("check", embedded(script("x = 1\ny = (\n")))
    assert done.returncode == 1
    assert "source.py run 1: run failed: line 2, column 5: '(' was never closed" in done.stderr


@pytest.mark.parametrize("option", ["python=python3", "start=cold", "preload=json"])
def test_options_of_external_mode_are_refused(script: Script, option: str) -> None:
    done = run_aoba("check", embedded(script(printing(document())), f"?{option}"))
    assert done.returncode == 2
    assert f"option '{option.partition('=')[0]}' goes with python:external" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_syntax_error_at_the_start_of_an_external_script_is_located_once(
    serve: Serve, script: Script
) -> None:
    server = serve(script("x = 1\ny = )\n"), options=["--log-level", "info"])
    server.wait_for_log(r"ERROR .*run 2: run failed: line 2, column 5: unmatched '\)'$")
    assert len(server.logged("SyntaxError")) == 1
