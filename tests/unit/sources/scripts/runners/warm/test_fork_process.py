"""One process of the fork server: what Aoba makes of what it says, and of what it does not say.

In place of the interpreter there is a program that speaks, or breaks, the protocol.
"""

import asyncio
import os
import stat
import sys

import pytest

from aoba.sources.scripts.runners.warm import fork_process
from aoba.sources.scripts.runners.warm.fork_process import ForkProcess
from support.runs import open_descriptors

READY = "say(b'ready')\n"
COMMAND = (b"1\0/dev/null\0/1\0/2", b"1\0" + b"2\0/a.py")


class Run:
    def __init__(self):
        self.heard = []
        self.over = asyncio.Event()

    def started(self, pid):
        self.heard.append(("started", pid))

    def exited(self, code):
        self.heard.append(("exited", code))
        self.over.set()

    def lost(self, reason):
        self.heard.append(("lost", reason))
        self.over.set()


@pytest.fixture
def server(tmp_path):
    """Makes an interpreter that does `body` instead of what it is told."""

    def make(body):
        path = tmp_path / "python"
        path.write_text(
            f"#!{sys.executable} -S\n"
            "import os, sys, time\n"
            "commands, starts, reports = map(int, sys.argv[2:5])\n"
            "def say(line, to=reports):\n"
            "    os.write(to, line + b'\\n')\n"
            "def hear():\n"
            "    return os.read(commands, 65536) or sys.exit(0)\n" + body
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


class Ended:
    """A process with what it says on the way, and how it ends."""

    def __init__(self, python):
        self.lines = []
        self.gone = asyncio.Event()
        self.process = ForkProcess(python, (), self.lines.append, self.gone.set)

    async def __aenter__(self):
        while not (self.process.was_ready or self.gone.is_set()):  # noqa: ASYNC110  of two, either
            await asyncio.sleep(0.005)
        return self

    async def __aexit__(self, *_):
        self.process.end("was stopped")
        await self.process.wait()


def run(main):
    before = set(open_descriptors())
    result = asyncio.run(asyncio.wait_for(main(), 30))
    assert set(open_descriptors()) - before == set()
    return result


def of_one_run(python):
    async def main():
        async with Ended(python) as ended:
            one = Run()
            ended.process.submit(one, *COMMAND)
            await one.over.wait()
            return one.heard, ended.process

    return run(main)


def test_a_run_hears_of_its_start_and_its_end(server):
    heard, process = of_one_run(
        server(READY + "hear(); say(b'1 42', starts); say(b'exited 1 15'); hear()\n")
    )

    assert heard == [("started", 42), ("exited", -15)]
    assert (process.served, process.unable) == (1, 0)


def test_a_start_wakes_nobody_who_does_not_ask(server):
    async def main():
        async with Ended(server(READY + "hear(); say(b'1 42', starts); say(b'?'); hear()\n")) as it:
            one = Run()
            it.process.submit(one, *COMMAND)
            unread = it.process._starting
            while unread:  # noqa: ASYNC110  read with the next report, which is none that it knows
                await asyncio.sleep(0.005)
            return one.heard[:]

    assert run(main) == [("started", 42)]


def test_who_asks_for_starts_hears_of_them_at_once(server):
    body = READY + "hear(); time.sleep(0.05); say(b'1 42', starts); hear()\n"

    async def main():
        async with Ended(server(body)) as it:
            one = Run()
            it.process.submit(one, *COMMAND)
            it.process.hear_of_starts()
            while not one.heard:  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(0.005)
            return one.heard[:]

    assert run(main) == [("started", 42)]


def test_a_run_that_cannot_be_forked(server):
    heard, process = of_one_run(server(READY + "hear(); say(b'unable 1 no more'); hear()\n"))

    assert heard == [("lost", "cannot be forked: no more")]
    assert (process.served, process.unable) == (0, 1)
    assert process.end_reason == "was stopped"


def test_a_server_that_starts_nothing_is_ended(server, monkeypatch):
    monkeypatch.setattr(fork_process, "ANSWER_TIMEOUT", 0.05)

    heard, process = of_one_run(server(READY + "time.sleep(600)\n"))

    assert heard == [("lost", "lost, since its fork server does not start it")]
    assert process.code is None


def test_a_long_run_is_no_reason_to_end_its_server(server, monkeypatch):
    monkeypatch.setattr(fork_process, "ANSWER_TIMEOUT", 0.02)
    body = "hear(); say(b'1 42', starts); time.sleep(0.2); say(b'exited 1 0'); hear()\n"

    heard, _ = of_one_run(server(READY + body))

    assert heard == [("started", 42), ("exited", 0)]


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("sys.exit(3)", "ended (exit status 3)"),
        ("os.kill(os.getpid(), 9)", "ended (killed by SIGKILL)"),
        ("os.close(reports); time.sleep(600)", "reports no more"),
    ],
)
def test_runs_are_lost_with_their_server(server, monkeypatch, way, reason):
    monkeypatch.setattr(fork_process, "DRAIN_TIMEOUT", 0.2)

    heard, process = of_one_run(server(READY + f"hear(); say(b'1 42', starts); {way}\n"))

    assert heard == [("started", 42), ("lost", f"lost, since its fork server {reason}")]
    assert process.end_reason == reason


