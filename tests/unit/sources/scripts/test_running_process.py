"""What a run takes in its simple state, and what it leaves to its careful one."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from aoba.errors import DocumentError, OutdatedRun
from aoba.sources.listener import Outcome
from aoba.sources.scripts import running_process
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.run import follow
from aoba.sources.scripts.running_process import KeptRun
from builders import one_range

DOCUMENT = json.dumps(one_range("holding", 0, [1])).encode()


class Stream:
    """A pipe that gives `chunks`; the test is the loop that tells of them."""

    def __init__(self):
        self.chunks, self.callback, self.closed = [], None, False

    def watch(self, callback):
        self.callback = callback

    def read(self):
        self.callback = None
        return self.chunks.pop(0) if self.chunks else None

    def put_back(self, chunk):
        self.chunks.insert(0, chunk)

    def close(self):
        self.closed = True


class Kept(KeptRun):
    """A run in a process that only says what the test has it say."""

    def __init__(self, on_stderr):
        super().__init__(on_stderr)
        self.left, self.code = False, 0
        self.stdout, self.stderr = Stream(), Stream()

    def _submit(self):
        return self.stdout, self.stderr

    def _has_output(self):
        return bool(self.stdout.chunks or self.stderr.chunks)

    def _leave(self):
        self.left = True

    def _ended(self, status):
        self.code = status
        self._gone()

    def _signal(self, _number):
        pass

    def _reap(self):
        return self.code

    def say(self, *chunks):
        self.stdout.chunks += chunks
        self.stdout.callback()


class Heard:
    """A listener that writes down what it hears; and the end of the simple state."""

    def __init__(self):
        self.documents, self.told, self.ends = [], [], []
        self.refuses = None

    def document(self, decoded):
        if self.refuses:
            raise self.refuses
        self.documents.append(decoded.document)

    def note(self, text, _key=None):
        self.told.append(text)

    error = skipped = stderr = note


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def output(heard):
    return OutputParser(heard)


@pytest.fixture
def run(heard, output):
    made = Kept(output.stderr)
    made.submit(output, heard.ends.append)
    return made


@pytest.fixture
def rest(run, output, monkeypatch):
    """What comes of the run once it is followed."""
    monkeypatch.setattr(running_process, "DRAIN_TIMEOUT", 0.0)
    runner = SimpleNamespace(why_nothing=lambda: "")
    return lambda: asyncio.run(asyncio.wait_for(follow(runner, run, 30, output), 30))


@pytest.mark.parametrize(
    "chunks", [(DOCUMENT + b"\n",), (DOCUMENT, b"\n"), (DOCUMENT,), (DOCUMENT, b"\n", b" \n")]
)
def test_one_document_and_a_good_end_are_all_it_takes(run, heard, chunks):
    run.say(*chunks)
    assert (len(heard.documents), heard.ends) == (1, [])
    run.done(0)

    assert (heard.ends, run.left) == ([True], True)
    assert not run.stdout.chunks


def test_the_report_may_be_seen_before_the_document(run, heard):
    run.stdout.chunks.append(DOCUMENT)
    run.done(0)
    assert (len(heard.documents), heard.ends) == (1, [True])


def test_what_nobody_watched_is_read_at_the_end(heard, output):
    run = Kept(output.stderr)
    run.submit(output, heard.ends.append, watched=False)
    assert (run.stdout.callback, run.stderr.callback) == (None, None)
    run.stdout.chunks += [DOCUMENT + b"\n"]
    run.done(0)
    assert (len(heard.documents), heard.ends) == (1, [True])


def test_the_end_of_all_may_come_with_the_document(run, heard):
    """As that of a fork, of which nobody has the streams any more."""
    stdout = run.stdout
    run._has_output = lambda: not stdout.closed
    read = stdout.read

    def read_to_the_end():
        chunk = read()
        stdout.closed = chunk is None
        return chunk

    stdout.read = read_to_the_end
    stdout.chunks += [DOCUMENT, b"\n"]
    run.done(0)
    assert (len(heard.documents), heard.ends) == (1, [True])


def test_the_end_of_stdout_alone_is_not_all(run, heard):
    run.say(DOCUMENT)
    run._has_output = lambda: True
    run.stdout.closed = True
    run.done(0)
    assert heard.ends == [False]


def test_the_end_of_a_line_may_come_by_itself(run, heard):
    run.say(DOCUMENT)
    run.say(b"\n")
    assert heard.ends == []
    run.done(0)
    assert heard.ends == [True]


@pytest.mark.parametrize(
    "text", [b"hello\n", DOCUMENT[:9], DOCUMENT * 2, b'{"stations": 1}', b"\n"]
)
def test_other_output_is_left_where_it_was(run, heard, text):
    run.say(text)

    assert (heard.documents, heard.ends) == ([], [False])
    assert run.stdout.chunks == [text]


def test_more_output_is_left_where_it_was(run, heard):
    run.say(DOCUMENT)
    run.say(b"more")

    assert (len(heard.documents), heard.ends) == (1, [False])
    assert run.stdout.chunks == [b"more"]


def test_what_is_read_at_the_end_is_left_too(run, heard):
    run.say(DOCUMENT)
    run.stdout.chunks.append(b"more")
    run.done(0)

    assert heard.ends == [False]
    assert run.stdout.chunks == [b"more"]


def test_what_was_left_is_read_with_care(run, heard, rest):
    run.say(b"hello\n")
    run.stdout.chunks += [DOCUMENT * 2]
    run.stderr.chunks += [b"oh\n"]
    run.done(0)

    assert rest() == Outcome(None, 0)
    assert len(heard.documents) == 2
    assert heard.told == ["not JSON, skipped: hello", "oh"]
    assert run.stdout.chunks == []


@pytest.mark.parametrize("error", [DocumentError("a", "b"), ZeroDivisionError()])
def test_a_document_that_cannot_be_taken_is_offered_again(run, heard, error):
    heard.refuses = error
    run.say(DOCUMENT)

    assert heard.ends == [False]
    assert run.stdout.chunks == [DOCUMENT]


def test_a_word_on_stderr_wants_care(run, heard):
    run.stderr.chunks.append(b"oh")
    run.stderr.callback()
    run.done(0)

    assert heard.ends == [False]
    assert run.stderr.chunks == [b"oh"]


def test_stderr_is_looked_at_before_the_end(run, heard):
    run.say(DOCUMENT)
    run.stderr.chunks.append(b"oh")
    run.done(0)
    assert heard.ends == [False]


@pytest.mark.parametrize(
    ("printed", "outcome"),
    [([], Outcome("printed no document", 0)), ([DOCUMENT], Outcome("exit status 1", 1))],
)
def test_a_bad_end_wants_care(run, heard, rest, printed, outcome):
    run.stdout.chunks += printed
    if printed:
        run.stdout.callback()
    run.done(outcome.status)

    assert (heard.ends, run.left) == ([False], False)
    assert rest() == outcome
    assert len(heard.documents) == len(printed)


def test_a_process_that_is_lost_wants_care_once(run, heard, rest):
    run.code = -9
    run.lost()
    run.lost()

    assert heard.ends == [False]
    assert rest().failure == "killed by SIGKILL"


def test_a_run_whose_script_has_changed_has_not_begun(run, heard, rest):
    run.outdated()

    assert heard.ends == [False]
    with pytest.raises(OutdatedRun):
        rest()
    assert (run.began, run.failure) == (False, None)


def test_a_run_that_was_abandoned_ends_for_the_one_who_follows_it(run, heard, rest):
    """Even where it is over before that one comes: or it would be carried out twice."""
    run.say(DOCUMENT)
    run.abandon()
    run.done(0)

    assert (heard.ends, run.left) == ([False], False)
    assert rest() == Outcome(None, 0)
    run.abandon()  # it is not simple any more
    assert (len(heard.documents), heard.ends) == (1, [False])


def test_output_between_two_runs_is_nobodys(run, heard):
    run.say(DOCUMENT)
    run.done(0)
    run.stderr.callback()
    run.say(b"late")

    assert heard.ends == [True]
    assert run.stdout.chunks == [b"late"]
