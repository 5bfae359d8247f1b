"""When a run of an external script is a matter of no more than an order, and what comes of one."""

import asyncio
from types import SimpleNamespace

import pytest

from aoba.errors import RunError
from aoba.sources.scripts.limits import NO_LIMITS
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.runners.cold import ColdRun
from aoba.sources.scripts.runners.external import ExternalRunner
from aoba.sources.scripts.runners.warm.fork_run import ForkRun
from aoba.sources.scripts.script_file import Version
from aoba.sources.scripts.spec import parse_script
from aoba.sources.scripts.syntax import SyntaxFault


class Servers:
    """In place of fork servers: one, with a process or without."""

    def __init__(self):
        self.process_of_now = None
        self.launches = 0

    def get(self, _spec):
        return self

    def process(self, *, launch):
        self.launches += launch
        return self.process_of_now


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
def runner(servers, tmp_path, monkeypatch):
    path = tmp_path / "s.py"
    path.touch()
    made = ExternalRunner(parse_script(f"python:external:{path}"), servers)
    monkeypatch.setattr(made, "_check", checked)
    return made


async def checked(source):
    return SyntaxFault(1, 1, "bad") if b"bad" in source else None


def prepare(runner, *versions):
    for version in versions:
        asyncio.run(runner.prepare(version))


SEEN = {"stamp": b"1", "folder": b"2"}
GOOD = Version(b"", b"", **SEEN)
BAD = Version(b"bad", b"", **SEEN)
PROVEN = Version(b"", b"", **SEEN, known_good=True)
UNSEEN = Version(b"", b"", folder=b"2", known_good=True)
ELSEWHERE = Version(b"", b"", stamp=b"1", folder=b"3", known_good=True)
NOWHERE = Version(b"", b"", stamp=b"1", known_good=True)


def last_was(runner, prompt):
    runner._last = SimpleNamespace(was_prompt=prompt)


def test_it_is_ready_where_a_server_is_and_the_version_has_given_a_document(runner, servers):
    last_was(runner, prompt=True)
    assert not runner.is_ready()
    prepare(runner, PROVEN, PROVEN)
    assert not runner.is_ready()
    servers.process_of_now = SimpleNamespace()
    assert runner.is_ready()
    assert servers.launches == 0


def test_after_a_run_that_was_watched_for_good_reason_the_next_one_is(runner, servers):
    servers.process_of_now = SimpleNamespace()
    prepare(runner, PROVEN, PROVEN)

    assert not runner.is_ready()  # there was none
    last_was(runner, prompt=False)
    assert not runner.is_ready()
    last_was(runner, prompt=True)
    assert runner.is_ready()


@pytest.mark.parametrize(
    ("versions", "ready"),
    [
        ((), False),
        ((GOOD,), False),  # the very first one, which nobody has checked
        ((GOOD, GOOD), True),
        ((PROVEN, BAD), False),
        ((PROVEN, BAD, GOOD), True),
        ((PROVEN, PROVEN, None), True),
        ((PROVEN,), False),  # its folder may change all the time
        ((PROVEN, PROVEN, ELSEWHERE), False),
        ((PROVEN, ELSEWHERE, ELSEWHERE), True),
        ((NOWHERE, NOWHERE), False),
        ((UNSEEN, UNSEEN), False),
    ],
)
def test_what_it_takes_of_a_version(runner, servers, versions, ready):
    servers.process_of_now = SimpleNamespace()
    last_was(runner, prompt=True)
    prepare(runner, *versions)

    assert runner.is_ready() is ready


def test_a_server_is_started_for_the_second_run(runner, servers):
    prepare(runner, PROVEN)

    assert isinstance(runner.start(1, print), ColdRun)
    assert servers.launches == 0
    assert isinstance(runner.start(2, print), ColdRun)
    assert servers.launches == 1
    servers.process_of_now = SimpleNamespace(limits=NO_LIMITS)
    assert isinstance(runner.start(3, print), ForkRun)


def test_a_run_that_cannot_be_submitted_has_not_begun(runner, servers):
    prepare(runner, PROVEN)
    servers.process_of_now = SimpleNamespace(limits=NO_LIMITS, ready=False)
    ends = []

    with pytest.raises(RunError, match="its fork server has just ended"):
        runner.submit(2, b"{}", OutputParser(SimpleNamespace()), ends.append)
    assert ends == []
    assert isinstance(runner.start(3, print), ForkRun)


@pytest.mark.parametrize(
    ("source", "is_told"),
    [
        (b"import json\n\ndef update():\n    return []\n", True),
        (b"async def  update (context):\n    pass\n", True),
        (b"def updates():\n    pass\n", False),
        (b"class A:\n    def update(self):\n        pass\n", False),
        (b"# def update():\n", False),
        (b"", False),
    ],
)
def test_a_script_that_leaves_it_to_update_is_told_who_calls_that(runner, source, is_told):
    assert runner.why_nothing() == ""
    prepare(runner, Version(source, source))

    assert ("only python:embedded: calls its update()" in runner.why_nothing()) is is_told
