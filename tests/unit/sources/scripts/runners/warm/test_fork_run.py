"""A run as its fork server's process tells of it. No process is started here."""

import asyncio
import signal
from pathlib import Path

import pytest

from aoba.errors import OutdatedRun, RunError
from aoba.sources.scripts import running_process
from aoba.sources.scripts.limits import NO_LIMITS
from aoba.sources.scripts.runners.warm import fork_run
from aoba.sources.scripts.runners.warm.fork_run import Fork, ForkRun
from aoba.sources.scripts.runners.warm.stream_paths import names
from support.runs import open_descriptors


class Process:
    """In place of a `ForkProcess` that is ready."""

    def __init__(self):
        self.ready = True
        self.limits = NO_LIMITS
        self.names = names()
        self.orders = []
        self.heard = 0
        self.ended = None

    def submit(self, run, new, same):
        self.orders.append((run, new.split(b"\0"), same))

    def hear_of_starts(self):
        self.heard += 1

    def end(self, reason):
        self.ended = reason


@pytest.fixture
def sent(monkeypatch):
    sent = []
    monkeypatch.setattr(fork_run, "signal_group", lambda *signalled: sent.append(signalled))
    return sent


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 30))


def a_run(process, stdin=None):
    made = Fork(process, 7, b"stamps and script", stdin)
    return ForkRun(made, lambda _: None)


def named(process, index):
    return Path(process.orders[0][1][1 + index].decode())


def write(process, index, data):
    """As the fork does; 1 is stdout, 2 is stderr."""
    named(process, index).write_bytes(data)


def test_what_is_ordered():
    process = Process()

    async def main():
        async with a_run(process) as running:
            running._fork.exited(0)

    run(main)
    _, new, same = process.orders[0]
    assert new[:2] == [b"7 1 30", b"/dev/null"]
    assert [Path(path.decode()).parent for path in new[2:]] == [Path(process.names.folder)] * 2
    assert same == b"stamps and script"
    process.names.close()


@pytest.mark.parametrize("stdin", [b"", b"{}"])
def test_output_and_end(sent, stdin):
    process = Process()

    async def main():
        before = set(open_descriptors())
        async with a_run(process, stdin) as running:
            assert named(process, 0).read_bytes() == stdin
            write(process, 1, b"document")
            running._fork.started(4242)
            running._fork.exited(3)
            output = [chunk async for chunk in running.output(30)]
        return output, running.failure, set(open_descriptors()) - before

    assert run(main) == ([b"document"], "exit status 3", set())
    assert sent == [(4242, signal.SIGKILL)]  # what it has left behind
    process.names.close()


def test_a_lost_run_is_killed_and_says_why(sent):
    process = Process()

    async def main():
        async with a_run(process) as running:
            running._fork.started(4242)
            running._fork.lost("lost, since")
            assert [chunk async for chunk in running.output(30)] == []
        return running.failure

    assert run(main) == "lost, since"
    assert (4242, signal.SIGKILL) in sent
    process.names.close()


def test_a_lost_run_that_starts_after_all_is_killed(sent):
    process = Process()

    async def main():
        async with a_run(process) as running:
            running._fork.lost("lost, since")
        assert sent == []
        running._fork.started(4242)

    run(main)
    assert sent == [(4242, signal.SIGKILL)]
    process.names.close()


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("heard_before", [False, True])
def test_a_run_whose_script_has_changed_has_not_begun(heard_before):
    """Whether its report comes before somebody waits for it or not."""
    process = Process()
    made = Fork(process, 7, b"stamps and script", None, looks=True)

    async def main():
        running = ForkRun(made, lambda _: None)
        async with running:
            if heard_before:
                made.outdated()
            else:
                asyncio.get_running_loop().call_later(0.01, made.outdated)
            with pytest.raises(OutdatedRun):
                await running.read(30)
        return running.began, running.failure

    assert run(main) == (False, None)
    assert process.orders[0][1][4:] == [b"look"]
    process.names.close()


def test_a_signal_waits_for_the_process_that_it_is_for(sent):
    process = Process()

    async def main():
        async with a_run(process) as running:
            running._signal(signal.SIGTERM)
            assert (sent, process.heard) == ([], 1)
            running._fork.started(4242)
            assert sent == [(4242, signal.SIGTERM)]
            running._fork.exited(-15)
        return running.failure

    assert run(main) == "killed by SIGTERM"
    process.names.close()


@pytest.mark.usefixtures("sent")
def test_a_server_that_does_not_tell_of_the_end_is_ended(monkeypatch):
    monkeypatch.setattr(fork_run, "ANSWER_TIMEOUT", 0.01)
    process = Process()

    async def main():
        async with a_run(process) as running:
            running._fork.started(4242)
            running._signal(signal.SIGKILL)
            while process.ended is None:  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(0.01)
            running._fork.lost(f"lost, since its fork server {process.ended}")
        return running.failure

    assert run(main) == "lost, since its fork server does not report its end"
    process.names.close()


@pytest.mark.usefixtures("sent")
def test_a_run_that_cannot_be_killed_is_not_the_fault_of_the_server(monkeypatch):
    """As one that waits in the kernel for a file system that hangs."""
    monkeypatch.setattr(fork_run, "ANSWER_TIMEOUT", 0.01)
    monkeypatch.setattr(running_process, "STOP_TO_KILL", 0.05)
    monkeypatch.setattr(running_process, "KILL_TO_LEAVE", 0.05)
    looked_at = []
    monkeypatch.setattr(fork_run, "state_of", lambda pid: looked_at.append(pid) or "D")
    process = Process()

    async def main():
        async with a_run(process) as run:
            run._fork.started(4242)
            run._signal(signal.SIGKILL)
            run._gone_at = None
        while not looked_at:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.01)
        failure = run.failure
        run._fork.exited(-9)  # at last
        return failure

    assert run(main) == "cannot be killed, and is left running"
    assert (set(looked_at), process.ended) == ({4242}, None)
    process.names.close()


def test_a_server_that_has_just_ended():
    process = Process()
    process.ready = False

    async def main():
        with pytest.raises(RunError, match="has just ended"):
            await a_run(process).__aenter__()

    run(main)
    process.names.close()


@pytest.mark.parametrize("good", [0, 1])
def test_no_descriptor_is_left_where_there_are_not_enough(monkeypatch, good):
    process = Process()
    pipe = process.names.pipe
    left = [None] * good

    def scarce():
        if not left:
            raise OSError(24, "Too many open files")
        left.pop()
        return pipe()

    async def main():
        monkeypatch.setattr(process.names, "pipe", scarce)
        before = open_descriptors()
        with pytest.raises(RunError, match=r"given its streams: .*Too many open files"):
            await a_run(process, b"data").__aenter__()
        assert open_descriptors() == before
        assert process.orders == []

    run(main)
    process.names.close()
