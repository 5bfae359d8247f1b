"""The JSON Schema of what a script may print, out of the types and the table of data types.

msgspec knows what each field accepts. What fields must be together is added here: the limits of
`initial_values` by `data_type`, as far as JSON Schema can say them.
"""

from typing import Any

import msgspec

from aoba.document.schema import Document, Station
from aoba.document.values import TYPES
from aoba.modbus.spec import MAX_FIFO

_EITHER_GIVEN = [{"required": ["length"]}, {"required": ["initial_values"]}]
_SCALED = {"anyOf": [{"required": ["scale"]}, {"required": ["offset"]}]}
_FIFO = {"properties": {"fifo": {"const": True}}, "required": ["fifo"]}
_QUEUE = {
    "not": {"required": ["length"]},
    "properties": {"initial_values": {"maxItems": MAX_FIFO, "maxLength": 2 * MAX_FIFO}},
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document, or of its bare stations."""
    (document, stations), definitions = msgspec.json.schema_components(
        (Document, list[Station]), ref_template="#/$defs/{name}"
    )
    for name in ("BitRange", "RegisterRange"):
        definitions[name]["anyOf"] = _EITHER_GIVEN
    definitions["HoldingRange"] |= {"if": _FIFO, "then": _QUEUE, "else": {"anyOf": _EITHER_GIVEN}}
    for name in ("RegisterRange", "HoldingRange"):
        registers = definitions[name]
        registers["properties"]["scale"]["not"] = {"const": 0}
        registers["allOf"] = [{"if": _is(name), "then": _of_type(name)} for name in TYPES]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aoba document",
        "anyOf": [document, stations],
        "$defs": definitions,
    }


def _is(data_type: str) -> dict[str, Any]:
    condition: dict[str, Any] = {"properties": {"data_type": {"const": data_type}}}
    # Without "required" it holds too where no data_type is given.
    return condition if data_type == "uint16" else condition | {"required": ["data_type"]}


def _of_type(data_type: str) -> dict[str, Any]:
    """What a range of `data_type` must be besides."""
    kind = TYPES[data_type]
    if data_type == "string":
        text = {"type": "string"}
        one = {"type": "array", "items": text, "maxItems": 1}
        return {"not": _SCALED, "properties": {"initial_values": {"anyOf": [text, one]}}}
    base = "integer" if isinstance(kind.low, int) else "number"
    return {
        "properties": {"length": {"multipleOf": kind.registers}},
        "if": _SCALED,
        "then": _values({"type": "number"}),
        "else": _values({"type": base, "minimum": kind.low, "maximum": kind.high}),
    }


def _values(items: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"initial_values": {"type": "array", "items": items}}}
