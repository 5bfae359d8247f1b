"""What is read of processes in /proc."""

import os
import subprocess
import sys

import pytest

from aoba.orphans import proc
from aoba.orphans.proc import GONE, children_of, descendants_of, processes, state_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux only")

NOBODY = 2**22 + 1
"""No process has such an id."""


@pytest.fixture
def shell():
    """A process with a child, which has one, too."""
    command = ["sh", "-c", "sh -c 'sleep 600 & echo; wait' & wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.readline()
        yield process
        os.killpg(process.pid, 9)


@pytest.mark.parametrize("has_lists", [True, False])
def test_who_has_come_of_whom(shell, has_lists, monkeypatch, tmp_path):
    """Also where the kernel lists no children, which is up to its configuration."""
    if not has_lists:
        for pid in processes():
            (tmp_path / str(pid)).mkdir()
            (tmp_path / str(pid) / "stat").symlink_to(f"/proc/{pid}/stat")
        monkeypatch.setattr(proc, "PROC", tmp_path)
    [child] = children_of(shell.pid)
    [grandchild] = children_of(child)

    assert descendants_of(shell.pid) == [child, grandchild]
    assert descendants_of(grandchild) == []
    assert children_of(NOBODY) == []


def test_states(shell):
    assert {os.getpid(), shell.pid} <= set(processes())
    assert state_of(shell.pid) not in GONE
    shell.kill()
    os.waitid(os.P_PID, shell.pid, os.WEXITED | os.WNOWAIT)
    assert state_of(shell.pid) == "Z"
    assert state_of(NOBODY) == ""


def test_a_name_may_look_like_anything(monkeypatch, tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a) R 1 (b) S 5 7 7 0\n")
    monkeypatch.setattr(proc, "PROC", tmp_path)

    assert state_of(7) == "S"
    assert children_of(5) == [7]
