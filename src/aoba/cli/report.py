"""What one run of a script gave, for a person or for a program."""

import asyncio
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import UNSET
from rich.console import Console
from rich.table import Table as RichTable

from aoba.document.decode import Decoded
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.registers.image import Image
from aoba.sources.script import DEFAULT_INTERVAL
from aoba.spans import Span

MAX_ROWS: Final = 16
"""Rows of a span that the table shows; JSON has them all."""

WIDEST: Final = 100
"""Columns that the widest row may need."""


class Report:
    """Implements the `Listener` of a run; `say` shows a line, in a style, while it goes on."""

    def __init__(self, name: str, say: Callable[[str, str], None]) -> None:
        self.first = asyncio.Event()
        """Set by the first document."""
        self.errors: list[str] = []
        self.still_running = False
        self.seconds = 0.0
        self._name, self._say = name, say
        self._image = Image()
        self._modes: dict[int, str] = {}
        self._documents = 0
        self._interval_ms = round(1000 * DEFAULT_INTERVAL)

    def document(self, decoded: Decoded) -> None:
        for message in decoded.unknown:
            self.error(message)
        document = decoded.document
        self._image.apply(self._name, document)
        self._modes |= {station.id: station.mode for station in document.stations}
        if document.reboot_interval is not UNSET:
            self._interval_ms = document.reboot_interval
        self._documents += 1
        self.first.set()

    def error(self, text: str) -> None:
        if text not in self.errors:
            self.errors.append(text)
            self._say(text, "red")

    def skipped(self, text: str) -> None:
        self._say(text, "yellow")

    def stderr(self, line: str) -> None:
        self._say(line, "dim")

    def as_json(self) -> str:
        stations = [
            {
                "id": unit,
                "mode": self._modes[unit],
                "map": {table.label: list(_ranges(bank, table)) for table in Table},
            }
            for unit, bank in sorted(self._image.stations.items())
        ]
        result = {
            "script": self._name,
            "ok": not self.errors,
            "errors": self.errors,
            "documents": self._documents,
            "seconds": round(self.seconds, 3),
            "still_running": self.still_running,
            "reboot_interval": self._interval_ms,
            "stations": stations,
        }
        return json.dumps(result)  # plain ASCII: a file's name need not be UTF-8

    def print_table(self, console: Console) -> None:
        # In less, rich would cut addresses and values; a pipe counts as 80 columns.
        console.width = max(console.width, WIDEST)
        for unit, bank in sorted(self._image.stations.items()):
            console.print(f"[bold]station {unit}[/] ({self._modes[unit]})")
            console.print(_table(bank))
        documents = f"{self._documents} document{'s' * (self._documents != 1)}"
        if self.still_running:
            summary = f"{documents} in {self.seconds:.1f} s, still running then, and stopped"
        else:
            again = f"runs every {self._interval_ms} ms when served"
            summary = f"{documents}, took {1000 * self.seconds:.0f} ms, {again}"
        count = len(self.errors)
        verdict = f"[red]{count} error{'s' * (count > 1)}[/]" if count else "[green]ok[/]"
        console.print(f"{self._name}: {verdict}, {summary}", soft_wrap=True)


def _ranges(bank: Bank, table: Table) -> Iterator[dict[str, Any]]:
    for span in bank.tables[table].spans:
        values = _values(bank, table, span)
        yield {"address_start": span.start, "length": len(values), "initial_values": values}


def _values(bank: Bank, table: Table, span: Span) -> list[int]:
    count = span.stop - span.start
    cells = bank.read(table, span.start, count)
    return list(cells) if table.is_bits else list(struct.unpack(f">{count}H", cells))


def _table(bank: Bank) -> RichTable:
    result = RichTable(box=None, header_style="dim", pad_edge=False, padding=(0, 2))
    result.add_column("table", style="cyan")
    result.add_column("addresses", justify="right", style="dim")
    result.add_column("values", no_wrap=True)
    for table in Table:
        label = table.label
        for span in bank.tables[table].spans:
            for addresses, values in _rows(table, span, _values(bank, table, span)):
                result.add_row(label, addresses, values)
                label = ""
    return result


def _rows(table: Table, span: Span, values: list[int]) -> Iterator[tuple[str, str]]:
    per_row, width = (16, 1) if table.is_bits else (10, 5)
    for row, start in enumerate(range(span.start, span.stop, per_row)):
        if row == MAX_ROWS:
            yield str(Span(start, span.stop)), "... --json shows these too"
            return
        part = values[start - span.start : start - span.start + per_row]
        yield str(Span(start, start + len(part))), " ".join(f"{value:{width}}" for value in part)
