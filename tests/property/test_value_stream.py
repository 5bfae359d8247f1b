"""A script's stdout in any split: every value comes out, whatever stands between."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aoba.document.stream import Cut, Text, Value, ValueStream
from builders import cut

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(['"', "\\", "]", "}", "[{", '\\"', "\u20ac", "\n["])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
documents = st.lists(json_values, max_size=4) | st.dictionaries(st.text(), json_values, max_size=4)
layouts = st.sampled_from(
    [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": "\t"}]
)


@st.composite
def printed(draw):
    """The bytes of a document, as Python prints it."""
    text = json.dumps(draw(documents), **draw(layouts))
    return text.encode(errors="replace")


texts = st.text(st.characters(exclude_characters="[]{}\x1b"), max_size=20).map(
    lambda text: text.encode(errors="replace")
) | st.binary(max_size=20).map(lambda data: bytes(b for b in data if b not in b"[]{}\x1b"))

places = st.lists(st.integers(0, 100_000), max_size=20)
log_lines = st.sampled_from(
    [b"[INFO] ready\n", b"{'a': 1}\n", b"[2024-01-01 x]\n", b"[<x>]\n", b"[x\n", b"{x\n  y\n"]
)


def stream(chunks):
    values = ValueStream()
    found = [piece for chunk in chunks for piece in values.feed(chunk)]
    return found + list(values.end())


def joined(found):
    """`found` as (kind, bytes or size), with adjacent text in one."""
    result = []
    for piece in found:
        match piece:
            case Value(raw):
                result.append(("value", bytes(raw)))
            case Cut():
                result.append(("cut", piece))
            case Text(data) if result and result[-1][0] == "text":
                result[-1] = ("text", result[-1][1] + data)
            case Text(data):
                result.append(("text", data))
    return result


@given(st.lists(st.tuples(texts, printed()), max_size=5), texts, places)
def test_text_and_values_come_out_as_they_went_in(parts, rest, places):
    data = b"".join(text + value for text, value in parts) + rest
    expected = []
    for text, value in parts:
        expected += [Text(text)] if text else []
        expected.append(Value(bytearray(value)))
    expected += [Text(rest)] if rest else []

    assert joined(stream(cut(data, places))) == joined(expected)


@given(st.lists(st.tuples(log_lines, printed()), min_size=1, max_size=5), places)
def test_lines_of_a_log_hide_no_value(parts, places):
    data = b"".join(line + value + b"\n" for line, value in parts)
    found = stream(cut(data, places))

    assert [bytes(p.raw) for p in found if isinstance(p, Value)] == [value for _, value in parts]
    assert not any(isinstance(piece, Cut) for piece in found)


@given(st.text(), printed(), places)
def test_a_string_broken_off_does_not_swallow_the_next_line(text, value, places):
    half = b"[" + json.dumps(text)[:-1].encode() + b"\n"

    assert joined(stream(cut(half + value, places))) == [("text", half), ("value", value)]


near_json = st.text("[]{}\"\\:,1-eE. \n'truefalsnNaIity", max_size=60).map(str.encode)


@given(near_json, places)
def test_any_split_gives_the_same(data, places):
    assert joined(stream(cut(data, places))) == joined(stream([data]))


@given(near_json | st.binary(max_size=60), places)
def test_no_byte_is_lost_or_comes_twice(data, places):
    size = 0
    for piece in stream(cut(data, places)):
        match piece:
            case Value(raw):
                assert data[size : size + len(raw)] == raw
                size += len(raw)
            case Text(text):
                assert data[size : size + len(text)] == text
                size += len(text)
            case Cut(cut_size):
                size += cut_size

    assert size == len(data)


@given(near_json, places, st.integers(2, 30))
def test_no_value_is_longer_than_allowed(data, places, limit):
    values = ValueStream(max_value=limit)
    for chunk in cut(data, places):
        for piece in values.feed(chunk):
            assert not isinstance(piece, Value) or len(piece.raw) <= limit
        assert len(values._buffer) <= limit
