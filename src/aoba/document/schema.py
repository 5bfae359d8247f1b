"""The schema of a document, as types: what exists as a `Document` obeys every rule.

The types say what each field accepts, `__post_init__` what fields must be together. msgspec raises
a ValueError from there as a ValidationError that carries the path.
"""

import sys
from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from aoba.modbus.spec import ADDRESS_COUNT, MAX_UNIT_ID, MIN_UNIT_ID, Table
from aoba.spans import Span

MIN_INTERVAL_MS = 10
MAX_INTERVAL_MS = 86_400_000
MAX_RANGES = 65_536
"""Ranges of one document. It applies between two requests, so these wait for all of them."""

Address = Annotated[
    int,
    Meta(ge=0, le=ADDRESS_COUNT - 1, description="First address, zero-based, as on the wire."),
]
Length = Annotated[
    int,
    Meta(
        ge=1,
        le=ADDRESS_COUNT,
        description="Number of addresses; may be left out where initial_values is given.",
    ),
]
Register = Annotated[int, Meta(ge=0, le=0xFFFF)]
Bit = bool | int


class Range(Struct, frozen=True, forbid_unknown_fields=True):
    """Consecutive addresses of one table."""

    address_start: Address
    length: Length | UnsetType = UNSET

    @property
    def values(self) -> list[Any]:
        raise NotImplementedError

    def cells(self) -> bytes:
        """The values in the form of `aoba.modbus.pdu`; shorter than the range where fewer came."""
        raise NotImplementedError

    @property
    def span(self) -> Span:
        length = len(self.values) if self.length is UNSET else self.length
        return Span(self.address_start, self.address_start + length)

    def __post_init__(self) -> None:
        count = len(self.values)
        if self.length is UNSET and not count:
            raise ValueError("`length` is missing, and there are no `initial_values` to count")
        start, stop = self.span
        if stop > ADDRESS_COUNT:
            raise ValueError(
                f"address_start + length: expected at most {ADDRESS_COUNT}, "
                f"got {start} + {stop - start}"
            )
        if count > stop - start:
            raise ValueError(f"initial_values: expected at most {stop - start}, got {count}")


class RegisterRange(Range, frozen=True, forbid_unknown_fields=True):
    """A range of 16-bit registers."""

    initial_values: (
        Annotated[list[Register], Meta(description="Values from address_start on.")] | UnsetType
    ) = UNSET

    @property
    def values(self) -> list[int]:
        return [] if self.initial_values is UNSET else self.initial_values

    def cells(self) -> bytes:
        words = array("H", self.values)
        if sys.byteorder == "little":
            words.byteswap()
        return words.tobytes()


class BitRange(Range, frozen=True, forbid_unknown_fields=True):
    """A range of bits."""

    initial_values: (
        Annotated[
            list[Bit],
            Meta(description="true or any integer but 0 sets the bit, false or 0 clears it."),
        ]
        | UnsetType
    ) = UNSET

    @property
    def values(self) -> list[Bit]:
        return [] if self.initial_values is UNSET else self.initial_values

    def cells(self) -> bytes:
        return bytes(map(bool, self.values))


Ranges = list[BitRange] | list[RegisterRange]


class RegisterMap(Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of a station."""

    coils: list[BitRange] | UnsetType = UNSET
    discrete_inputs: list[BitRange] | UnsetType = UNSET
    holding: list[RegisterRange] | UnsetType = UNSET
    input: list[RegisterRange] | UnsetType = UNSET

    def tables(self) -> Iterator[tuple[Table, Ranges]]:
        """The tables that the document gives, with their ranges."""
        tables = (self.coils, self.discrete_inputs, self.holding, self.input)
        for table, ranges in zip(Table, tables, strict=True):
            if ranges is not UNSET:
                yield table, ranges


class Station(Struct, frozen=True, forbid_unknown_fields=True):
    """One Modbus unit."""

    id: Annotated[int, Meta(ge=MIN_UNIT_ID, le=MAX_UNIT_ID, description="Unit id.")]
    mode: Annotated[
        Literal["master", "slave"],
        Meta(
            description=(
                "master: every document's values replace what is there. slave: coils and holding "
                "take initial_values once and belong to the bus from then on."
            )
        ),
    ]
    map: RegisterMap


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """Stations with their ranges and values, emitted by a script as one JSON value."""

    stations: list[Station]
    reboot_interval: (
        Annotated[
            int,
            Meta(
                ge=MIN_INTERVAL_MS,
                le=MAX_INTERVAL_MS,
                description="Milliseconds from one start of the script to the next.",
            ),
        ]
        | UnsetType
    ) = UNSET

    def __post_init__(self) -> None:
        count = sum(len(ranges) for s in self.stations for _, ranges in s.map.tables())
        if count > MAX_RANGES:
            raise ValueError(f"stations: expected at most {MAX_RANGES} ranges in all, got {count}")
        first_with: dict[int, int] = {}
        for i, station in enumerate(self.stations):
            if first_with.setdefault(station.id, i) != i:
                raise ValueError(
                    f"stations[{i}].id: {station.id} is already the id of "
                    f"stations[{first_with[station.id]}]"
                )
            for table, ranges in station.map.tables():
                _check_overlaps(f"stations[{i}].map.{table.label}", ranges)


def _check_overlaps(path: str, ranges: Ranges) -> None:
    spans = sorted((item.span, index) for index, item in enumerate(ranges))
    for (before, i), (after, j) in pairwise(spans):
        if after.start < before.stop:
            raise ValueError(f"{path}[{j}]: addresses {after} overlap {path}[{i}], {before}")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what a script may print: a document, or its bare stations."""
    (document, stations), definitions = msgspec.json.schema_components(
        (Document, list[Station]), ref_template="#/$defs/{name}"
    )
    either_given = [{"required": ["length"]}, {"required": ["initial_values"]}]
    for name in ("BitRange", "RegisterRange"):
        definitions[name]["anyOf"] = either_given
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aoba document",
        "anyOf": [document, stations],
        "$defs": definitions,
    }
