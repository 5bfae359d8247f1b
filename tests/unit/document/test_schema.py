import msgspec
import pytest
from msgspec import UNSET

from aoba.document.schema import (
    BitRange,
    Document,
    RegisterMap,
    RegisterRange,
    Station,
    json_schema,
)
from aoba.modbus.spec import Table
from aoba.spans import Span

BOTH = pytest.mark.parametrize("range_type", [BitRange, RegisterRange])


@BOTH
@pytest.mark.parametrize(
    ("start", "length", "values", "span"),
    [
        (0, 1, UNSET, (0, 1)),
        (5, 3, [1, 1], (5, 8)),
        (5, UNSET, [1, 1], (5, 7)),
        (65535, 1, [1], (65535, 65536)),
        (0, 65536, UNSET, (0, 65536)),
        (7, 2, [], (7, 9)),
    ],
)
def test_span_of_a_range(range_type, start, length, values, span):
    assert range_type(start, length, values).span == span


@BOTH
@pytest.mark.parametrize(
    ("start", "length", "values", "reason"),
    [
        (0, UNSET, UNSET, "`length` is missing, and there are no `initial_values` to count"),
        (0, UNSET, [], "`length` is missing, and there are no `initial_values` to count"),
        (1, 65536, UNSET, "address_start + length: expected at most 65536, got 1 + 65536"),
        (65535, 2, UNSET, "address_start + length: expected at most 65536, got 65535 + 2"),
        (65535, UNSET, [1, 1], "address_start + length: expected at most 65536, got 65535 + 2"),
        (0, 2, [1, 1, 1], "initial_values: expected at most 2, got 3"),
    ],
)
def test_a_range_that_cannot_be_is_not_built(range_type, start, length, values, reason):
    with pytest.raises(ValueError, match=r"expected|missing") as caught:
        range_type(start, length, values)

    assert str(caught.value) == reason


def test_cells_of_registers_are_big_endian():
    assert RegisterRange(0, UNSET, [0, 1, 0x1234, 65535]).cells() == (
        b"\x00\x00"  # 0
        b"\x00\x01"  # 1
        b"\x12\x34"  # 0x1234
        b"\xff\xff"  # 65535
    )


def test_cells_of_bits_are_0_or_1_whatever_the_number():
    values = [False, True, 0, 1, 2, -1, 256, 2**64, 10**90]

    assert BitRange(0, UNSET, values).cells() == b"\x00\x01\x00\x01\x01\x01\x01\x01\x01"


@BOTH
def test_cells_are_as_many_as_values_came(range_type):
    assert range_type(0, 5).cells() == b""
    assert len(range_type(0, 5, [1, 1]).cells()) in (2, 4)


def test_tables_are_those_given():
    bits, registers = [BitRange(0, 1)], [RegisterRange(0, 1)]

    assert list(RegisterMap().tables()) == []
    assert list(RegisterMap(holding=registers, discrete_inputs=bits, coils=[]).tables()) == [
        (Table.COILS, []),
        (Table.DISCRETE_INPUTS, bits),
        (Table.HOLDING, registers),
    ]
    assert list(RegisterMap(input=registers).tables()) == [(Table.INPUT, registers)]


def document(**tables):
    return Document([Station(1, "master", RegisterMap(**tables))])


@pytest.mark.parametrize(
    ("spans", "overlap"),
    [
        ([(0, 5), (4, 1)], "{}[1]: addresses 4 overlap {}[0], 0..4"),
        ([(4, 2), (0, 5)], "{}[0]: addresses 4..5 overlap {}[1], 0..4"),
        ([(3, 1), (9, 1), (3, 1)], "{}[2]: addresses 3 overlap {}[0], 3"),
        ([(0, 65536), (65535, 1)], "{}[1]: addresses 65535 overlap {}[0], 0..65535"),
    ],
)
def test_ranges_that_overlap_are_named_both(spans, overlap):
    with pytest.raises(ValueError, match="overlap") as caught:
        document(input=[RegisterRange(start, length) for start, length in spans])

    path = "stations[0].map.input"
    assert str(caught.value) == overlap.format(path, path)


def test_adjacent_ranges_and_other_tables_do_not_overlap():
    registers = [RegisterRange(5, 5), RegisterRange(0, 5), RegisterRange(10, 5)]

    built = document(input=registers, holding=registers, coils=[BitRange(0, 15)])

    assert [len(ranges) for _, ranges in built.stations[0].map.tables()] == [1, 3, 3]
    assert built.stations[0].map.holding[0].span == Span(5, 10)


def test_a_station_id_stands_once():
    some = [Station(unit, "slave", RegisterMap()) for unit in (3, 4, 5, 4)]

    with pytest.raises(ValueError, match="already") as caught:
        Document(some)
    assert str(caught.value) == "stations[3].id: 4 is already the id of stations[1]"


def test_all_station_ids_at_once():
    assert (
        len(Document([Station(i, "slave", RegisterMap()) for i in range(1, 248)]).stations) == 247
    )


@pytest.fixture(scope="module")
def schema():
    return json_schema()


def test_schema_takes_a_document_or_its_bare_stations(schema):
    document, bare = schema["anyOf"]

    assert document == {"$ref": "#/$defs/Document"}
    assert bare == {"type": "array", "items": {"$ref": "#/$defs/Station"}}
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("definition", "field", "least", "most"),
    [
        ("Station", "id", 1, 247),
        ("Document", "reboot_interval", 10, 86_400_000),
        ("RegisterRange", "address_start", 0, 65535),
        ("RegisterRange", "length", 1, 65536),
        ("BitRange", "length", 1, 65536),
    ],
)
def test_schema_has_the_limits(schema, definition, field, least, most):
    found = schema["$defs"][definition]["properties"][field]

    assert (found["type"], found["minimum"], found["maximum"]) == ("integer", least, most)


def test_schema_knows_no_other_fields(schema):
    assert len(schema["$defs"]) == 5
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


def test_schema_wants_length_or_values(schema):
    for name in ("BitRange", "RegisterRange"):
        either = [{"required": ["length"]}, {"required": ["initial_values"]}]
        assert schema["$defs"][name]["anyOf"] == either
        assert schema["$defs"][name]["required"] == ["address_start"]


def test_schema_has_no_dangling_reference_and_is_json(schema):
    text = msgspec.json.encode(schema).decode()

    for name in schema["$defs"]:
        text = text.replace(f'"#/$defs/{name}"', "")
    assert "#/$defs" not in text
    assert set(schema["$defs"]["RegisterMap"]["properties"]) == {table.label for table in Table}
