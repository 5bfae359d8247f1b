"""Which children are orphans, and what becomes of them; there are no processes here."""

import asyncio
import os
import signal
import sys

import pytest

from aoba.orphans import reaper as module
from aoba.orphans.marks import Mark
from aoba.orphans.reaper import Reaper

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux only")

OURS, THEIRS = 2**30 + 1, 2**30 + 2
AOBA = os.getpid()


class Machine:
    """Processes: marks by id, and who is whose child."""

    def __init__(self):
        self.marks, self.children, self.zombies, self.killed = {}, {AOBA: []}, set(), []

    def waitpid(self, pid, _):
        if pid not in self.zombies:
            return 0, 0
        self.zombies.remove(pid)
        self.children[AOBA].remove(pid)
        return pid, 0

    def kill(self, pid, number):
        assert number == signal.SIGKILL
        self.killed.append(pid)
        self.zombies.add(pid)

    def start(self, pid, mark=None, parent=AOBA):
        self.children.setdefault(parent, []).append(pid)
        if mark:
            self.marks[pid] = mark

    def end(self, pid):
        """It has been waited for."""
        self.children[AOBA].remove(pid)
        self.marks.pop(pid)


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(module, "mark_of", machine.marks.get)
    monkeypatch.setattr(module, "set_mark", machine.marks.__setitem__)
    monkeypatch.setattr(module, "new_mark", lambda: OURS)
    monkeypatch.setattr(module, "children_of", lambda pid: machine.children.get(pid, []))
    monkeypatch.setattr(module, "descendants_of", lambda pid: machine.children.get(pid, []))
    monkeypatch.setattr(module.os, "waitpid", machine.waitpid)
    monkeypatch.setattr(module.os, "kill", machine.kill)
    return machine


@pytest.fixture
def reaper(machine, monkeypatch):
    reaper = Reaper()
    monkeypatch.setattr(reaper, "_wait", lambda: None)
    reaper._owns_process = True
    machine.start(10)
    reaper.started(10)
    return reaper


def test_what_is_started_is_marked_as_a_leader(machine, reaper):
    assert machine.marks == {10: Mark(10, OURS)}
    assert reaper.mark == OURS


def test_an_orphan_lives_as_long_as_the_leader_of_its_run(machine, reaper):
    machine.start(20, Mark(10, OURS))
    for _ in range(3):
        reaper._look()
    assert machine.killed == []

    machine.end(10)
    reaper._look()
    assert machine.killed == []  # what it has printed is still read
    reaper._look()
    assert machine.killed == [20]


def test_another_process_with_the_id_of_the_leader_is_not_the_leader(machine, reaper):
    machine.start(20, Mark(10, OURS))
    machine.end(10)
    machine.marks[10] = Mark(9, OURS)
    for _ in range(2):
        reaper._look()

    assert machine.killed == [20]


def test_what_has_come_of_an_orphan_goes_with_it(machine, reaper):
    machine.start(20, Mark(11, OURS))
    machine.start(21, Mark(11, OURS), parent=20)
    for _ in range(2):
        reaper._look()

    assert machine.killed == [20, 21]


def test_what_has_been_started_is_for_others_to_wait_for(machine, reaper):
    machine.zombies.add(10)
    reaper._look()

    assert machine.zombies == {10}


def test_the_id_of_what_was_started_may_be_that_of_an_orphan_later(machine, reaper):
    machine.end(10)
    reaper._look()
    machine.start(10, Mark(9, OURS))
    for _ in range(2):
        reaper._look()

    assert machine.killed == [10]


@pytest.mark.parametrize("mark", [None, Mark(20, THEIRS), Mark(9, OURS)])
def test_zombies_of_all_kinds_are_waited_for(machine, reaper, mark):
    """As process 1, Aoba is given whatever loses its parent."""
    machine.start(20, mark)
    machine.zombies.add(20)
    reaper._look()

    assert machine.zombies == set()
    assert machine.killed == []


@pytest.mark.parametrize("mark", [None, Mark(9, THEIRS)])
def test_what_is_not_of_a_run_is_not_killed(machine, reaper, mark):
    machine.start(20, mark)
    for _ in range(3):
        reaper._look()

    assert machine.killed == []


@pytest.mark.parametrize(("mark", "waited"), [(None, False), (Mark(9, OURS), True)])
def test_the_children_of_a_program_that_uses_aoba_are_its_own(machine, reaper, mark, waited):
    reaper._owns_process = False
    machine.start(20, mark)
    machine.zombies.add(20)
    reaper._look()

    assert (20 not in machine.zombies) is waited


def test_at_the_end_all_orphans_are_killed_once_the_last_user_has_gone(machine, reaper):
    async def main():
        reaper.start()
        reaper.start()
        reaper._timer = asyncio.get_running_loop().call_later(60, print)
        machine.start(20, Mark(10, OURS))
        await reaper.close()
        assert machine.killed == []
        await reaper.close()
        return machine.killed

    assert asyncio.run(main()) == [20]
