"""Whatever a script prints, `decode` gives a document or an error about the document."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aoba.document.decode import decode
from aoba.document.stream import Value, ValueStream
from aoba.errors import DocumentError
from aoba.registers.image import Image
from builders import a_range, a_station

NAMES = ["stations", "reboot_interval", "id", "mode", "map", "coils", "input", "address_start",
         "length", "initial_values", "lenght", "files", "identity", "records",
         "fifo"]  # fmt: skip

odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "master", 10**200, [], {}])
)
near = st.recursive(
    odd,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4)
    ),
    max_leaves=15,
)
ranges = st.builds(a_range, odd | st.integers(0, 9), odd | st.lists(odd, max_size=3))
tables = st.dictionaries(st.sampled_from(NAMES[5:7]), st.lists(ranges, max_size=2), max_size=2)
keys = st.sampled_from(["4", "65536", "0", "vendor_name", "0x80", "0x8a", "0x8A", ""]) | st.text()
texts = st.sampled_from(["ACME", "x" * 245, "ü", "a\n"]) | odd
records = odd | st.lists(st.integers(0, 70_000) | odd, max_size=3)
files = odd | st.dictionaries(keys, odd | st.fixed_dictionaries({"records": records}), max_size=2)
fifos = st.builds(
    lambda start, values, fifo: a_range(start, values, fifo=fifo),
    odd | st.integers(0, 9),
    odd | st.lists(odd | st.just(5), max_size=40),
    odd | st.just(True),
)
numbered = st.fixed_dictionaries(
    {},
    optional={
        "files": files,
        "identity": odd | st.dictionaries(keys, texts, max_size=3),
        "map": st.fixed_dictionaries({"holding": st.lists(fifos, max_size=2)}),
    },
)
a_document = st.builds(
    lambda unit, mode, tables, more: [{**a_station(unit, mode, **tables), **more}],
    odd | st.integers(1, 9),
    odd | st.just("slave"),
    tables,
    numbered | st.just({}),
)


def outcome(data):
    try:
        return decode(data)
    except DocumentError as error:
        return str(error)


@given(near | a_document, st.booleans())
def test_any_json_is_a_document_or_an_error_in_one_line(value, bare):
    data = json.dumps(value if bare else {"stations": value}).encode()
    if not data.startswith((b"{", b"[")):
        return
    result = outcome(data)

    if isinstance(result, str):
        assert result
        assert result.isprintable()
    else:
        assert all(1 <= station.id <= 247 for station in result.document.stations)


@given(st.text('[]{}":,0123456789.eE-+ntfaulrsN\\ u', max_size=40).map(str.encode))
def test_whatever_the_stream_lets_through_is_decoded_or_refused(data):
    for piece in ValueStream().feed(data):
        if isinstance(piece, Value):
            assert outcome(piece.raw)


documents = st.lists(
    st.builds(
        a_station,
        st.integers(1, 247),
        st.sampled_from(["master", "slave"]),
        holding=st.lists(
            st.builds(a_range, st.just(7), st.lists(st.integers(0, 65535), min_size=1)), max_size=1
        ),
    ),
    max_size=3,
    unique_by=lambda station: station["id"],
)


@given(documents)
def test_what_breaks_no_rule_is_taken_as_it_is(some):
    document, unknown = decode(json.dumps({"stations": some}).encode())

    assert unknown == []
    assert [(s.id, s.mode) for s in document.stations] == [(s["id"], s["mode"]) for s in some]
    for station, given_station in zip(document.stations, some, strict=True):
        for item, given_range in zip(
            station.map.holding, given_station["map"]["holding"], strict=True
        ):
            assert item.values == given_range["initial_values"]


@given(st.lists(numbered, max_size=2), st.none() | st.dictionaries(keys, texts, max_size=2))
def test_whatever_stands_in_files_queues_and_identity(parts, identity):
    some = [{**a_station(i), **part} for i, part in enumerate(parts, 1)]
    value = {"stations": some} | ({} if identity is None else {"identity": identity})
    result = outcome(json.dumps(value).encode())

    if isinstance(result, str):
        assert result.isprintable()
    else:
        image = Image()
        image.apply("a", result.document)
        assert set(image.stations) == set(range(1, 1 + len(parts)))
