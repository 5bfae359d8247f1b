"""The schema of a document, as types: what exists as a `Document` obeys every rule.

The types say what each field accepts, `__post_init__` what fields must be together. msgspec raises
a ValueError from there as a ValidationError that carries the path.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from aoba.document.ranges import BitRange, Ranges, RegisterRange
from aoba.modbus.spec import MAX_UNIT_ID, MIN_UNIT_ID, Table

MIN_INTERVAL_MS = 10
MAX_INTERVAL_MS = 86_400_000
MAX_RANGES = 65_536
"""Ranges of one document. It applies between two requests, so these wait for all of them."""

_TABLES = tuple(Table)


class RegisterMap(Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of a station."""

    coils: list[BitRange] | UnsetType = UNSET
    discrete_inputs: list[BitRange] | UnsetType = UNSET
    holding: list[RegisterRange] | UnsetType = UNSET
    input: list[RegisterRange] | UnsetType = UNSET

    def tables(self) -> Iterator[tuple[Table, Ranges]]:
        """The tables that the document gives, with their ranges."""
        tables = (self.coils, self.discrete_inputs, self.holding, self.input)
        for table, ranges in zip(_TABLES, tables, strict=True):
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
    if len(ranges) == 1:
        return
    spans = sorted((item.span, index) for index, item in enumerate(ranges))
    for (before, i), (after, j) in pairwise(spans):
        if after.start < before.stop:
            raise ValueError(f"{path}[{j}]: addresses {after} overlap {path}[{i}], {before}")
