"""The life of a script, with a runner that is a puppet: which runs there are, each of them once."""

import asyncio

import pytest

from aoba.errors import RunError
from aoba.registers.image import Image
from aoba.sources.scripts.script import Script
from aoba.sources.scripts.spec import parse_script


class Run:
    """One that is submitted, until the test ends it; or one that is followed, and over at once."""

    failure, status, began = None, 0, True

    def __init__(self, number, runner, on_end=None):
        self._number, self._runner, self._on_end = number, runner, on_end

    def abandon(self):
        if self._end(well=False):
            self._runner.abandoned.set()

    def end(self):
        """Whoever submitted it is told that all is well, unless it has been abandoned."""
        self._end(well=True)

    def _end(self, *, well):
        on_end, self._on_end = self._on_end, None
        if on_end:
            on_end(well)
        return on_end is not None

    async def __aenter__(self):
        self._runner.followed.append(self._number)
        return self

    async def __aexit__(self, *_):
        pass

    async def read(self, _timeout):
        return None


class Runner:
    """Has all runs submitted but for the first, which is followed."""

    not_before, simple_timeout = 0.0, 0.005

    def __init__(self):
        self.submitted, self.followed, self.abandoned = [], [], asyncio.Event()
        self.newest = self.refuses = None

    async def prepare(self, _version):
        return None

    def is_ready(self):
        return bool(self.followed)

    def submit(self, number, _feedback, output, on_end):
        self.submitted.append(number)
        if self.refuses:
            raise self.refuses
        output.taken = 1
        self.newest = Run(number, self, on_end)
        return self.newest

    def start(self, number, _on_stderr, _feedback=None):
        return Run(number, self)

    async def interpreter(self):
        return "CPython 3.11.7"

    def why_nothing(self):
        return ""

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


def test_a_run_that_is_over_when_it_is_followed_is_not_carried_out_again(path):
    """A report may come in each turn of the loop between the decision and what follows."""

    async def until(runner):
        for turns in range(6):
            await runner.abandoned.wait()
            runner.abandoned.clear()
            for _ in range(turns):
                await asyncio.sleep(0)
            runner.newest.end()

    runner = lives(path, until)

    runs = len(runner.followed)
    assert runs >= 6
    assert runner.followed == sorted(set(runner.followed))
    assert set(runner.submitted) - set(runner.followed) == set()


def test_a_run_that_is_over_in_time_is_not_followed(path):
    async def until(runner):
        while len(runner.submitted) < 5:
            await asyncio.sleep(0)
            if runner.newest:
                runner.newest.end()

    runner = lives(path, until)

    assert runner.followed == [1]
    assert runner.submitted == [2, 3, 4, 5, 6][: len(runner.submitted)]


def test_a_run_that_nobody_has_followed_is_when_all_ends(path):
    """Whether that comes before the decision or right behind it."""

    async def soon(runner):
        while not runner.submitted:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0)

    async def late(runner):
        await runner.abandoned.wait()

    for until in (soon, late):
        runner = lives(path, until)
        assert runner.followed == [1, 2]


def test_a_run_that_cannot_be_submitted_has_failed_and_the_next_one_follows(path, caplog):
    async def until(runner):
        runner.refuses = RunError("its fork server has just ended")
        while len(runner.submitted) < 3:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0)

    runner = lives(path, until)

    assert (runner.submitted[:3], runner.followed) == ([2, 3, 4], [1])
    assert "run 2: run failed: its fork server has just ended" in caplog.text
