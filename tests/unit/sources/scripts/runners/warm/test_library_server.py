"""Which scripts share a fork server with libraries, and which process it has. None is started."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from aoba.sources.scripts.limits import Limits
from aoba.sources.scripts.process_options import ProcessOptions
from aoba.sources.scripts.runners.warm import library_server
from aoba.sources.scripts.runners.warm.fork_pool import IDLE
from aoba.sources.scripts.runners.warm.fork_process import LEARNED
from aoba.sources.scripts.runners.warm.imports import Libraries
from aoba.sources.scripts.runners.warm.library_server import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOST,
    STEADY,
    LibraryServers,
)
from aoba.sources.scripts.spec import ScriptSpec


class Server:
    """In place of a `ForkServer`."""

    def __init__(self, python, preload, limits, process, *, without, loading):
        assert (without, loading) == (library_server.WITHOUT, library_server.LOADING_TIMEOUT)
        self.of = (python, preload, limits, process)
        self.ready = self.is_hopeless = self.is_over = self.closed = False
        self.newest = SimpleNamespace(
            changed=False,
            loaded=preload[1:],
            left_out={},
            hides=frozenset(name.partition(".")[0] for name in preload[1:]),
        )
        made.append(self)

    def process(self, *, launch):
        assert launch
        return self.newest if self.ready and not self.newest.changed else None

    def retire(self):
        self.ready, self.is_over = False, True

    async def close(self):
        self.closed = True


made = []
ELSEWHERE = ProcessOptions("/srv/plant", (("A", "b"),))


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(library_server.time, "monotonic", lambda: Clock.now)
    monkeypatch.setattr(library_server, "ForkServer", Server)
    made.clear()
    return Clock


def spec(python="/bin/python3", **more):
    return ScriptSpec(Path("/a.py"), python, **more)


def libraries(*names, packages=None):
    return Libraries(names, frozenset(names if packages is None else packages))


def started(servers, wanted, **more):
    """A server with `wanted`, with its process ready."""
    server = servers.get(spec(**more), wanted)
    server.process()
    made[-1].ready = True
    assert server.process() is made[-1].newest
    return server


def test_scripts_share_one_where_packages_and_all_of_the_process_are_the_same():
    servers = LibraryServers()
    one = servers.get(spec(), libraries("numpy"))

    assert servers.get(spec(), libraries("numpy", "csv", packages=["numpy"])) is one
    assert servers.get(spec(), libraries("numpy", "yaml")) is not one
    assert servers.get(spec("/bin/python4"), libraries("numpy")) is not one
    assert servers.get(spec(limits=Limits(nice=3)), libraries("numpy")) is not one
    elsewhere = servers.get(spec(process=ELSEWHERE), libraries("numpy"))
    assert elsewhere is not one
    elsewhere.process()
    assert made[0].of[3] == ELSEWHERE


def test_there_are_not_more_than_that():
    servers = LibraryServers()
    for number in range(MOST):
        assert servers.get(spec(), libraries(f"package{number}"))

    assert servers.get(spec(), libraries("one_more")) is None
    assert servers.get(spec(), libraries("package0"))


def test_nothing_is_started_before_somebody_runs(caplog):
    caplog.set_level("INFO")
    server = LibraryServers().get(spec(), libraries("numpy", "csv"))
    assert made == []
    assert server.process() is None
    assert server.process() is None
    assert [it.of for it in made] == [
        ("/bin/python3", (LEARNED, "numpy", "csv"), Limits(), ProcessOptions())
    ]
    made[0].ready = True

    assert server.process() is made[0].newest
    assert server.tried == 1
    assert caplog.messages == ["fork server of /bin/python3: loaded before runs: numpy, csv"]


def test_what_comes_to_it_is_loaded_by_another_that_takes_over():
    servers = LibraryServers()
    server = started(servers, libraries("numpy"))
    servers.get(spec(), libraries("csv", "numpy", packages=["numpy"]))

    assert server.process() is made[0].newest
    assert [it.of[1] for it in made] == [(LEARNED, "numpy"), (LEARNED, "numpy", "csv")]
    made[1].ready = True
    assert server.process() is made[1].newest
    assert made[0].is_over
    assert server.process() is made[1].newest
    assert len(made) == 2


def test_what_comes_while_one_is_loading_waits_for_it():
    servers = LibraryServers()
    server = servers.get(spec(), libraries("numpy"))
    server.process()
    for name in ("csv", "xml", "math"):
        servers.get(spec(), libraries("numpy", name, packages=["numpy"]))
        server.process()
    assert len(made) == 1
    made[0].ready = True
    server.process()
    server.process()

    assert made[1].of[1] == (LEARNED, "numpy", "csv", "xml", "math")


def test_a_successor_that_cannot_be_changes_nothing():
    servers = LibraryServers()
    server = started(servers, libraries("numpy"))
    servers.get(spec(), libraries("numpy", "bad", packages=["numpy"]))
    server.process()
    made[1].is_hopeless = True
    for _ in range(3):
        assert server.process() is made[0].newest

    assert (len(made), server.tried) == (2, 2)


def test_what_cannot_be_loaded_is_told_once_and_known_to_others(caplog):
    caplog.set_level("INFO")
    servers = LibraryServers()
    server = servers.get(spec(), libraries("numpy", "bad"))
    server.process()
    made[0].newest.left_out = {"bad": "opens sockets"}
    made[0].newest.loaded = ("numpy",)
    made[0].newest.hides = frozenset(["numpy", "math"])
    made[0].ready = True
    server.process()
    servers.leave_out(spec(), {"bad": "opens sockets", "worse": "starts a thread"})

    told = "fork server of /bin/python3: not loaded before runs, which could tell: "
    assert caplog.messages == [
        told + "bad: opens sockets",
        "fork server of /bin/python3: loaded before runs: numpy",
        told + "worse: starts a thread",
    ]
    assert set(servers.left_out(spec())) == {"bad", "worse"}
    assert set(servers.left_out(spec("/bin/python4"))) == set()
    assert servers.get(spec(), libraries("numpy")) is server


def test_of_many_names_the_log_shows_a_few(caplog):
    caplog.set_level("INFO")
    started(LibraryServers(), libraries(*(f"m{number}" for number in range(15)), packages=[]))

    assert caplog.messages[0].endswith(": m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, 5 more")


def change(server):
    """A library has changed, and a run has come to see it."""
    made[-1].newest.changed = True
    return server.process()


def test_a_library_that_has_changed_is_loaded_again_after_a_pause(clock):
    server = started(LibraryServers(), libraries("numpy"))

    assert change(server) is None
    assert made[0].is_over
    assert server.process() is None
    assert len(made) == 1
    clock.now += FIRST_PAUSE
    assert server.process() is None
    made[1].ready = True
    assert server.process() is made[1].newest
    assert made[1].of == made[0].of


def test_pauses_grow_while_it_changes_all_the_time(clock):
    server = started(LibraryServers(), libraries("numpy"))
    pauses = []
    for _ in range(14):
        change(server)
        begun, there = clock.now, len(made)
        while len(made) == there:
            clock.now += FIRST_PAUSE / 2
            server.process()
        pauses.append(clock.now - begun)
        made[-1].ready = True
        server.process()
        assert pauses[-1] < LONGEST_PAUSE + FIRST_PAUSE
    assert pauses[0] < 2 * FIRST_PAUSE < LONGEST_PAUSE <= pauses[-1]

    clock.now += STEADY + 1
    change(server)
    clock.now += FIRST_PAUSE
    there = len(made)
    server.process()
    assert len(made) == there + 1


def test_one_that_nobody_uses_any_more_ends_after_a_while(monkeypatch):
    later = []

    class Loop:
        @staticmethod
        def call_later(delay, call):
            handle = SimpleNamespace(delay=delay, call=call, cancelled=False)
            handle.cancel = lambda: setattr(handle, "cancelled", True)
            later.append(handle)
            return handle

    monkeypatch.setattr(library_server.asyncio, "get_running_loop", Loop)
    servers = LibraryServers()
    server = started(servers, libraries("numpy"))
    server.join("a")
    server.join("b")
    server.leave("a")
    assert later == []
    server.leave("b")
    assert [handle.delay for handle in later] == [IDLE]
    server.join("c")
    assert later[0].cancelled
    server.leave("c")
    later[1].call()

    assert (made[0].is_over, server.is_over) == (True, True)
    assert servers.get(spec(), libraries("numpy")) is not server


def test_all_there_are_are_closed():
    servers = LibraryServers()
    server = started(servers, libraries("numpy"))
    servers.get(spec(), libraries("numpy", "csv", packages=["numpy"]))
    server.process()
    started(servers, libraries("yaml"))
    asyncio.run(servers.close())

    assert [it.closed for it in made] == [True] * 3
