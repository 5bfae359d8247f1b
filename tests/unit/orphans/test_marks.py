"""Marks that processes hand down, whatever they do."""

import os
import subprocess
import sys

import pytest

from aoba.orphans import marks
from aoba.orphans.marks import LOWEST, Mark, mark_of, new_mark, set_mark
from support.server import kill

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux only")


@pytest.fixture
def waiting():
    """A process that waits for a line on its stdin, which is what it is to become."""
    with subprocess.Popen(
        ["sh", "-c", "read line; exec $line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_process_has_none_of_its_own_accord(waiting):
    assert mark_of(waiting.pid) is None
    assert mark_of(2**22 + 1) is None


def test_a_child_in_a_session_of_its_own_has_it(waiting, tmp_path):
    mark = Mark(waiting.pid, new_mark())
    set_mark(waiting.pid, mark)
    script = tmp_path / "s.sh"
    script.write_text("echo $$\nexec sleep 600\n")
    waiting.stdin.write(f"env -i setsid -f sh {script}\n")
    waiting.stdin.close()
    pid = int(waiting.stdout.readline())
    try:
        assert os.getsid(pid) != os.getsid(waiting.pid)
        assert mark_of(pid) == mark
    finally:
        kill(pid)


def test_a_zombie_has_it_until_it_is_waited_for(waiting):
    mark = Mark(waiting.pid, new_mark())
    set_mark(waiting.pid, mark)
    waiting.kill()
    os.waitid(os.P_PID, waiting.pid, os.WEXITED | os.WNOWAIT)

    assert mark_of(waiting.pid) == mark
    waiting.wait()
    assert mark_of(waiting.pid) is None


def test_one_of_another_user_is_read_where_everybody_may(waiting, monkeypatch):
    mark = Mark(waiting.pid, new_mark())
    set_mark(waiting.pid, mark)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(marks, "_limit", refuse)
    assert mark_of(waiting.pid) == mark
    assert mark_of(os.getpid()) is None


def test_marks_are_above_all_process_ids_and_different():
    found = {new_mark() for _ in range(100)}

    assert len(found) > 90
    assert all(LOWEST <= mark < 2**31 for mark in found)


@pytest.mark.parametrize("limit", [LOWEST + 50, LOWEST + 1])
def test_the_mark_of_an_aoba_within_an_aoba_is_lower(monkeypatch, limit):
    monkeypatch.setattr(marks, "_limit", lambda _: (1, limit))
    assert all(LOWEST <= new_mark() < limit for _ in range(100))


def test_within_an_aoba_with_the_lowest_mark_there_is_none_left(monkeypatch):
    monkeypatch.setattr(marks, "_limit", lambda _: (1, LOWEST))
    assert new_mark() == 0


@pytest.mark.parametrize("limit", [0, 64, LOWEST - 1, 2 * LOWEST, 2**40])
def test_a_limit_that_somebody_else_has_set_is_no_mark(limit):
    """None is made of it, either, where it is too low, nor by a fork; another process has it."""
    script = f"""
import os, resource, subprocess, sys
resource.setrlimit(10, (min(64, {limit}), {limit}))
from aoba.orphans.marks import LOWEST, mark_of, new_mark
from aoba.orphans.reaper import Reaper
from aoba.sources.scripts.child.forks.run import limiter
assert mark_of(os.getpid()) is None
limiter("")()
assert resource.getrlimit(10) == (min(64, {limit}), {limit})
mark = new_mark()
assert mark == 0 if {limit} < LOWEST else LOWEST <= mark < 2 * LOWEST, mark
reaper = Reaper()
reaper.started(os.getpid())
assert reaper.mark == 0 if {limit} < LOWEST else mark_of(os.getpid()).aoba == reaper.mark
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == 0


def test_a_limit_that_others_may_read_is_no_mark_either(waiting, monkeypatch):
    set_mark(waiting.pid, Mark(64, 64))

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(marks, "_limit", refuse)
    assert mark_of(waiting.pid) is None
