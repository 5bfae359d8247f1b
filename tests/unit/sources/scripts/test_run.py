"""What becomes of a run, with a child that prints what the test says."""

import asyncio

from aoba.errors import RunError
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.run import run_script

DOCUMENT = b'{"stations": []}\n'


class Printing:
    """A runner and its child in one: a run whose stdout are `chunks`."""

    failure = None
    status = 0
    began = True
    why = ""

    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def start(self, *_):
        return self

    def why_nothing(self):
        return self.why

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def read(self, _timeout):
        return self.chunks.pop(0) if self.chunks else None


class Heard:
    """A listener that writes down what it hears."""

    def __init__(self):
        self.documents, self.errors, self.lines = 0, [], []

    def document(self, _decoded):
        self.documents += 1

    def error(self, text, _key=None):
        self.errors.append(text)

    def skipped(self, text):
        self.lines.append(text)


def test_what_may_be_the_reason_is_told_of_a_run_that_printed_nothing():
    for chunks, failure in (
        ((), "printed no document; it is late"),
        ((b"text\n",), "printed no document; it is late"),
        ((b"{}\n",), "printed no valid document"),
        ((DOCUMENT,), None),
    ):
        runner = Printing(*chunks)
        runner.why = "it is late"
        assert outcome(runner, Heard()).failure == failure


def outcome(runner, heard):
    return asyncio.run(run_script(runner, 1, 30.0, OutputParser(heard)))


def test_how_the_process_ended_is_told():
    runner = Printing(DOCUMENT)
    runner.status, runner.failure = -9, "killed by SIGKILL"

    assert outcome(runner, Heard()) == ("killed by SIGKILL", -9, True)


def test_a_run_that_was_given_up_before_it_began_has_not_begun():
    runner = Printing()
    runner.status, runner.failure, runner.began = 0, "lost", False

    assert outcome(runner, Heard()) == ("lost", 0, False)


def test_a_run_that_cannot_be_started_has_not_begun():
    class Gone(Printing):
        def start(self, _number, _on_stderr, _feedback=None):
            raise RunError("no such script")

    assert outcome(Gone(), Heard()) == ("no such script", None, False)
