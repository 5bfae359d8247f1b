"""When a run of an external script is a matter of no more than an order, and what comes of one."""

import asyncio
from types import SimpleNamespace

import pytest

from aoba.errors import RunError
from aoba.sources.forks.forked import ForkedRun
from aoba.sources.scripts.child import Child
from aoba.sources.scripts.limits import NO_LIMITS
from aoba.sources.scripts.program import Version
from aoba.sources.scripts.python_external import PythonExternal
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
def host(servers, tmp_path, monkeypatch):
    path = tmp_path / "s.py"
    path.touch()
    made = PythonExternal(parse_script(f"python:external:{path}"), servers)
    monkeypatch.setattr(made, "_check", checked)
    return made


async def checked(source):
    return SyntaxFault(1, 1, "bad") if b"bad" in source else None


def prepare(host, *versions):
    for version in versions:
        asyncio.run(host.prepare(version))


SEEN = {"stamp": b"1", "folder": b"2"}
GOOD = Version(b"", b"", **SEEN)
BAD = Version(b"bad", b"", **SEEN)
PROVEN = Version(b"", b"", **SEEN, proven=True)
UNSEEN = Version(b"", b"", folder=b"2", proven=True)
ELSEWHERE = Version(b"", b"", stamp=b"1", folder=b"3", proven=True)
NOWHERE = Version(b"", b"", stamp=b"1", proven=True)


def last_was(host, prompt):
    host._last = SimpleNamespace(was_prompt=prompt)


def test_it_is_ready_where_a_server_is_and_the_version_has_given_a_document(host, servers):
    last_was(host, prompt=True)
    assert not host.is_ready()
    prepare(host, PROVEN, PROVEN)
    assert not host.is_ready()
    servers.process_of_now = SimpleNamespace()
    assert host.is_ready()
    assert servers.launches == 0


def test_after_a_run_that_was_watched_for_good_reason_the_next_one_is(host, servers):
    servers.process_of_now = SimpleNamespace()
    prepare(host, PROVEN, PROVEN)

    assert not host.is_ready()  # there was none
    last_was(host, prompt=False)
    assert not host.is_ready()
    last_was(host, prompt=True)
    assert host.is_ready()


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
def test_what_it_takes_of_a_version(host, servers, versions, ready):
    servers.process_of_now = SimpleNamespace()
    last_was(host, prompt=True)
    prepare(host, *versions)

    assert host.is_ready() is ready


def test_a_server_is_started_for_the_second_run(host, servers):
    prepare(host, PROVEN)

    assert isinstance(host.start(1, print), Child)
    assert servers.launches == 0
    assert isinstance(host.start(2, print), Child)
    assert servers.launches == 1
    servers.process_of_now = SimpleNamespace(limits=NO_LIMITS)
    assert isinstance(host.start(3, print), ForkedRun)


def test_a_run_that_cannot_be_ordered_fails_once(host, servers):
    prepare(host, PROVEN)
    servers.process_of_now = SimpleNamespace(limits=NO_LIMITS, ready=False)
    ends = []
    host.order(2, b"{}", SimpleNamespace(), ends.append)

    assert ends == [False]
    with pytest.raises(RunError, match="its fork server has just ended"):
        host.start(2, print)
    assert isinstance(host.start(3, print), ForkedRun)


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
def test_a_script_that_leaves_it_to_update_is_told_who_calls_that(host, source, is_told):
    assert host.why_nothing() == ""
    prepare(host, Version(source, source))

    assert ("only python:embedded: calls its update()" in host.why_nothing()) is is_told
