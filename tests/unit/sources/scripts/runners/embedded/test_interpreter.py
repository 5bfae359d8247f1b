"""A run in a resident interpreter, as that tells of it. No process is started here."""

import asyncio
import os
import signal

import pytest

from aoba.sources.pipe import Pipe
from aoba.sources.scripts import running_process
from aoba.sources.scripts.limits import NO_LIMITS
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.runners.embedded.interpreter import EmbeddedRun, Order
from aoba.sources.scripts.timers import ReusableEvent

DOCUMENT = b'{"stations": []}\n'


class Interpreter:
    """One whose streams are pipes of the test, which says what it reports."""

    limits, leaves = NO_LIMITS, None

    def __init__(self):
        self.event = ReusableEvent()
        self.calls, self.code = [], 0
        reader, self.out = os.pipe()
        error_reader, self.err = os.pipe()
        self.stdout, self.stderr = Pipe(reader), Pipe(error_reader)

    def submit(self, run, order):
        self.run, self.order = run, order

    def has_output(self):
        return False

    def read_reports(self):
        return False

    def returncode(self):
        return self.code

    def signal(self, number):
        self.calls.append(number)

    def leave(self):
        self.calls.append("leave")

    def dismiss(self):
        self.calls.append("dismiss")

    def close(self):
        self.calls.append("close")

    def end(self):
        for descriptor in (self.out, self.err):
            os.close(descriptor)
        for pipe in (self.stdout, self.stderr):
            pipe.close()


class Heard:
    def document(self, _decoded):
        pass


def in_loop(steps):
    """What `steps` return, which get an interpreter, a run in it, and what is heard of its end."""

    async def main():
        interpreter, heard = Interpreter(), []
        try:
            run = EmbeddedRun(
                interpreter, Order(7, b"{}"), lambda _: None, lambda *how: heard.append(how[1:])
            )
            return await steps(interpreter, run, heard)
        finally:
            interpreter.end()

    return asyncio.run(asyncio.wait_for(main(), 30))


async def read(run):
    async with run:
        return [chunk async for chunk in run.output(30)]


@pytest.mark.parametrize(("status", "failure"), [(0, None), (3, "exit status 3")])
def test_an_interpreter_that_reports_the_end_goes_on_to_other_runs(status, failure):
    async def steps(interpreter, run, heard):
        os.write(interpreter.out, DOCUMENT)
        asyncio.get_running_loop().call_later(0.01, run.done, status)
        return await read(run), run.failure, run.status, interpreter.calls, heard

    told = [DOCUMENT], failure, status, ["leave"], [(status == 0, False)]
    assert in_loop(steps) == told


@pytest.mark.parametrize(
    ("code", "leaves", "how"),
    [
        (-11, None, (False, True)),
        (0, None, (True, False)),
        (1, "it has left a thread behind", (False, False)),
    ],
)
def test_an_interpreter_that_is_lost_is_closed(code, leaves, how):
    """It has crashed, unless it ended well, or had said that it would."""

    async def steps(interpreter, run, heard):
        interpreter.code, interpreter.leaves = code, leaves
        asyncio.get_running_loop().call_later(0.01, run.lost)
        await read(run)
        return interpreter.calls, heard

    calls, heard = in_loop(steps)
    assert (calls[-1], heard) == ("close", [how])


def test_an_interpreter_that_survives_a_signal_is_not_used_again(monkeypatch):
    monkeypatch.setattr(running_process, "TERM_TO_KILL", 0.01)

    async def steps(interpreter, run, heard):
        interpreter.code = -9
        signalled = interpreter.signal

        def ends(number):
            signalled(number)
            if number == signal.SIGTERM:
                run.done(0)
                run.lost()

        interpreter.signal = ends
        async with run:
            assert [chunk async for chunk in run.output(0.01)] == []
        return interpreter.calls, run.failure, heard

    calls, failure, heard = in_loop(steps)
    assert calls == [signal.SIGTERM, "dismiss", signal.SIGKILL, "close"]
    assert failure == "silent on stdout for longer than 0.01 s, stopped"
    assert heard == [(False, False)]


def test_a_simple_run_leaves_the_interpreter_as_it_is():
    async def steps(interpreter, run, heard):
        ends = []
        run.submit(OutputParser(Heard()), ends.append)
        assert (interpreter.run, interpreter.order) == (run, (7, b"{}", b"-"))
        os.write(interpreter.out, DOCUMENT)
        run.done(0)
        return ends, interpreter.calls, heard

    assert in_loop(steps) == ([True], ["leave"], [])


def test_a_run_that_was_simple_is_followed_to_its_end():
    async def steps(interpreter, run, heard):
        ends = []
        run.submit(OutputParser(Heard()), ends.append)
        os.write(interpreter.out, DOCUMENT + b"more")
        run.done(0)
        return ends, await read(run), interpreter.calls, heard

    assert in_loop(steps) == ([False], [DOCUMENT + b"more"], ["leave"], [(True, False)])
