"""Runs of a fork server, under each interpreter: numbers, names and stdin are of their own."""

from pathlib import Path

import pytest

from aoba.sources.forks import fork_process
from aoba.sources.forks.names import FifoNames
from support.curious import normal, written
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
