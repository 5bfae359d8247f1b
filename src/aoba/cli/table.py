"""A report as lines of text: the registers of each station, what they mean, and a verdict.

No address and no value is ever cut. On a terminal a row has as many values as fit; elsewhere lines
are as long as they like. Of much only the beginning is shown, and how much is left out.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

from aoba.cli.grid import BIT_ROWS, GAP, REGISTER_ROWS, fitting
from aoba.cli.report import Report, gaps, given_identity, values_of, words
from aoba.document.digits import as_text
from aoba.identity import object_name
from aoba.logs.printable import printable
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.registers.described import Described
from aoba.spans import Span

MAX_RANGE_ROWS: Final = 16
MAX_TABLE_ROWS: Final = 64
"""Rows after which a table begins no further range."""

MAX_NUMBERED: Final = 16
"""Files, and FIFO queues."""

MAX_GAPS: Final = 16
"""Gaps between ranges, of a station."""

MAX_STATIONS: Final = 32

MAX_VALUES: Final = 8
"""Values of a described range."""

MAX_TEXT: Final = 64
"""Characters of a string, a name or a unit."""

_MORE: Final = "--json shows all"


class _Row(NamedTuple):
    label: str
    addresses: str
    values: str


def print_report(report: Report, console: Console) -> None:
    stations = list(report.stations())
    for it in stations[:MAX_STATIONS]:
        bus = "" if it.bus is None else f"bus {it.bus} "
        _print(console, (f"{bus}station {it.unit}", "bold"), f" ({it.mode})")
        _print_station(console, it.bank)
        _print_described(console, it.bank, it.described)
        _print_gaps(console, it.bank)
    if len(stations) > MAX_STATIONS:
        _print(console, f"... {_count(len(stations) - MAX_STATIONS, 'more station')}, {_MORE}")
    errors = len(report.errors)
    verdict = (_count(errors, "error"), "red") if errors else ("ok", "green")
    _print(console, f"{printable(report.name)}: ", verdict, f", {_summary(report)}")


def _summary(report: Report) -> str:
    documents = _count(report.documents, "document")
    if report.still_running:
        return f"{documents} in {report.seconds:.1f} s, still running then, and stopped"
    took = f"{documents}, took {1000 * report.seconds:.0f} ms"
    return f"{took}, runs every {report.interval_ms} ms when served" if report.has_runs else took


def _print_station(console: Console, bank: Bank) -> None:
    tables = [(table, list(bank.tables[table].spans)) for table in Table]
    tables = [(table, spans) for table, spans in tables if spans]
    last = max((spans[-1].stop - 1 for _, spans in tables), default=0)
    labels = max((len(table.label) for table, _ in tables), default=0)
    left = labels + len(f"{last}..{last}") + 2 * len(GAP)
    width = console.width - left if console.is_terminal else None
    rows = [
        row for table, spans in tables for row in _rows(bank, table, spans, _per_row(table, width))
    ]
    rows += [*_files_and_identity_rows(bank, _per_row(Table.HOLDING, width))]
    labels = max((len(row.label) for row in rows), default=0)
    addresses = max((len(row.addresses) for row in rows), default=0)
    for row in rows:
        label, where = row.label.ljust(labels), row.addresses.rjust(addresses)
        _print(console, (label, "cyan"), GAP, (where, "dim"), GAP, row.values)


def _print_described(
    console: Console, bank: Bank, described: list[tuple[Table, Described]]
) -> None:
    """What ranges say about their values, and these values, a line to each."""
    shown = described[:MAX_TABLE_ROWS]
    cells = [_described(bank, table, it) for table, it in shown]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        name, *middle, values = (c.ljust(w) for c, w in zip(row, widths, strict=True))
        _print(console, (name, "bold"), GAP, (GAP.join(middle), "dim"), GAP, values.rstrip())
    if len(described) > len(shown):
        _print(console, f"... {_count(len(described) - len(shown), 'more description')}, {_MORE}")


def _print_gaps(console: Console, bank: Bank) -> None:
    """Where a client that reads across ranges gets no values."""
    found = gaps(bank)
    if not found:
        return
    shown = ", ".join(f"{table.label} {gap}" for table, gap in found[:MAX_GAPS])
    if len(found) > MAX_GAPS:
        shown += f" ... {_count(len(found) - MAX_GAPS, 'more gap')}, {_MORE}"
    _print(
        console, ("undefined", "yellow"), GAP, (shown, "dim"), GAP, "reads of it get exception 02"
    )


def _described(bank: Bank, table: Table, it: Described) -> tuple[str, str, str, str]:
    values = it.values(bank, table, MAX_VALUES)
    if it.form is not None and it.form.is_string:
        text = f'"{_beginning(values[0])}"'
    else:
        text = " ".join("none" if value is None else as_text(value) for value in values)
    if it.unit:
        text += f" {_beginning(it.unit)}"
    if it.size > len(values):
        text += f" ... {_count(it.size - len(values), 'more value')}, {_MORE}"
    data_type = it.form.data_type if it.form else "bit"
    return (
        printable(_beginning(it.name or "")),
        f"{table.label} {it.span}",
        data_type,
        printable(text),
    )


def _per_row(table: Table, width: int | None) -> int:
    """How many values of `table` go into `width` columns; one, if they are too few for that."""
    rows = BIT_ROWS if table.is_bits else REGISTER_ROWS
    return fitting(rows, _value_width(table), width)


def _rows(bank: Bank, table: Table, spans: list[Span], per_row: int) -> Iterator[_Row]:
    label, count = table.label, 0
    for shown, span in enumerate(spans):
        if count >= MAX_TABLE_ROWS:
            yield _Row("", "", f"... {_count(len(spans) - shown, 'more range')}, {_MORE}")
            return
        for addresses, values in _range_rows(bank, table, span, per_row):
            yield _Row(label, addresses, values)
            label, count = "", count + 1


def _range_rows(bank: Bank, table: Table, span: Span, per_row: int) -> Iterator[tuple[str, str]]:
    shown = Span(span.start, min(span.stop, span.start + MAX_RANGE_ROWS * per_row))
    return _value_rows(values_of(bank, table, shown), span, per_row, _value_width(table))


def _value_rows(
    values: list[int], span: Span, per_row: int, width: int
) -> Iterator[tuple[str, str]]:
    """Rows of `values`, the first ones of `span`, and one that says how many more there are."""
    for at in range(0, len(values), per_row):
        part = values[at : at + per_row]
        where = Span(span.start + at, span.start + at + len(part))
        yield str(where), " ".join(f"{value:{width}}" for value in part)
    rest = Span(span.start + len(values), span.stop)
    if rest.start < rest.stop:
        yield str(rest), f"... {_count(rest.stop - rest.start, 'more value')}, {_MORE}"


def _files_and_identity_rows(bank: Bank, per_row: int) -> Iterator[_Row]:
    """Queues and files, a row or more to each, and identification objects that are not Aoba's."""
    queues = [(f"fifo {at}", bank.fifos[at]) for at in sorted(bank.fifos)]
    files = [(f"file {number}", bytes(bank.files[number])) for number in sorted(bank.files)]
    for label, cells in (*queues[:MAX_NUMBERED], *files[:MAX_NUMBERED]):
        values = words(cells[: 2 * MAX_RANGE_ROWS * per_row])
        rows = _value_rows(values, Span(0, len(cells) // 2), per_row, _value_width(Table.HOLDING))
        for count, (where, text) in enumerate(rows):
            yield _Row("" if count else label, where, text)
        if not cells:
            yield _Row(label, "", "empty")
    for noun, items in (("more fifo", queues), ("more file", files)):
        if len(items) > MAX_NUMBERED:
            yield _Row("", "", f"... {_count(len(items) - MAX_NUMBERED, noun)}, {_MORE}")
    for number, text in given_identity(bank):
        yield _Row(object_name(number), "", f'"{_beginning(text)}"')


def _beginning(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."


def _value_width(table: Table) -> int:
    return 1 if table.is_bits else 5


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _print(console: Console, *parts: str | tuple[str, str]) -> None:
    console.print(Text.assemble(*parts), soft_wrap=True)  # which is: as it stands
