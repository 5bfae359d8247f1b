"""The schema of a document, as types: what exists as a `Document` obeys every rule.

The types say what each field accepts, `__post_init__` what fields must be together. msgspec raises
a ValueError from there as a ValidationError that carries the path.
"""

import struct
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from aoba.bus import BUS_PATTERN, BUS_WORDS, MAIN
from aoba.document.ranges import BitRange, HoldingRange, Range, Ranges, RegisterRange
from aoba.identity import NAME_PATTERN, NAME_WORDS, TEXT_PATTERN, TEXT_WORDS, objects_of
from aoba.modbus.spec import MAX_OBJECT, MAX_UNIT_ID, MIN_UNIT_ID, RECORD_COUNT, Table

MIN_INTERVAL_MS = 10
MAX_INTERVAL_MS = 86_400_000
MAX_RANGES = 65_536
"""Ranges and files of one document. It applies between two requests, so these wait for it."""


FileNumber = Annotated[
    str,
    Meta(
        pattern=(
            r"^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$(?!\n)"
        ),
        extra={"words": "a file number, 1 to 65535"},
    ),
]
Record = Annotated[int, Meta(ge=0, le=0xFFFF)]
ObjectName = Annotated[str, Meta(pattern=NAME_PATTERN, extra={"words": NAME_WORDS})]
ObjectText = Annotated[
    str, Meta(pattern=TEXT_PATTERN, max_length=MAX_OBJECT, extra={"words": TEXT_WORDS})
]
Identity = Annotated[
    dict[ObjectName, ObjectText],
    Meta(description="Identification objects, read by function 43/14."),
]


BusName = Annotated[
    str,
    Meta(
        pattern=BUS_PATTERN,
        description="The bus on which the unit id is; main, unless given.",
        extra={"words": BUS_WORDS},
    ),
]


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """A file, read and written by functions 20 and 21."""

    records: Annotated[
        list[Record],
        Meta(max_length=RECORD_COUNT, description="16-bit values from record 0 on."),
    ]

    def cells(self) -> bytes:
        return struct.pack(f">{len(self.records)}H", *self.records)


class RegisterMap(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """The tables of a station."""

    coils: list[BitRange] | UnsetType = UNSET
    discrete_inputs: list[BitRange] | UnsetType = UNSET
    holding: list[HoldingRange] | UnsetType = UNSET
    input: list[RegisterRange] | UnsetType = UNSET

    def tables(self) -> list[tuple[Table, Ranges]]:
        """The tables that the document gives, with their ranges; without FIFO queues."""
        return self.__dict__["_tables"]  # type: ignore[no-any-return]

    def fifos(self) -> list[HoldingRange]:
        return self.__dict__["_fifos"]  # type: ignore[no-any-return]

    def __post_init__(self) -> None:
        # In few steps: a script may print a document a hundred times a second.
        tables: list[tuple[Table, Ranges]] = []
        fifos: list[HoldingRange] = []
        if self.coils is not UNSET:
            tables.append((Table.COILS, self.coils))
        if self.discrete_inputs is not UNSET:
            tables.append((Table.DISCRETE_INPUTS, self.discrete_inputs))
        if (holding := self.holding) is not UNSET:
            fifos = [item for item in holding if item.fifo is True]
            if fifos:
                holding = [item for item in holding if item.fifo is not True]
            tables.append((Table.HOLDING, holding))
        if self.input is not UNSET:
            tables.append((Table.INPUT, self.input))
        self.__dict__["_tables"], self.__dict__["_fifos"] = tables, fifos

    def place(self, item: Range) -> str:
        """Where a range of this map stands in its station, as `map.holding[1]`."""
        for table in Table:
            ranges = getattr(self, table.label)
            for index, other in enumerate(ranges or ()):
                if other is item:
                    return f"map.{table.label}[{index}]"
        raise ValueError(item)


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
    files: (
        Annotated[dict[FileNumber, File], Meta(description="Files by their numbers, 1 to 65535.")]
        | UnsetType
    ) = UNSET
    identity: Identity | UnsetType = UNSET
    bus: BusName | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.identity is not UNSET:
            _check_identity(self.identity)

    @property
    def has_files_and_identity(self) -> bool:
        """Whether there are files, queues or identification objects."""
        return not (self.files is UNSET and self.identity is UNSET and not self.map.fifos())

    def own_identity(self) -> dict[int, bytes]:
        return {} if self.identity is UNSET else objects_of(self.identity)


class Document(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
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
    identity: Identity | UnsetType = UNSET

    def identity_of(self, station: Station) -> dict[int, bytes]:
        """The objects for a station of this document; its own before those of the document."""
        shared = {} if self.identity is UNSET else objects_of(self.identity)
        return shared | station.own_identity()

    @property
    def has_buses(self) -> bool:
        """Whether a station names its bus."""
        return self.__dict__["_has_buses"]  # type: ignore[no-any-return]

    @property
    def has_files_and_identity(self) -> bool:
        """Whether there is anything besides ranges: files, queues or identification objects."""
        return self.__dict__["_has_files_and_identity"]  # type: ignore[no-any-return]

    def __post_init__(self) -> None:
        has_more = self.identity is not UNSET
        if self.identity is not UNSET:
            _check_identity(self.identity)
        has_buses, count = False, 0
        for station in self.stations:
            has_buses = has_buses or station.bus is not UNSET
            for _, ranges in station.map.tables():
                count += len(ranges)
            if station.has_files_and_identity:
                has_more = True
                count += _count_more(station)
        if count > MAX_RANGES:
            raise ValueError(f"stations: expected at most {MAX_RANGES} ranges in all, got {count}")
        if count > 1 or len(self.stations) > 1:
            _check_together(self.stations)
        self.__dict__["_has_buses"] = has_buses
        self.__dict__["_has_files_and_identity"] = has_more


def _check_together(stations: list[Station]) -> None:
    """Whatever is fine by itself, and may not be so beside another."""
    first_with: dict[object, int] = {}
    for i, station in enumerate(stations):
        key = station.bus or MAIN, station.id
        if first_with.setdefault(key, i) != i:
            raise ValueError(
                f"stations[{i}].id: {station.id} is already the id of stations[{first_with[key]}]"
            )
        place = f"stations[{i}]."
        for _, ranges in station.map.tables():
            if len(ranges) > 1:
                _check_overlaps(place, station.map, ranges)
        _check_pointers(place, station.map)


def _count_more(station: Station) -> int:
    """How many queues and files it has."""
    return len(station.map.fifos()) + (0 if station.files is UNSET else len(station.files))


def _check_identity(identity: dict[str, str] | UnsetType) -> None:
    try:
        objects_of({} if identity is UNSET else identity)
    except ValueError as error:
        raise ValueError(f"identity: {error}") from None


def _check_overlaps(place: str, its_map: RegisterMap, ranges: Ranges) -> None:
    for one, other in pairwise(sorted(ranges, key=lambda item: item.span)):
        if other.span.start < one.span.stop:
            raise ValueError(
                f"{place}{its_map.place(other)}: addresses {other.span} overlap "
                f"{place}{its_map.place(one)}, {one.span}"
            )


def _check_pointers(place: str, its_map: RegisterMap) -> None:
    first_with: dict[int, HoldingRange] = {}
    for item in its_map.fifos():
        first = first_with.setdefault(item.address_start, item)
        if first is not item:
            raise ValueError(
                f"{place}{its_map.place(item)}: {item.address_start} is already the pointer of "
                f"{place}{its_map.place(first)}"
            )
