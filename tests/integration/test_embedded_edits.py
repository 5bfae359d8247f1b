"""Edits of an embedded script, good, broken and half saved, while it is served."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER, UPDATE
from support.embedded import Hosted, embedded
from support.server import Server, is_alive, run_aoba
from support.waiting import DEADLINE, eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]


def test_an_interpreter_whose_last_run_ends_after_the_edit_ends_too(script: Script) -> None:
    body = "import os, sys, time\nsys.stdout.write('%d\\n' % os.getpid())\n"  # all at once
    path = script(body + "while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n")
    go_on = path.with_suffix(".go")

    async def edited_during_the_run(hosted: Hosted) -> int:
        await hosted.host.prepare(await hosted.file.read())
        async with hosted.host.start(1, lambda _: None) as running:
            pid = int(await running.read(DEADLINE))
            path.write_text(body)
            await hosted.host.prepare(await hosted.file.read())
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
    server.wait_for_log(r"INFO .*well again, after \d+ errors")


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


def test_check_says_where_a_syntax_error_is(script: Script) -> None:
    done = run_aoba("check", embedded(script("x = 1\ny = (\n")))
    assert done.returncode == 1
    assert "source.py run 1: run failed: line 2, column 5: '(' was never closed" in done.stderr


def test_a_syntax_error_at_the_start_of_an_external_script_is_located_once(
    serve: Serve, script: Script
) -> None:
    server = serve(script("x = 1\ny = )\n"), options=["--log-level", "info"])
    server.wait_for_log(r"ERROR .*run 2: run failed: line 2, column 5: unmatched '\)'$")
    assert len(server.logged("SyntaxError")) == 1
