"""`update()` of an embedded script: its state, what it gets, what it may return, how it fails."""

import json
import time
import zipapp
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import UPDATE
from support.embedded import Hosted, embedded
from support.server import Server
from support.waiting import eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]
NO_JSON = "Object of type set is not JSON serializable"


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


def test_feedback_is_on_stdin_of_each_update(script: Script) -> None:
    path = script("import sys\ndef update():\n    print(sys.stdin.read())\n")
    with Hosted(path) as hosted:
        told = [hosted.run(b'{"n": %d}' % n).stdout for n in range(3)]
    assert told == [f'{{"n": {n}}}\n' for n in range(3)]


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


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_a_folder_or_an_archive_may_have_one(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "helper.py").write_text("def told(calls):\n    return [calls]\n")
    (folder / "late.py").write_text("name = 'late'\n")
    (folder / "__main__.py").write_text(
        "import sys\nfrom helper import told\ncalls = 0\n"
        "def update():\n    global calls\n    calls += 1\n    import late\n"
        "    return told(calls) + [late.name, __name__, len(sys.argv)]\n"
    )
    path = folder / "__main__.py"
    if kind == "archive":
        path = tmp_path / "plant.pyz"
        zipapp.create_archive(folder, path)
    with Hosted(path) as hosted:
        outcomes = [hosted.run() for _ in range(3)]
    assert [outcome.failure for outcome in outcomes] == [None] * 3, outcomes
    assert [json.loads(outcome.stdout) for outcome in outcomes] == [
        [calls, "late", "__main__", 1] for calls in (1, 2, 3)
    ]