def test_a_run_that_starts_when_its_server_has_ended_is_told_of(server):
    body = """
    hear()
    mine, its = os.pipe()
    if os.fork():
        os.read(mine, 1)
        os._exit(0)
    os.setsid()
    os.write(its, b'.')
    time.sleep(0.1)
    say(b'1 42', starts)
    """.replace("\n    ", "\n")

    async def main():
        async with Ended(server(READY + body)) as it:
            one = Run()
            it.process.submit(one, *COMMAND)
            while not it.process._starts.closed:  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(0.005)
            return one.heard[:]

    assert run(main) == [
        ("lost", "lost, since its fork server ended (exit status 0)"),
        ("started", 42),
    ]


def test_what_it_cannot_do_and_what_it_says(server):
    async def main():
        async with Ended(server("print('words'); say(b'failed preload failed: x')\n")) as it:
            await it.gone.wait()
            return it.process.refused, it.process.ready, it.process.code, it.lines

    assert run(main) == ("preload failed: x", False, 0, ["words"])


def test_a_burst_of_orders_that_the_pipe_does_not_take_at_once(server):
    body = """
    n = 0
    data = b''
    while n < 300:
        time.sleep(0.0005)
        data += hear()
        while n < 300 and data.count(b'4:/big') > n:
            n += 1
            say(b'%d 42' % n, starts); say(b'exited %d 0' % n)
    hear()
    """.replace("\n    ", "\n").replace("4:/big", "5:/big,")[:-1]
    command = COMMAND[0], b"5:/big," + b"x" * 1000

    async def main():
        async with Ended(server(READY + body)) as it:
            runs = [Run() for _ in range(300)]
            for one in runs:
                it.process.submit(one, *command)
            for one in runs:
                await one.over.wait()
            return {tuple(one.heard) for one in runs}

    assert run(main) == {(("started", 42), ("exited", 0))}


LIBRARIES = (
    "say(b'refused bad opens sockets'); say(b'loaded one two'); say(b'hides inner one two')\n"
)


def test_what_has_been_loaded_is_known_when_it_is_ready(server):
    async def main():
        async with Ended(server(LIBRARIES + READY + "hear()\n")) as ended:
            process = ended.process
            return process.loaded, process.left_out, process.hides, process.ready

    assert run(main) == (
        ("one", "two"),
        {"bad": "opens sockets"},
        {"inner", "one", "two"},
        True,
    )


def test_libraries_that_have_changed_are_the_end_of_its_runs(server):
    async def main():
        async with Ended(server(READY + "hear(); say(b'changed'); hear()\n")) as ended:
            ended.process.submit(Run(), *COMMAND)
            while not ended.process.changed:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            return ended.process.ready, ended.process.end_reason

    assert run(main) == (False, None)


def test_one_that_retires_ends_with_its_runs(server):
    async def main():
        body = READY + "while b'go on' not in hear(): pass\n"
        body += "say(b'1 42', starts); say(b'exited 1 0'); hear()\n"
        async with Ended(server(body)) as ended:
            first = Run()
            ended.process.submit(first, *COMMAND)
            ended.process.retire()
            before = ended.process.ready, ended.process.end_reason
            os.write(ended.process._commands, b"go on")
            await first.over.wait()
            await ended.gone.wait()
            return before, first.heard, ended.process.end_reason

    assert run(main) == (
        (False, None),
        [("started", 42), ("exited", 0)],
        "is not needed any more",
    )


def test_one_that_retires_without_a_run_ends_at_once(server):
    async def main():
        async with Ended(server(READY + "hear()\n")) as ended:
            ended.process.retire()
            return ended.process.end_reason

    assert run(main) == "is not needed any more"


def test_one_that_retires_before_it_is_ready_gets_no_run(server):
    async def main():
        ended = Ended(server("hear()\n"))
        ended.process._runs[b"1"] = Run()  # as if there were one
        ended.process.retire()
        ended.process._take_report(b"ready")
        ready = ended.process.ready
        ended.process._runs.clear()
        ended.process.end("was stopped")
        await ended.process.wait()
        return ready

    assert run(main) is False
