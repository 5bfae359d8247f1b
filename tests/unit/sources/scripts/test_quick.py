"""What a run without a task takes, and what it leaves to others."""

import json

import pytest

from aoba.errors import DocumentError
from aoba.sources.scripts.quick import QuickRun
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


class Interpreter:
    """An interpreter, or a fork; implements what a quick run needs of it."""

    def __init__(self):
        self.run, self.left = None, False
        self.stdout, self.stderr = Stream(), Stream()

    def has_output(self):
        return bool(self.stdout.chunks or self.stderr.chunks)

    def leave(self):
        self.left = True


class Taken:
    """A run that is carried on with care; and the listener, and the end."""

    def __init__(self):
        self.documents, self.ends, self.told = [], [], []
        self.refuses = None
        self.taken, self.heard_at = 0, None

    def document(self, decoded):
        if self.refuses:
            raise self.refuses
        self.documents.append(decoded.document)

    def done(self, status):
        self.told.append(status)

    def lost(self):
        self.told.append("lost")


@pytest.fixture
def interpreter():
    return Interpreter()


@pytest.fixture
def heard():
    return Taken()


@pytest.fixture
def quick(interpreter, heard):
    made = QuickRun()
    made.begin(interpreter, heard, heard.ends.append)
    return made


def say(interpreter, *chunks):
    interpreter.stdout.chunks += chunks
    interpreter.stdout.callback()


@pytest.mark.parametrize(
    "chunks", [(DOCUMENT + b"\n",), (DOCUMENT, b"\n"), (DOCUMENT,), (DOCUMENT, b"\n", b" \n")]
)
def test_one_document_and_a_good_end_are_all_it_takes(quick, interpreter, heard, chunks):
    say(interpreter, *chunks)
    assert (len(heard.documents), heard.ends) == (1, [])
    quick.done(0)

    assert heard.ends == [True]
    assert (quick.carrier, interpreter.left) == (None, True)
    assert not interpreter.stdout.chunks


def test_the_report_may_be_seen_before_the_document(quick, interpreter, heard):
    interpreter.stdout.chunks.append(DOCUMENT)
    quick.done(0)
    assert (len(heard.documents), heard.ends) == (1, [True])


def test_what_nobody_watched_is_read_at_the_end(interpreter, heard):
    quick = QuickRun()
    quick.begin(interpreter, heard, heard.ends.append, watched=False)
    assert (interpreter.stdout.callback, interpreter.stderr.callback) == (None, None)
    interpreter.stdout.chunks += [DOCUMENT + b"\n"]
    quick.done(0)
    assert (len(heard.documents), heard.ends) == (1, [True])


def test_the_end_of_all_may_come_with_the_document(quick, interpreter, heard):
    """As that of a fork, of which nobody has the streams any more."""
    stdout = interpreter.stdout
    interpreter.has_output = lambda: not stdout.closed
    read = stdout.read

    def read_to_the_end():
        chunk = read()
        stdout.closed = chunk is None
        return chunk

    stdout.read = read_to_the_end
    stdout.chunks += [DOCUMENT, b"\n"]
    quick.done(0)
    assert (len(heard.documents), heard.ends) == (1, [True])


def test_the_end_of_stdout_alone_is_not_all(quick, interpreter, heard):
    say(interpreter, DOCUMENT)
    interpreter.has_output = lambda: True
    interpreter.stdout.closed = True
    quick.done(0)
    assert heard.ends == [False]


def test_the_end_of_a_line_may_come_by_itself(quick, interpreter, heard):
    say(interpreter, DOCUMENT)
    say(interpreter, b"\n")
    assert heard.ends == []
    quick.done(0)
    assert heard.ends == [True]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "text", [b"hello\n", DOCUMENT[:9], DOCUMENT * 2, b'{"stations": 1}', b"\n"]
)
def test_other_output_is_left_where_it_was(interpreter, heard, text):
    say(interpreter, text)

    assert (heard.documents, heard.ends) == ([], [False])
    assert interpreter.stdout.chunks == [text]


@pytest.mark.usefixtures("quick")
def test_more_output_is_left_where_it_was(interpreter, heard):
    say(interpreter, DOCUMENT)
    say(interpreter, b"more")

    assert (len(heard.documents), heard.ends) == (1, [False])
    assert interpreter.stdout.chunks == [b"more"]


def test_what_is_read_at_the_end_is_left_too(quick, interpreter, heard):
    say(interpreter, DOCUMENT)
    interpreter.stdout.chunks.append(b"more")
    quick.done(0)

    assert heard.ends == [False]
    assert interpreter.stdout.chunks == [b"more"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [DocumentError("a", "b"), ZeroDivisionError()])
def test_a_document_that_cannot_be_taken_is_offered_again(interpreter, heard, error):
    heard.refuses = error
    say(interpreter, DOCUMENT)

    assert heard.ends == [False]
    assert interpreter.stdout.chunks == [DOCUMENT]


def test_a_word_on_stderr_wants_care(quick, interpreter, heard):
    interpreter.stderr.chunks.append(b"oh")
    interpreter.stderr.callback()
    quick.done(0)

    assert heard.ends == [False]
    assert interpreter.stderr.chunks == [b"oh"]


def test_stderr_is_looked_at_before_the_end(quick, interpreter, heard):
    say(interpreter, DOCUMENT)
    interpreter.stderr.chunks.append(b"oh")
    quick.done(0)
    assert heard.ends == [False]


@pytest.mark.parametrize(("printed", "status"), [([], 0), ([DOCUMENT], 1)])
def test_a_bad_end_is_told_to_the_one_who_takes_over(quick, interpreter, heard, printed, status):
    interpreter.stdout.chunks += printed
    if printed:
        interpreter.stdout.callback()
    quick.done(status)
    assert heard.ends == [False]
    quick.hand_off(heard)

    assert (quick.carrier, interpreter.run, interpreter.left) == (None, heard, False)
    assert (heard.told, heard.taken) == ([status], len(printed))
    assert heard.heard_at is not None


def test_the_loss_of_the_interpreter_is_told_to_the_one_who_takes_over(quick, heard):
    quick.lost()
    quick.lost()
    assert heard.ends == [False]
    quick.hand_off(heard)
    assert heard.told == ["lost"]


def test_a_run_that_is_given_up_ends_for_the_one_who_takes_over(quick, interpreter, heard):
    """Even where it is over before that one comes: or it would be carried out twice."""
    say(interpreter, DOCUMENT)
    quick.abandon()
    quick.done(0)
    assert heard.ends == [False]
    assert not interpreter.left
    quick.hand_off(heard)
    assert (heard.told, heard.taken) == ([0], 1)
    quick.abandon()  # there is none
    assert heard.ends == [False]


def test_what_comes_after_it_was_given_up_waits(quick, interpreter, heard):
    say(interpreter, b"hello\n")
    quick.done(0)
    assert (heard.ends, heard.told) == ([False], [])
    quick.hand_off(heard)
    assert heard.told == [0]


def test_output_between_two_runs_is_nobodys(quick, interpreter, heard):
    say(interpreter, DOCUMENT)
    quick.done(0)
    interpreter.stderr.callback()
    say(interpreter, b"late")

    assert heard.ends == [True]
    assert interpreter.stdout.chunks == [b"late"]
