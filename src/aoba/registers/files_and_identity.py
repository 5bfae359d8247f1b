"""What stations have besides their tables: files, FIFO queues, identification objects.

Each belongs to the source that defines it first, as an address does. A document replaces it; but in
slave mode a file belongs to the bus once it is there, and only grows (as `holding`). A queue always
follows the script, since a client cannot change one.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import UNSET

from aoba.document.schema import Document, Station
from aoba.errors import Conflict
from aoba.identity import object_name
from aoba.registers.bank import Bank

FILE: Final = "file"
FIFO: Final = "fifo"
OBJECT: Final = "identity"


class Key(NamedTuple):
    unit: int
    kind: str
    number: int

    def __str__(self) -> str:
        number = object_name(self.number) if self.kind == OBJECT else self.number
        return f"station {self.unit} {self.kind} {number}"


class FilesAndIdentity:
    """`identity` are the objects of a station before a document gives it some."""

    def __init__(self, identity: Mapping[int, bytes]) -> None:
        self._identity = identity
        self._owners: dict[Key, str] = {}

    def check(self, source: str, document: Document) -> None:
        """Raises Conflict where something in `document` belongs to another source."""
        for i, station in enumerate(document.stations):
            for key in _keys(document, station):
                owner = self._owners.get(key, source)
                if owner != source:
                    path = _path(key, station, f"stations[{i}].")
                    raise Conflict(path, f"{key} already belongs to {owner}")

    def apply(self, source: str, document: Document, station: Station, bank: Bank) -> None:
        """Let what `station` of `document` has take effect; it has been checked."""
        by_bus = station.mode == "slave"
        for number, file in ({} if station.files is UNSET else station.files).items():
            bank.files.put(int(number), file.cells(), only_new=by_bus)
        for item in station.map.fifos():
            if item.initial_values is not UNSET or item.address_start not in bank.fifos:
                bank.fifos[item.address_start] = item.cells()
        bank.identity = {**bank.identity, **document.identity_of(station)}
        self._owners |= dict.fromkeys(_keys(document, station), source)

    def forget(self, source: str) -> None:
        """Note that `source` owns nothing any more; `copy` then leaves out what it had."""
        self._owners = {key: owner for key, owner in self._owners.items() if owner != source}

    def copy(self, old: Bank, new: Bank) -> None:
        """Give `new` what `old` had and somebody still owns."""
        kept = [key for key in self._owners if key.unit == old.unit]
        new.files.update({k.number: old.files[k.number] for k in kept if k.kind == FILE})
        new.fifos |= {k.number: old.fifos[k.number] for k in kept if k.kind == FIFO}
        objects = {k.number: old.identity[k.number] for k in kept if k.kind == OBJECT}
        new.identity = {**self._identity, **objects}


def _keys(document: Document, station: Station) -> Iterator[Key]:
    """All that `document` defines of `station`."""
    for name in () if station.files is UNSET else station.files:
        yield Key(station.id, FILE, int(name))
    for item in station.map.fifos():
        yield Key(station.id, FIFO, item.address_start)
    for number in document.identity_of(station):
        yield Key(station.id, OBJECT, number)


def _path(key: Key, station: Station, place: str) -> str:
    """Where in a document that what has `key` stands; `place` is that of its station."""
    if key.kind == FILE:
        return f"{place}files.{key.number}"
    if key.kind == FIFO:
        pointers = (item for item in station.map.fifos() if item.address_start == key.number)
        return place + station.map.place(next(pointers))
    if key.number in station.own_identity():
        return f"{place}identity.{object_name(key.number)}"
    return OBJECT
