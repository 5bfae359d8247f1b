"""What one run of a script gave, and all of it as JSON; `cli/table` shows it to a person."""

import asyncio
import json
import struct
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec import UNSET

from aoba.bus import MAIN
from aoba.document.decode import Decoded
from aoba.document.hints import of_addresses
from aoba.identity import DEFAULT_IDENTITY, object_name
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.registers.buses import Buses, BusRouter
from aoba.registers.changes import DocumentApplied
from aoba.registers.described import Described, Descriptions
from aoba.registers.image import Image
from aoba.sources.scripts.spec import DEFAULT_INTERVAL
from aoba.sources.stderr import split_level
from aoba.spans import Span


class Shown(NamedTuple):
    """A station."""

    bus: str | None
    """None: `main`."""
    unit: int
    mode: str
    bank: Bank
    described: list[tuple[Table, Described]]
    """Ranges that say something about their values."""

    @property
    def named(self) -> dict[str, str]:
        return {} if self.bus is None else {"bus": self.bus}


class Report:
    """Implements the `Listener` of a run; `say` shows a line, in a style, while it goes on.

    `has_runs` says whether the source is a script, `bus` where its stations are, if it is given.
    """

    def __init__(
        self,
        name: str,
        say: Callable[[str, str], None],
        *,
        has_runs: bool = True,
        bus: str | None = None,
    ) -> None:
        self.name = name
        self.has_runs = has_runs
        self.heard = asyncio.Event()
        """Set by the first document or the first error."""
        self.errors: list[str] = []
        self.still_running = False
        self.seconds = 0.0
        self._descriptions: dict[str, Descriptions] = {}
        self._modes: dict[tuple[str, int], str] = {}
        self.buses = Buses()
        self.buses.watch(self._follow)
        self._registers = self.buses.image(bus) if bus else BusRouter(self.buses)
        self.documents = 0
        self.interval_ms = round(1000 * DEFAULT_INTERVAL)
        self._say = say
        self._hints: set[str] = set()  # that were said

    def document(self, decoded: Decoded) -> None:
        for message in decoded.unknown:
            self.error(message)
        self._registers.apply(self.name, decoded.document)
        for hint in of_addresses(decoded.document):
            if hint not in self._hints:
                self._hints.add(hint)
                self._say(hint, "yellow")

    def error(self, text: str, _key: Hashable = None) -> None:
        self.heard.set()
        if text not in self.errors:
            self.errors.append(text)
            self._say(text, "red")

    def skipped(self, text: str) -> None:
        self._say(text, "yellow")

    def stderr(self, line: str) -> None:
        self._say(split_level(line)[1], "dim")

    def stations(self) -> Iterator["Shown"]:
        for image in self.buses:
            for unit, bank in sorted(image.stations.items()):
                described = self._descriptions[image.bus].of(unit)
                bus = None if image.bus == MAIN else image.bus
                yield Shown(bus, unit, self._modes[image.bus, unit], bank, described)

    def _follow(self, image: Image) -> None:
        self._descriptions[image.bus] = Descriptions()
        image.changes.subscribe(partial(self._took, image.bus), DocumentApplied)

    def _took(self, bus: str, change: DocumentApplied) -> None:
        source, document = change.source, change.document
        self._descriptions[bus].note(document)
        self._modes |= {(bus, station.id): station.mode for station in document.stations}
        if source != self.name:  # its health
            return
        if document.reboot_interval is not UNSET:
            self.interval_ms = document.reboot_interval
        self.documents += 1
        self.heard.set()

    def as_json(self) -> str:
        stations = [
            {
                "id": it.unit,
                **it.named,
                "mode": it.mode,
                "map": {table.label: list(_ranges(it.bank, table)) for table in Table},
                **_files_and_identity(it.bank),
                "values": [*_values(it)],
            }
            for it in self.stations()
        ]
        result = {
            "source": self.name,
            "ok": not self.errors,
            "errors": self.errors,
            "documents": self.documents,
            "seconds": round(self.seconds, 3),
            "still_running": self.still_running,
            "reboot_interval": self.interval_ms if self.has_runs else None,
            "stations": stations,
            "undefined": [
                {
                    "station": it.unit,
                    **it.named,
                    "table": table.label,
                    "address_start": gap.start,
                    "length": gap.stop - gap.start,
                }
                for it in self.stations()
                for table, gap in gaps(it.bank)
            ],
        }
        return json.dumps(result)  # plain ASCII: a file's name need not be UTF-8


def _values(station: Shown) -> Iterator[dict[str, Any]]:
    """Of ranges that say something about their values, what they say, and the values."""
    for table, it in station.described:
        shown = it.shown(table, it.values(station.bank, table))
        values = shown.pop("values")
        yield {**shown, **_encoding(it), "mode": station.mode, "values": values}


def _encoding(it: Described) -> dict[str, Any]:
    """How its values stand in registers: all that a client needs to read them; null of bits."""
    form = it.form
    scale, offset = form.line if form and not form.is_string else (None, None)
    return {
        "word_order": form and form.word_order,
        "byte_order": form and form.byte_order,
        "scale": scale,
        "offset": offset,
    }


def gaps(bank: Bank) -> list[tuple[Table, Span]]:
    """The addresses between ranges, which nothing defines: to read them is exception 02."""
    return [
        (table, Span(one.stop, other.start))
        for table in Table
        for one, other in pairwise(bank.tables[table].spans)
    ]


def _files_and_identity(bank: Bank) -> dict[str, Any]:
    """Files and identity in the form of a document's, as far as there are any."""
    files = {
        str(number): {"records": words(bytes(bank.files[number]))} for number in sorted(bank.files)
    }
    identity = {object_name(number): text for number, text in given_identity(bank)}
    return {name: part for name, part in (("files", files), ("identity", identity)) if part}


def given_identity(bank: Bank) -> list[tuple[int, str]]:
    """Number and text of the objects that are not Aoba's own."""
    objects = sorted(bank.identity.items())
    return [(i, value.decode()) for i, value in objects if value != DEFAULT_IDENTITY.get(i)]


def _ranges(bank: Bank, table: Table) -> Iterator[dict[str, Any]]:
    for span in bank.tables[table].spans:
        values = values_of(bank, table, span)
        yield {"address_start": span.start, "length": len(values), "initial_values": values}
    for pointer in sorted(bank.fifos) if table is Table.HOLDING else ():
        queue = words(bank.fifos[pointer])
        yield {"address_start": pointer, "fifo": True, "initial_values": queue}


def values_of(bank: Bank, table: Table, span: Span) -> list[int]:
    """Values of addresses that are all defined."""
    cells = bank.read(table, span.start, span.stop - span.start)
    return list(cells) if table.is_bits else words(cells)


def words(cells: bytes) -> list[int]:
    """The values of registers."""
    return list(struct.unpack(f">{len(cells) // 2}H", cells))
