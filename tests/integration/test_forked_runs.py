"""Runs of a fork server, under each interpreter: numbers, names and stdin are of their own."""

from pathlib import Path

import pytest

from aoba.sources.scripts.runners.warm import fork_process
from aoba.sources.scripts.runners.warm.stream_paths import FifoNames
from support.curious import normal, written
from support.pythons import python
from support.runs import Runs

pytestmark = pytest.mark.of_python


def test_what_is_compared_are_forks(runs: Runs, tmp_path: Path) -> None:
    """Or a mistake that has all of them started afresh would go unnoticed."""
    path = tmp_path / "process.py"
    path.write_text("import sys\nsys.stdout.write(open('/proc/self/cmdline').read())\n")

    assert [outcome.stdout.count("fork_server.py") for outcome in runs.warm(path, path)] == [1, 1]
    assert runs.cold(path)[0].stdout.count("fork_server.py") == 0


DRAWS = """
import random, ssl, tempfile, uuid, os
print(random.random())
print(next(tempfile._get_candidate_names()))
print(uuid.uuid4())
print(uuid.uuid1())
print(repr(os.urandom(4)))
print(repr(ssl.RAND_bytes(4)) if hasattr(ssl, "RAND_bytes") else random.random())
"""


@pytest.mark.parametrize("preload", [(), ("random", "ssl", "tempfile", "uuid")])
def test_runs_draw_different_numbers(runs: Runs, tmp_path: Path, preload: tuple[str, ...]) -> None:
    path = tmp_path / "draw.py"
    path.write_text(DRAWS)
    with Runs(runs.python, preload) as preloaded:
        assert preloaded.process.ready, preloaded.lines
        drawn = [outcome.stdout.splitlines() for outcome in preloaded.warm(*[path] * 5)]
    for numbers in zip(*drawn, strict=True):
        assert len(set(numbers)) == 5
    assert len(drawn[0]) == 6


def test_fifos_do_where_descriptors_have_no_names(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["names", "descriptors", "streams", "exit text", "subprocess", "read"]
    scripts = written(tmp_path)
    paths = [scripts[name] for name in names]
    cold = [normal(outcome) for outcome in runs.cold(*paths, stdin=b"in")]
    monkeypatch.setattr(fork_process, "names", FifoNames)
    with Runs(runs.python) as others:
        folder = Path(others.process.names.folder)
        warm = [normal(outcome) for outcome in others.warm(*paths, stdin=b"in")]
        assert list(folder.iterdir()) == []
    assert not folder.exists()
    assert warm == cold


def test_feedback_is_on_stdin(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "read.py"
    path.write_text("import sys\nprint(sys.stdin.read(), sys.stdin.read(), sys.stdin.isatty())\n")
    data = b'{"writes": "' + b"x" * 100_000 + b'"}'

    [warm], [cold] = runs.warm(path, stdin=data), runs.cold(path, stdin=data)

    assert warm == cold
    assert data.decode() in warm.stdout


IMPORTING = """
import wave
print(wave.__name__)
def f():
    import no_such_module
f()
"""


@pytest.mark.parametrize("looks", [False, True])
def test_a_run_tells_what_it_imports(runs: Runs, tmp_path: Path, looks: bool) -> None:
    """From Python 3.8 on; nobody sees anything of it."""
    path = tmp_path / "importing.py"
    path.write_text(IMPORTING)
    told: list[bytes] = []

    [warm], [cold] = runs.warm(path, looks=looks, on_imports=told.append), runs.cold(path)

    assert warm == cold
    able = not runs.python.startswith((python("2.7"), python("3.6"), python("3.7")))
    lines = [line.split()[:2] for line in told[0].splitlines()]
    assert lines == ([[b"std", b"wave"], [b"beside", b"importing"]] if able else [])


def test_it_tells_it_to_a_fifo(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nothing.py"
    path.write_text("")
    told: list[bytes] = []
    monkeypatch.setattr(fork_process, "names", FifoNames)
    with Runs(runs.python) as others:
        others.warm(path, on_imports=told.append)
        assert list(Path(others.process.names.folder).iterdir()) == []
    able = not runs.python.startswith((python("2.7"), python("3.6"), python("3.7")))
    assert told == [b"beside nothing\n" if able else b""]
