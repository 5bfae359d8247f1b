"""The benchmark that counts how often a walk through the source comes back to a file."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def walks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("walks")


def test_returns_are_to_files_that_were_left(walks):
    assert walks.returns("abac") == {"a": 1}
    assert walks.returns("abcabca") == {"a": 2, "b": 1, "c": 1}
    assert walks.returns("abc") == {}


def test_what_lies_elsewhere_is_no_step(walks):
    with walks.traced() as steps:
        Path("/").joinpath("a")
        walks.parse_listen("tcp://127.0.0.1:5020")

    assert steps
    assert all(Path(walks.SOURCE, step.file).exists() for step in steps)


def test_a_walk_is_counted_and_shown():
    command = (sys.executable, BENCH / "walks.py", "--show", "request")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    _, row, *files = done.stdout.splitlines()
    name, count, _, aim = row.split()

    assert (name, aim) == ("request", "0")
    assert int(count) == sum(not line.lstrip().startswith("back to ") for line in files)
    assert done.stderr == ""
