"""A fork's streams and its end, as the process of its server tells of them."""

import asyncio
import os
import signal

import pytest

from aoba.sources.pipe import CHUNK
from aoba.sources.scripts.runners.warm import fork_run as module
from aoba.sources.scripts.runners.warm.fork_run import PROMPT, Fork
from aoba.sources.scripts.runners.warm.stream_paths import names
from support.runs import open_descriptors


class Process:
    """In place of a `ForkProcess` that is ready."""

    def __init__(self):
        self.ready, self.names, self.new = True, names(), b""

    def submit(self, _run, new, _same):
        self.new = new

    def hear_of_starts(self):
        pass


class Run:
    def __init__(self):
        self.told = []

    def done(self, status):
        self.told.append(status)

    def lost(self):
        self.told.append("lost")


@pytest.fixture
def sent(monkeypatch):
    sent = []
    monkeypatch.setattr(module, "signal_group", lambda *signalled: sent.append(signalled))
    return sent


def with_fork(step):
    """What `step` gives of a fork that has started, the other ends of its streams, and its run."""

    async def main():
        process, run = Process(), Run()
        fork = Fork(process, 1, b"script", None)
        fork.start(run)
        streams = [os.open(path, os.O_WRONLY) for path in process.new.split(b"\0")[2:]]
        try:
            return step(fork, streams, run)
        finally:
            fork._let_go()
            for pipe in (fork.stdout, fork.stderr):
                pipe.close()
            process.names.close()

    before = open_descriptors()
    result = asyncio.run(main())
    assert open_descriptors() == before
    return result


def close(streams):
    while streams:
        os.close(streams.pop())


@pytest.mark.usefixtures("sent")
def test_a_fork_is_over_when_nobody_has_its_streams():
    def step(fork, streams, run):
        close(streams)
        assert fork.has_output()  # whoever keeps the names keeps the streams
        fork.exited(0)
        assert fork.has_output()  # nobody has seen the end of stdout
        assert fork.stdout.read() is None
        assert run.told == [0]
        return fork.has_output(), fork.stdout.closed, fork.stderr.closed

    assert with_fork(step) == (False, True, True)


@pytest.mark.usefixtures("sent")
def test_a_fork_is_not_over_while_somebody_has_a_stream():
    def step(fork, streams, _run):
        os.close(streams.pop(0))
        fork.exited(0)
        assert fork.stdout.read() is None
        had = fork.has_output()
        close(streams)
        return had, fork.has_output()

    assert with_fork(step) == (True, False)


@pytest.mark.usefixtures("sent")
def test_words_on_stderr_are_left_where_they_were():
    def step(fork, streams, _run):
        os.write(streams[1], b"oh")
        close(streams)
        fork.exited(0)
        fork.stdout.read()
        return fork.has_output(), fork.has_output(), fork.stderr.read(), fork.stderr.read()

    assert with_fork(step) == (True, True, b"oh", None)


def test_what_is_left_behind_is_killed(sent):
    def step(fork, streams, _run):
        fork.started(4242)
        close(streams)
        fork.exited(0)
        fork.leave()

    with_fork(step)
    assert sent == [(4242, signal.SIGKILL)]


@pytest.mark.parametrize("pid", [0, 4242])
def test_a_loss_is_told_once_and_ends_the_process(sent, pid):
    def step(fork, streams, run):
        if pid:
            fork.started(pid)
        fork.lost("lost, since")
        close(streams)
        if not pid:
            fork.started(4242)
        return fork.loss, run.told

    assert with_fork(step) == ("lost, since", ["lost"])
    assert sent == [(4242, signal.SIGKILL)]


def of_a_run(seconds, output, end):
    """Whether one was prompt that took so long and wrote so much."""

    def step(fork, streams, _run):
        fork._began -= seconds
        while output > fork.stdout.received:
            os.write(streams[0], b"x" * min(output - fork.stdout.received, 1000))
            fork.stdout.read()
        close(streams)
        end(fork)
        return fork.was_prompt

    return with_fork(step)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    ("seconds", "output", "end", "prompt"),
    [
        (0, CHUNK, lambda fork: fork.exited(0), True),
        (0, CHUNK + 1, lambda fork: fork.exited(0), False),
        (0, 0, lambda fork: fork.exited(1), True),
        (PROMPT, 0, lambda fork: fork.exited(0), False),
        (0, 0, lambda fork: fork.lost("lost"), False),
        (0, 0, lambda _: None, False),
    ],
)
def test_what_is_prompt(monkeypatch, seconds, output, end, prompt):
    monkeypatch.setattr(module.time, "monotonic", lambda: 100.0)

    assert of_a_run(seconds, output, end) is prompt


def with_imports(step):
    """What `step` gives of a fork that is to tell of its imports, and where it tells them."""

    async def main():
        process, told = Process(), []
        fork = Fork(process, 1, b"script", None)
        fork.on_imports = told.append
        fork.start(Run())
        *streams, imports = (os.open(path, os.O_WRONLY) for path in process.new.split(b"\0")[2:])
        close(streams)
        step(fork, imports)
        for pipe in (fork.stdout, fork.stderr):
            pipe.close()
        process.names.close()
        return told

    before = open_descriptors()
    result = asyncio.run(main())
    assert open_descriptors() == before
    return result


@pytest.mark.usefixtures("sent")
def test_imports_are_heard_of_at_the_end():
    def step(fork, imports):
        os.write(imports, b"lib numpy 1\n")
        os.close(imports)
        fork.exited(0)

    assert with_imports(step) == [b"lib numpy 1\n"]


@pytest.mark.usefixtures("sent")
def test_a_run_that_tells_nothing_is_heard_of_too():
    def step(fork, imports):
        os.close(imports)
        fork.exited(1)

    assert with_imports(step) == [b""]


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("end", [lambda fork: fork.lost("lost"), lambda fork: fork.outdated()])
def test_a_run_without_an_end_tells_nothing(end):
    def step(fork, imports):
        os.write(imports, b"lib")
        os.close(imports)
        fork.run.outdated = list
        end(fork)

    assert with_imports(step) == []
