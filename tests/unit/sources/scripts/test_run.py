"""What a run tells its listener, with a child that prints what the test says."""

import asyncio

import pytest

from aoba.errors import RunError
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.run import run_script
from builders import one_range, raw

DOCUMENT = b'{"stations": []}\n'
DICT = "not JSON, skipped; a Python dict? print it with json.dumps: "


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
        self.documents, self.errors, self.kinds, self.lines = 0, [], set(), []

    def document(self, _decoded):
        self.documents += 1

    def error(self, text, key=None):
        self.errors.append(text)
        self.kinds.add(key)

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


def run(*chunks):
    heard = Heard()
    return heard, outcome(Printing(*chunks), heard).failure


@pytest.mark.parametrize("split", range(5))
def test_a_byte_order_mark_is_nothing_to_tell(split):
    output = b"\xef\xbb\xbf" + DOCUMENT
    heard, failure = run(output[:split], output[split:])

    assert (heard.documents, heard.lines, heard.errors, failure) == (1, [], [], None)


def test_a_byte_order_mark_is_not_part_of_a_line():
    heard, _ = run(b"\xef\xbb\xbf{'id': 1}\n")

    assert heard.lines == [f"{DICT}{{'id': 1}}"]


@pytest.mark.parametrize("text", ["{'stations': []}", "[{'id': 1}]"])
def test_a_python_dict_is_told_from_other_text(text):
    heard, failure = run(text.encode())

    assert heard.lines == [DICT + text]
    assert failure == "printed no document"


def test_other_text_is_skipped():
    heard, _ = run(b"[INFO] it's on\n", DOCUMENT)

    assert (heard.documents, heard.lines) == (1, ["not JSON, skipped: [INFO] it's on"])


@pytest.mark.parametrize(
    "chunks",
    [
        (b'{"stations": []}', b"\n"),
        (b"[]", b"\n", b"[]", b"\n"),
        (b'{"stations": []', b"}", b"\n"),
        (b'{"stations": []}', b' {"stations": []}\n'),
    ],
)
def test_a_line_that_ends_later_than_its_document(chunks):
    heard, failure = run(*chunks)

    assert failure is None
    assert heard.documents == b"".join(chunks).count(b"[]")
    assert (heard.errors, heard.lines) == ([], [])


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


def test_which_wrong_value_a_document_has_makes_no_other_kind_of_error():
    bad = [raw(one_range("holding", 0, [value])) + b"\n" for value in (-1, 21.5, 70000, "x")]
    faults = [b'{"stations": [%d,,]}\n' % value for value in (1, 100)]
    heard, _ = run(*bad, *faults)

    assert len(set(heard.errors)) == 6
    assert len(heard.kinds) == 2
