"""The life of a script, with a runner that is a puppet: which runs there are, each of them once."""

import asyncio

import pytest

from aoba.registers.image import Image
from aoba.sources.scripts.script import Script
from aoba.sources.scripts.spec import parse_script


class RunningProcess:
    """A run that is carried on with care, and is over at once."""

    taken, heard_at, failure, status, began = 1, None, None, 0, True

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def read(self, _timeout):
        return None


class Runner:
    """The runs that are ordered, and those that are started; the test ends the former."""

    not_before, patience = 0.0, 0.005

    def __init__(self):
        self.ordered, self.started, self.given_up = [], [], asyncio.Event()
        self._on_end = None

    async def prepare(self, _version):
        return None

    def is_ready(self):
        return bool(self.started)

    def submit(self, number, _feedback, _listener, on_end):
        assert self._on_end is None
        self.ordered.append(number)
        self._on_end = on_end

    def abandon(self):
        if self._on_end:
            on_end, self._on_end = self._on_end, None
            on_end(False)
            self.given_up.set()

    def end(self):
        """What ordered the run is told that all is well, unless it has given it up."""
        if self._on_end:
            on_end, self._on_end = self._on_end, None
            on_end(True)

    def start(self, number, _on_stderr, _feedback=None):
        self.started.append(number)
        return RunningProcess()

    async def close(self):
        pass


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "s.py"
    path.touch()
    return path


def lives(path, until):
    """Let a script live until `until` is done with its runner."""

    async def main():
        runner = Runner()
        script = Script("s", parse_script(f"python:embedded:{path}"), runner, Image())
        script._schedule.set_interval(0.02)
        life = asyncio.create_task(script.live())
        await until(runner)
        life.cancel()
        await asyncio.wait((life,))
        return runner

    return asyncio.run(asyncio.wait_for(main(), 30))


def test_a_run_that_is_over_when_it_is_taken_over_is_not_carried_out_again(path):
    """A report may come in each turn of the loop between the decision and what follows."""

    async def until(runner):
        for turns in range(6):
            await runner.given_up.wait()
            runner.given_up.clear()
            for _ in range(turns):
                await asyncio.sleep(0)
            runner.end()

    runner = lives(path, until)

    runs = len(runner.started)
    assert runs >= 6
    assert runner.started == sorted(set(runner.started))
    assert set(runner.ordered) - set(runner.started) == set()


def test_a_run_that_is_over_in_time_is_not_taken_over(path):
    async def until(runner):
        while len(runner.ordered) < 5:
            await asyncio.sleep(0)
            runner.end()

    runner = lives(path, until)

    assert runner.started == [1]
    assert runner.ordered == [2, 3, 4, 5, 6][: len(runner.ordered)]


def test_a_run_that_nobody_has_taken_over_is_when_all_ends(path):
    """Whether that comes before the decision or right behind it."""

    async def soon(runner):
        while not runner.ordered:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0)

    async def late(runner):
        await runner.given_up.wait()

    for until in (soon, late):
        runner = lives(path, until)
        assert runner.started == [1, 2]
