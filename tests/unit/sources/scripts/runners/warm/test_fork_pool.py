"""When a fork server is started, and when runs do without it. No process is started here."""

from dataclasses import replace
from pathlib import Path

import pytest

from aoba.sources.scripts.process_options import ProcessOptions
from aoba.sources.scripts.runners.warm import fork_pool
from aoba.sources.scripts.runners.warm.fork_pool import (
    FIRST_PAUSE,
    IDLE,
    LOADING_TIMEOUT,
    LONGEST_PAUSE,
    UNABLE,
    ForkServer,
    ForkServers,
)
from aoba.sources.scripts.spec import ScriptSpec


class Process:
    """In place of a `ForkProcess`; the newest is `Process.newest`."""

    started = 0

    def __init__(self, python, preload, on_line, on_end, *_options):
        self.of = (python, preload)
        self.ready = self.was_ready = False
        self.served = self.unable = 0
        self.refused = self.end_reason = self.code = None
        self.say, self.gone = on_line, on_end
        Process.newest = self
        Process.started += 1

    def get_ready(self):
        self.ready = self.was_ready = True

    def end(self, reason):
        self.end_reason, self.ready = reason, False
        self.gone()

    def retire(self):
        self.end("is not needed any more")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(fork_pool.time, "monotonic", lambda: Clock.now)
    monkeypatch.setattr(fork_pool, "ForkProcess", Process)
    Process.started = 0
    return Clock


def spec(python="/bin/python3", preload=(), path="/a.py"):
    return ScriptSpec(Path(path), python, preload=preload)


def test_servers_are_shared_where_nothing_tells_them_apart():
    servers = ForkServers()
    one = servers.get(spec())

    assert servers.get(spec(path="/b.py")) is one
    assert servers.get(spec(python="/bin/python2")) is not one
    assert servers.get(spec(preload=("json",))) is not one
    assert servers.get(replace(spec(), process=ProcessOptions(cwd="/srv"))) is not one


def test_it_is_started_for_those_who_will_need_it_and_used_when_ready():
    server = ForkServer("python", ("json",))

    assert server.process(launch=False) is None
    assert Process.started == 0
    assert server.process(launch=True) is None
    assert server.process(launch=True) is None
    assert Process.started == 1
    assert Process.newest.of == ("python", ("json",))
    Process.newest.get_ready()
    assert server.process(launch=False) is Process.newest


def test_pauses_between_servers_grow_until_one_has_done_its_work(clock):
    server = ForkServer("python", ())
    pauses = []
    for number in range(12):
        started, began = Process.started, clock.now
        while Process.started == started:
            assert server.process(launch=True) is None
            clock.now += 0.05
        pauses.append(clock.now - began)
        Process.newest.get_ready()
        Process.newest.served = number == 9
        Process.newest.end("ended")

    assert pauses[1] < 2 * FIRST_PAUSE
    assert LONGEST_PAUSE <= pauses[9] < LONGEST_PAUSE + 1
    assert pauses[10] < 2 * FIRST_PAUSE


def test_a_crash_is_told_once(clock, caplog):
    server = ForkServer("python", ())
    for _ in range(5):
        server.process(launch=True)
        Process.newest.get_ready()
        Process.newest.end("ended (killed by SIGKILL)")
        clock.now += LONGEST_PAUSE

    assert caplog.messages == [
        "fork server of python: ended (killed by SIGKILL), and is started again"
    ]


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ({"refused": "preload failed: numpy"}, "preload failed: numpy; its scripts start cold"),
        ({"code": 3}, "ended before it was ready: what it said; its scripts start cold"),
        ({"code": None}, "ended before it was ready: what it said; its scripts start cold"),
    ],
)
def test_what_cannot_work_is_given_up(clock, caplog, way, told):
    server = ForkServer("python", ())
    server.process(launch=True)
    Process.newest.say("what it said")
    for name, value in way.items():
        setattr(Process.newest, name, value)
    Process.newest.end("ended")
    clock.now += 1000

    assert server.process(launch=True) is None
    assert Process.started == 1
    assert caplog.messages[-1] == f"fork server of python: {told}"


def test_one_that_was_killed_while_it_loaded_has_another_chance(clock):
    server = ForkServer("python", ())
    server.process(launch=True)
    Process.newest.code = -9
    Process.newest.end("ended (killed by SIGKILL)")
    clock.now += LONGEST_PAUSE
    server.process(launch=True)

    assert Process.started == 2


def test_one_that_never_gets_ready_is_ended(clock):
    server = ForkServer("python", ())
    server.process(launch=True)
    clock.now += LOADING_TIMEOUT + 1

    assert server.process(launch=True) is None
    assert Process.newest.end_reason == f"was not ready in {LOADING_TIMEOUT:g} s"


def test_runs_start_cold_for_a_while_when_one_could_not_be_forked(clock):
    server = ForkServer("python", ())
    server.process(launch=True)
    Process.newest.get_ready()
    assert server.process(launch=True) is Process.newest

    Process.newest.unable = 1

    assert server.process(launch=True) is None
    clock.now += UNABLE
    assert server.process(launch=True) is Process.newest
    assert Process.started == 1


def test_without_fork_everything_is_cold(monkeypatch):
    monkeypatch.delattr(fork_pool.os, "fork")
    server = ForkServer("python", ())

    assert server.process(launch=True) is None
    assert Process.started == 0


def test_an_interpreter_that_is_gone_is_told_of_and_tried_again(clock, monkeypatch, caplog):
    def gone(*_):
        raise FileNotFoundError(2, "No such file", "python")

    monkeypatch.setattr(fork_pool, "ForkProcess", gone)
    server = ForkServer("python", ())

    assert server.process(launch=True) is None
    assert "cannot be started: [Errno 2] No such file" in caplog.messages[0]
    monkeypatch.setattr(fork_pool, "ForkProcess", Process)
    clock.now += FIRST_PAUSE
    server.process(launch=True)
    assert Process.started == 1


def test_one_that_nobody_has_asked_for_rests_until_somebody_does(clock, caplog):
    server = ForkServer("python", ())
    server.process(launch=True)
    Process.newest.get_ready()
    clock.now += IDLE
    server.rest()
    assert Process.newest.ready
    clock.now += 1
    server.rest()

    assert (Process.newest.end_reason, server.is_over) == ("is not needed any more", False)
    assert server.process(launch=True) is None
    assert Process.started == 2
    assert caplog.messages == []


def test_one_that_retires_starts_nothing_any_more(caplog):
    server = ForkServer("python", ())
    server.process(launch=True)
    Process.newest.get_ready()
    server.retire()

    assert server.process(launch=True) is None
    assert (server.is_hopeless, server.is_over, Process.started) == (True, True, 1)
    assert server.newest is Process.newest
    assert caplog.messages == []


def test_what_becomes_of_its_scripts_is_said_as_it_is(caplog):
    server = ForkServer("python", (), without="its scripts do as they like", loading=5.0)
    server.process(launch=True)
    Process.newest.refused = "no"
    Process.newest.end("ended")

    assert caplog.messages == ["fork server of python: no; its scripts do as they like"]


def test_how_long_it_may_take_is_its_own(clock):
    server = ForkServer("python", (), loading=600.0)
    server.process(launch=True)
    clock.now += LOADING_TIMEOUT + 1
    server.process(launch=True)
    assert Process.newest.end_reason is None

    clock.now += 600
    server.process(launch=True)
    assert Process.newest.end_reason == "was not ready in 600 s"
