"""What an Aoba that was killed has left is ended, and nothing else."""

import os
import signal
import subprocess
import sys
import time

import pytest

from aoba.orphans import survivors
from aoba.orphans.marks import Mark, new_mark, set_mark
from aoba.orphans.survivors import end_survivors

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux only")

POLITE = "trap 'exit 3' TERM; echo; while :; do sleep 0.01; done"
STUBBORN = "trap '' TERM; echo; while :; do sleep 0.01; done"


@pytest.fixture
def start(monkeypatch):
    monkeypatch.setattr(survivors, "BY_THEMSELVES", 0.05)
    monkeypatch.setattr(survivors, "TERM_TO_KILL", 0.3)
    started = []

    def start(script, mark, *arguments):
        process = subprocess.Popen(
            ["sh", "-c", script, *arguments], stdout=subprocess.PIPE, start_new_session=True
        )
        started.append(process)
        set_mark(process.pid, Mark(process.pid, mark))
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_all_with_the_mark_are_ended_and_no_other(start):
    mine, other = new_mark(), new_mark()
    polite, stubborn, foreign = start(POLITE, mine), start(STUBBORN, mine), start(POLITE, other)

    end_survivors(mine)

    assert polite.wait() == 3
    assert stubborn.wait() == -signal.SIGKILL
    assert foreign.poll() is None


def test_what_ends_by_itself_is_let_be(start, monkeypatch):
    monkeypatch.setattr(survivors, "BY_THEMSELVES", 30)
    mark = new_mark()
    ending = start("trap 'exit 3' TERM; echo; sleep 0.1; exit 4", mark)

    before = time.monotonic()
    end_survivors(mark)

    assert time.monotonic() - before < 15
    assert ending.wait() == 4


def test_a_fork_server_and_its_runs_are_not_told_twice(start):
    """It tells them itself; what it does not bring to an end is killed."""
    mark = new_mark()
    server = start(POLITE, mark, "/x/fork_server.py")

    end_survivors(mark)

    assert server.wait() == -signal.SIGKILL


def test_whoever_does_it_is_left_alone(start):
    mark = new_mark()
    start("echo; exec sleep 600", mark)
    script = (
        "from aoba.orphans.survivors import end_survivors; from aoba.orphans.marks import *;"
        f"import os; set_mark(os.getpid(), Mark(os.getpid(), {mark})); end_survivors({mark})"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, env=dict(os.environ))
    assert done.returncode == 0
