import jsonschema
import msgspec
import pytest

from aoba.document.decode import decode
from aoba.document.json_schema import json_schema
from aoba.document.values import TYPES
from aoba.errors import DocumentError
from aoba.modbus.spec import Table
from builders import one_range, raw


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
        ("HoldingRange", "length", 1, 65536),
        ("BitRange", "length", 1, 65536),
    ],
)
def test_schema_has_the_limits(schema, definition, field, least, most):
    found = schema["$defs"][definition]["properties"][field]

    assert (found["type"], found["minimum"], found["maximum"]) == ("integer", least, most)


def test_schema_knows_no_other_fields(schema):
    assert len(schema["$defs"]) == 7
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


def both(schema, value):
    """Whether the JSON Schema takes `value`, and whether it is decoded."""
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    try:
        decode(raw(value))
    except DocumentError:
        return validator.is_valid(value), False
    return validator.is_valid(value), True


def limits():
    for name, kind in TYPES.items():
        for limit, beyond in ((kind.low, -1), (kind.high, 1)):
            if name != "string":
                further = limit + beyond if isinstance(limit, int) else limit * 2
                yield pytest.param(name, limit, further, id=f"{name}{limit:+g}")


@pytest.mark.parametrize(("data_type", "limit", "further"), [*limits()])
def test_schema_has_the_limits_of_every_type(schema, data_type, limit, further):
    inside = one_range("holding", 0, [limit], data_type=data_type)
    outside = one_range("holding", 0, [further], data_type=data_type)

    assert both(schema, inside) == (True, True)
    if data_type != "float64":  # twice its limit is no JSON
        assert both(schema, outside) == (False, False)


@pytest.mark.parametrize(
    ("values", "more", "is_right"),
    [
        ([65535], {}, True),
        ([65536], {}, False),
        ([0.5], {}, False),
        ("AB", {}, False),
        (["AB"], {}, False),
        ([0.5], {"scale": 0.5}, True),
        ([0.5], {"offset": 1.5, "data_type": "int32"}, True),
        (["x"], {"scale": 0.5}, False),
        ([1], {"scale": 0}, False),
        ([1, 0.5], {"data_type": "float32"}, True),
        ([None], {"data_type": "float32"}, False),
        ([1], {"data_type": "uint32", "length": 3}, False),
        ([1], {"data_type": "uint32", "length": 4}, True),
        ([1], {"data_type": "uint32", "length": 3, "scale": 2}, False),
        ("AB", {"data_type": "string"}, True),
        (["AB"], {"data_type": "string"}, True),
        (["AB", "C"], {"data_type": "string"}, False),
        ([1], {"data_type": "string"}, False),
        ("AB", {"data_type": "string", "scale": 1}, False),
        ([1], {"data_type": "uint8"}, False),
        ([1], {"word_order": "middle"}, False),
        ([1], {"name": "level", "unit": "mm"}, True),
        ([1], {"name": 1}, False),
    ],
)
def test_schema_says_the_same_as_the_decoder(schema, values, more, is_right):
    assert both(schema, one_range("input", 0, values, **more)) == (is_right, is_right)


def test_bits_have_a_name_and_no_type(schema):
    assert both(schema, one_range("coils", 0, [1], name="pump")) == (True, True)
    assert "data_type" not in schema["$defs"]["BitRange"]["properties"]
