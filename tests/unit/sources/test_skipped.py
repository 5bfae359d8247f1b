import pytest

from aoba.errors import NoDocument
from aoba.sources.lines import MAX_LINES
from aoba.sources.skipped import MAX_SHOWN, Skipped
from builders import all_splits

NO_JSON = NoDocument("", "not valid JSON", is_json=False)
UNMEANT = NoDocument("stations[0]", "expected an object, got 21", is_json=True)
REASON = "no document, skipped (stations[0]: expected an object, got 21): "
DICT = "not JSON, skipped; a Python dict? print it with json.dumps: "


def told(*pieces):
    """What is told of `pieces`: text, or (value, error)."""
    skipped = Skipped()
    lines = []
    for piece in pieces:
        if isinstance(piece, bytes):
            lines += skipped.text(piece, 0.0)
        else:
            lines += skipped.value(*piece, 0.0)
    return lines + list(skipped.end())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"ready\n  now\n", ["not JSON, skipped: ready", "not JSON, skipped: now"]),
        (b"no line feed", ["not JSON, skipped: no line feed"]),
        (b"{'id': 1}\n", [DICT + "{'id': 1}"]),
        (b"\xef\xbb\xbf[{'id': 1}]\n", [DICT + "[{'id': 1}]"]),
        (b"it is {'id': 1}\n", ["not JSON, skipped: it is {'id': 1}"]),
        (b"\x1b[1;31mhot\x1b[0m\n", ["not JSON, skipped: \x1b[1;31mhot\x1b[0m"]),
        # what stands between documents, or around one
        (b"\n \n,\n\xef\xbb\xbf\n", []),
        (b"\x1b[32m\x1b[0m\n\x1b[?25l,\x1b[2J\x1b[ q\n", []),
    ],
)
def test_text_is_told_line_by_line(text, expected):
    for chunks in all_splits(text):
        assert told(*chunks) == expected


def test_a_value_on_a_line_of_its_own_is_told_with_what_makes_it_no_document():
    assert told((b"[21, 22]", UNMEANT), b"\n") == [REASON + "[21, 22]"]
    assert told(b"x\n \xef\xbb\xbf", (b"[1]", UNMEANT)) == ["not JSON, skipped: x", REASON + "[1]"]
    assert told((b"[1]", UNMEANT), (b"[\n  2\n]", UNMEANT)) == [REASON + "[1]", REASON + "[ 2 ]"]


def test_a_value_in_a_line_of_text_is_part_of_it():
    assert told(b"temps ", (b"[21]", UNMEANT), b" C\n") == ["not JSON, skipped: temps [21] C"]
    assert told((b"[21,,]", NO_JSON), b" x\n") == ["not JSON, skipped: [21,,] x"]
    assert told((b"[21,,]", NO_JSON), b" x ", (b"[21]", UNMEANT)) == [
        "not JSON, skipped: [21,,] x [21]"
    ]


def test_empty_brackets_are_text_unless_they_begin_their_line():
    skipped = Skipped()
    for text, within in ((b"", False), (b"found ", True), (b"\n", False), (b" \t", False)):
        list(skipped.text(text, 0.0))
        assert skipped.is_within_line is within
        assert skipped.has(b"[ ]") is within
        assert skipped.has(b"{}") is within
        assert not skipped.has(b"[1]")


def test_values_are_told_within_the_bounds_of_lines():
    long = told((b"[" + b"1," * 5000 + b"1]", UNMEANT))
    many = told(*[(b"[%d]" % i, UNMEANT) for i in range(MAX_LINES + 5)])

    shown = "1," * (MAX_SHOWN // 2 - 1)
    assert long == [f"{REASON}[{shown}1 ... ({10_003 - MAX_SHOWN} bytes left out)"]
    just = b"[" + b"1" * (MAX_SHOWN - 2) + b"]"
    assert told((just, UNMEANT)) == [REASON + just.decode()]
    assert len(many) == MAX_LINES + 1
    assert many[-1] == "no document, skipped (5 more lines, not shown)"
