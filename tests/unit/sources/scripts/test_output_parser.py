"""Output in any pieces -> documents, errors and lines."""

import asyncio
import json

import pytest

from aoba.errors import DocumentError
from aoba.sources.scripts.output_parser import OutputParser
from builders import one_range, raw

DOCUMENT = b'{"stations": []}\n'
DICT = "not JSON, skipped; a Python dict? print it with json.dumps: "


class Heard:
    """A listener that writes down what it hears."""

    def __init__(self):
        self.documents, self.errors, self.kinds = 0, [], set()
        self.lines, self.complaints = [], []
        self.refuses = None

    def document(self, _decoded):
        if self.refuses:
            raise self.refuses
        self.documents += 1

    def error(self, text, key=None):
        self.errors.append(text)
        self.kinds.add(key)

    def skipped(self, text):
        self.lines.append(text)

    def stderr(self, line):
        self.complaints.append(line)


def run(*chunks):
    """What is heard of a run that prints these, and why it has failed."""
    heard = Heard()
    output = OutputParser(heard)

    async def main():
        for chunk in chunks:
            await output.feed(chunk)
        await output.end()

    asyncio.run(main())
    return heard, output.failure()


@pytest.mark.parametrize(
    ("chunk", "is_single"),
    [
        (DOCUMENT, True),
        (DOCUMENT.rstrip(), True),
        (b"[]\n", True),
        (b"", False),
        (b"\n", False),
        (b"text\n", False),
        (b'{"a": 1\n', False),
        (DOCUMENT * 2, False),
        (DOCUMENT + b"\n", False),
        (b"x" + DOCUMENT, False),
    ],
)
def test_what_is_one_document(chunk, is_single):
    heard = Heard()
    output = OutputParser(heard)

    assert output.parse_single(chunk) is is_single
    assert (heard.documents, output.taken) == (is_single, is_single)
    assert (heard.errors, heard.lines) == ([], [])


def test_one_that_cannot_be_taken_does_not_count():
    heard = Heard()
    heard.refuses = DocumentError("a", "b")
    output = OutputParser(heard)

    with pytest.raises(DocumentError):
        output.parse_single(DOCUMENT)
    assert (output.taken, output.failure()) == (0, "printed no document")
    asyncio.run(output.feed(DOCUMENT))
    assert (heard.errors, output.failure()) == (["a: b"], "printed no valid document")


def test_what_was_taken_in_one_piece_counts_for_what_follows():
    heard = Heard()
    output = OutputParser(heard)
    output.parse_single(DOCUMENT)
    asyncio.run(output.feed(b"text\n"))

    assert (output.taken, output.failure()) == (1, None)
    assert heard.lines == ["not JSON, skipped: text"]


def test_any_split_gives_the_same():
    document = json.dumps(one_range("holding", 0, [1, 2])).encode()
    data = b"[INFO] on\n" + document + b"\n" + document
    for at in range(len(data) + 1):
        heard, failure = run(data[:at], data[at:])

        assert (heard.documents, heard.lines, failure) == (
            2,
            ["not JSON, skipped: [INFO] on"],
            None,
        )
    heard, _ = run(*(data[at : at + 1] for at in range(len(data))))
    assert heard.documents == 2


def test_stderr_is_told_by_lines():
    heard = Heard()
    output = OutputParser(heard)
    output.stderr(b"one\ntw")
    assert heard.complaints == ["one"]
    output.stderr(b"o")
    output.end_of_stderr()

    assert heard.complaints == ["one", "two"]
    OutputParser(heard).end_of_stderr()  # without a word
    assert len(heard.complaints) == 2


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


def test_which_wrong_value_a_document_has_makes_no_other_kind_of_error():
    bad = [raw(one_range("holding", 0, [value])) + b"\n" for value in (-1, 21.5, 70000, "x")]
    faults = [b'{"stations": [%d,,]}\n' % value for value in (1, 100)]
    heard, _ = run(*bad, *faults)

    assert len(set(heard.errors)) == 6
    assert len(heard.kinds) == 2
