"""A line that is a whole document takes effect, whatever stands before it and behind it.

The model is naive: it looks at each line by itself.
"""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from aoba.document.decode import decode
from aoba.document.stream import Value, ValueStream
from aoba.errors import DocumentError
from builders import a_range, a_station, cut, raw, stations

# Pieces of JSON, and of what looks like it, that make a line of garbage.
PIECES = [
    *(bytes([byte]) for byte in b"[]{}\"':,\\ \t1-.ex\xff\x00\x1b\r"),
    *(b'"a"', b'"a":', b'{"a":', b'{"a": 1,', b'{"a": [', b'"x\\"', b'"id": 1', b'"map":'),
    *(b"[1,", b"[{", b"{}", b"true", b"tru", b"NaN", b"\x1b[31m", b"\xef\xbb\xbf"),
    *(b"[INFO]", b"a=[", b"reading { 5"),
    *(b'{"id": 1, "mode": "master", "map": {}}', b'[{"id": 1, "mode": "master", "map": {}}'),
]
OF_STATIONS = [
    b'"stations":',
    b'{"stations":',
    b'{"stations": [',
    b"[]",
    b'{"reboot_interval": 500,',
]


def document(number):
    """A station, which tells the document it is in from all others."""
    return a_station(1 + number, holding=[a_range(number, [number])])


printed_lines = st.builds(
    lambda number, bare, indent, end: (
        indent + raw([document(number)] if bare else stations(document(number))) + end
    ),
    st.integers(0, 200),
    st.booleans(),
    st.sampled_from([b"", b"  ", b"\t"]),
    st.sampled_from([b"", b" ", b"\r"]),
)
garbage = st.lists(st.sampled_from(PIECES), max_size=6).map(b"".join)
halves = st.tuples(printed_lines, st.integers(1, 60)).map(lambda it: it[0][: it[1]])
lines = printed_lines | garbage | halves
places = st.lists(st.integers(0, 100_000), max_size=8)


def values(chunks):
    stream = ValueStream()
    found = [piece for chunk in chunks for piece in stream.feed(chunk)] + list(stream.end())
    return [bytes(piece.raw) for piece in found if isinstance(piece, Value)]


def whole_lines(data):
    """The lines that are documents by themselves."""
    return [line for line in map(bytes.strip, data.split(b"\n")) if line and _is_document(line)]


def _is_document(line):
    try:
        decode(line)
    except DocumentError:
        return False
    return True


def is_in_order(wanted, found, *, within=False):
    """Whether `found` has all that is wanted, one after the other, and more between."""
    rest = iter(found)
    return all(any(line in value if within else line == value for value in rest) for line in wanted)


@given(st.lists(lines, max_size=8), st.sampled_from([b"", b"\n"]), places)
def test_each_whole_line_takes_effect_in_order(parts, end, places):
    data = b"\n".join(parts) + end

    assert is_in_order(whole_lines(data), values(cut(data, places)))


@given(st.lists(lines | st.sampled_from(OF_STATIONS), max_size=8), places)
def test_a_whole_line_may_be_the_stations_of_a_document_that_is_whole(parts, places):
    data = b"\n".join(parts)
    wanted = [line for line in whole_lines(data) if line != b"[]"]

    assert is_in_order(wanted, values(cut(data, places)), within=True)


@given(st.lists(garbage | halves, max_size=3), st.integers(0, 200), st.sampled_from([1, "\t"]))
def test_garbage_hides_no_document_of_many_lines(before, number, indent):
    pretty = json.dumps(stations(document(number)), indent=indent).encode()

    assert values([b"\n".join([*before, pretty])])[-1] == pretty


def test_no_line_of_garbage_out_of_20_000_hides_the_document_behind_it():
    rng = random.Random(11)
    documents = [raw([document(0)]), raw(stations(document(1)))]
    for _ in range(20_000):
        line = b"".join(rng.choices(PIECES + OF_STATIONS, k=rng.randrange(1, 9))) + b"\n"
        wanted = rng.choice(documents)

        assert wanted in values([line + wanted]), line
