"""What to do about common mistakes in a document, to stand behind an error that says what is wrong.

Names that other programs use for a field, times in seconds, numbers of registers out of manuals,
fractions where integers are expected.
"""

import difflib
from collections.abc import Collection, Iterable, Iterator
from math import isfinite
from typing import Any, Final, NamedTuple

from aoba.document.schema import MIN_INTERVAL_MS, Document
from aoba.modbus.manuals import beyond_hint, manual_hint
from aoba.modbus.spec import Table

MAX_RENAMED: Final = 3
"""Names that are told of in one error."""

_MAX_NAME: Final = 40
_TABLES: Final = tuple(table.label for table in Table)
_SYNONYMS: Final = {
    "stations": ("devices", "slaves", "units", "map"),
    "reboot_interval": ("interval", "period", "cycle"),
    "id": ("unit_id", "slave_id", "station_id", "unit", "slave", "address"),
    "map": ("registers", "tables", "points", *_TABLES),
    "coils": ("coil", "co"),
    "discrete_inputs": ("discrete", "discretes", "di"),
    "holding": ("holding_registers", "hr"),
    "input": ("input_registers", "ir"),
    "address_start": ("address", "addr", "start", "start_address", "register", "first"),
    "length": ("count", "size", "quantity", "len"),
    "initial_values": ("values", "value", "initial_value", "data"),
    "data_type": ("type", "format", "dtype"),
    "scale": ("factor", "gain", "multiplier"),
    "name": ("label", "title"),
    "unit": ("units",),
}


class Renamed(NamedTuple):
    """A name that is unknown where it stands, and the field that it may be meant for."""

    path: str
    name: str
    field: str

    @property
    def hint(self) -> str:
        if self.field == "map" and self.name in _TABLES:
            return f"`{self.name}` belongs in `map`"
        if self.field == "stations" and self.name == "map":
            return "one station stands in a list, too: [{...}]"
        return f"`{self.name}`: did you mean `{self.field}`?"


def nearest(name: str, fields: Collection[str]) -> str | None:
    """The one of `fields` that `name` may be meant for."""
    if len(name) > _MAX_NAME:
        return None
    plain = name.lower().replace("-", "_")
    for field in fields:
        if plain in _SYNONYMS.get(field, ()):
            return field
    return next(iter(difflib.get_close_matches(plain, fields, n=1)), None)


def of_names(path: str, renamed: Iterable[Renamed]) -> str:
    """For an error at `path`, where names are wrong as well; empty where none is."""
    found = [it.hint for it in renamed if it.path == path]
    return f"; {' '.join(found[:MAX_RENAMED])}" if found else ""


def of_value(path: str, value: Any, *, is_whole: bool) -> str:
    """For a `value` at `path` that does not fit; with `is_whole`, no fraction would."""
    is_number = type(value) in (int, float)
    if path.endswith("reboot_interval") and (not is_number or value < MIN_INTERVAL_MS):
        return "; it is in milliseconds, 1000 are a second"
    if is_whole and type(value) is float and isfinite(value) and not value.is_integer():
        return '; fractions need a `data_type` like "float32", or a `scale`'
    is_address = path.endswith(".address_start") and type(value) is int
    return beyond_hint(value) if is_address else ""


def of_addresses(document: Document) -> Iterator[str]:
    """For a document without errors whose addresses look as if they were out of a manual.

    Those of a table do when none is lower than what a manual calls the first.
    """
    for index, station in enumerate(document.stations):
        for table, ranges in station.map.tables():
            first = min((item.span.start for item in ranges), default=0)
            if hint := manual_hint(table, first):
                yield f"stations[{index}].map.{table.label}: {first}{hint}"
