"""Lines of the table by the width of the terminal, and how much of much is shown."""

import io
import json
import re

import pytest
from rich.console import Console

from aoba.cli.report import Report
from aoba.cli.table import (
    MAX_GAPS,
    MAX_NUMBERED,
    MAX_RANGE_ROWS,
    MAX_STATIONS,
    MAX_TABLE_ROWS,
    MAX_TEXT,
    MAX_VALUES,
    print_report,
)
from aoba.document.decode import decode
from builders import a_range, a_station, raw, stations

STYLE = re.compile(r"\x1b\[[\d;]*m")
FULL = [60_000 + i for i in range(40)]


def lines(document, width=None, name="source.py"):
    """What is printed of a document; on a terminal where there is a `width`."""
    report = Report(name, lambda _line, _style: None)
    report.document(decode(raw(document)))
    file = io.StringIO()
    # What rich would take for the width of a pipe is far too little.
    console = Console(file=file, force_terminal=width is not None, width=width or 10)
    print_report(report, console)
    return STYLE.sub("", file.getvalue()).splitlines()


def rows(document, width=None):
    """The rows of its only station, without what is told of addresses between ranges."""
    station, *rows, verdict = lines(document, width)
    assert station == "station 1 (master)"
    assert verdict.startswith("source.py: ok, 1 document, took ")
    return [row for row in rows if not row.startswith("undefined ")]


def test_without_a_terminal_rows_are_as_long_as_they_like():
    document = stations(a_station(holding=[a_range(65_400, FULL)], coils=[a_range(7, [1, 0])]))

    assert rows(document) == [
        "coils            7..8  1 0",
        f"holding  65400..65409  {' '.join(map(str, FULL[:10]))}",
        f"         65410..65419  {' '.join(map(str, FULL[10:20]))}",
        f"         65420..65429  {' '.join(map(str, FULL[20:30]))}",
        f"         65430..65439  {' '.join(map(str, FULL[30:]))}",
    ]


@pytest.mark.parametrize(
    ("width", "per_row"), [(82, 10), (81, 5), (52, 5), (51, 2), (34, 2), (33, 1), (10, 1)]
)
def test_a_terminal_gets_as_many_values_a_row_as_fit(width, per_row):
    shown = rows(stations(a_station(holding=[a_range(65_400, FULL[:10])])), width)
    values = [row.split()[1 + (i == 0) :] for i, row in enumerate(shown)]

    assert [len(part) for part in values] == [per_row] * (10 // per_row)
    assert [int(value) for part in values for value in part] == FULL[:10]
    assert width < 28 or max(map(len, shown)) <= width


def test_bits_take_less_room():
    document = stations(a_station(coils=[a_range(0, [1] * 16)]))

    assert len(rows(document, 46)) == 1
    assert len(rows(document, 45)) == 2


def test_of_a_long_range_the_beginning_is_shown():
    shown = rows(stations(a_station(input=[a_range(0, [7], length=65_536)])))

    assert len(shown) == MAX_RANGE_ROWS + 1
    assert shown[-1].split(maxsplit=1) == [
        "160..65535",
        "... 65376 more values, --json shows all",
    ]


def test_of_many_ranges_the_first_are_shown():
    many = [a_range(3 * i, [i, i]) for i in range(20_000)]
    shown = rows(stations(a_station(holding=many)))

    assert len(shown) == MAX_TABLE_ROWS + 1
    assert shown[-1].strip() == f"... {20_000 - MAX_TABLE_ROWS} more ranges, --json shows all"


def test_of_many_stations_the_first_are_shown():
    shown = lines(stations(*(a_station(unit, coils=[a_range(0, [1])]) for unit in range(1, 248))))

    assert len(shown) == 2 * MAX_STATIONS + 2
    assert shown[-2] == f"... {247 - MAX_STATIONS} more stations, --json shows all"


def test_one_more_is_not_more_of_them():
    shown = rows(stations(a_station(holding=[a_range(0, length=10 * MAX_RANGE_ROWS + 1)])))

    assert shown[-1].strip() == "160  ... 1 more value, --json shows all"


@pytest.mark.parametrize(
    ("name", "shown"), [("[bold]x.py", "[bold]x.py"), ("a\x1b[2J\nb.py", r"a\x1b[2J\x0ab.py")]
)
def test_a_name_is_shown_as_it_is(name, shown):
    assert lines(stations(), name=name)[-1].startswith(f"{shown}: ok")


def test_a_station_without_registers():
    assert rows(stations(a_station()), 80) == []


def test_what_a_range_says_stands_below_the_registers():
    some = [
        a_range(0, [1.5, -2], data_type="float32", name="flow", unit="m/s"),
        a_range(9, "x" * 99, data_type="string", name="a\x1b[2J"),
    ]
    document = stations(a_station(input=some, coils=[a_range(0, [1, 0], name="pumps")]))

    assert rows(document)[-3:] == [
        "pumps     coils 0..1   bit      1 0",
        "flow      input 0..3   float32  1.5 -2 m/s",
        rf'a\x1b[2J  input 9..58  string   "{"x" * MAX_TEXT}..."',
    ]


def test_of_many_described_values_and_ranges_the_first_are_shown():
    (row,) = rows(stations(a_station(input=[a_range(0, [0.5] * 9, data_type="float32")])))[2:]
    assert row.split("float32  ")[1] == f"{'0.5 ' * MAX_VALUES}... 1 more value, --json shows all"
    many = [a_range(2 * i, [i], name="n") for i in range(MAX_TABLE_ROWS + 3)]
    assert rows(stations(a_station(input=many)))[-1] == "... 3 more descriptions, --json shows all"


def test_registers_that_hold_no_number_are_shown_as_none():
    first = a_range(0, [0x7FC0, 0])  # not a number
    report = Report("x", lambda _line, _style: None)
    for item in (first, a_range(0, length=2, data_type="float32")):
        report.document(decode(raw(stations(a_station(input=[item])))))
    file = io.StringIO()
    print_report(report, Console(file=file))

    assert "input 0..1  float32  none" in file.getvalue()
    assert '"values": [null]' in report.as_json()


def test_queues_files_and_identity_stand_below_the_registers():
    holding = [a_range(0, [5]), a_range(300, [7, 8], fifo=True), a_range(400, fifo=True)]
    station = a_station(holding=holding) | {
        "files": {"12": {"records": list(range(12))}, "3": {"records": []}},
        "identity": {"vendor_name": "ACME", "0x80": "x" * 70},
    }

    assert rows(stations(station)) == [
        "holding           0      5",
        "fifo 300       0..1      7     8",
        "fifo 400             empty",
        "file 3               empty",
        "file 12        0..9      0     1     2     3     4     5     6     7     8     9",
        "             10..11     10    11",
        'vendor_name          "ACME"',
        f'0x80                 "{"x" * MAX_TEXT}..."',
    ]


def test_of_many_files_and_records_the_first_are_shown():
    files = {str(i): {"records": [1]} for i in range(1, MAX_NUMBERED + 3)}
    shown = rows(stations(a_station() | {"files": files}))
    assert len(shown) == MAX_NUMBERED + 1
    assert shown[-1].strip() == "... 2 more files, --json shows all"

    shown = rows(stations(a_station() | {"files": {"1": {"records": [1] * 10_000}}}))
    assert len(shown) == MAX_RANGE_ROWS + 1
    assert shown[-1].split() == [
        "160..9999",
        "...",
        "9840",
        "more",
        "values,",
        "--json",
        "shows",
        "all",
    ]


def test_json_has_queues_files_and_identity():
    report = Report("x", lambda _line, _style: None)
    holding = [a_range(0, [5]), a_range(300, [7, 8], fifo=True)]
    station = a_station(holding=holding) | {"files": {"12": {"records": [9, 65535]}}}
    report.document(decode(raw(stations(station, identity={"vendor_name": "ACME"}))))
    (shown,) = json.loads(report.as_json())["stations"]

    assert shown["map"]["holding"] == [
        {"address_start": 0, "length": 1, "initial_values": [5]},
        {"address_start": 300, "fifo": True, "initial_values": [7, 8]},
    ]
    assert shown["files"] == {"12": {"records": [9, 65535]}}
    assert shown["identity"] == {"vendor_name": "ACME"}
    again = {name: shown[name] for name in ("id", "mode", "map", "files", "identity")}
    assert decode(raw([again])).unknown == []


def test_addresses_between_ranges_are_named():
    ranges = [a_range(0, [1, 2]), a_range(5, [3]), a_range(7, [4])]

    assert lines(stations(a_station(holding=ranges, coils=ranges[1:])))[-2] == (
        "undefined  coils 6, holding 2..4, holding 6  reads of it get exception 02"
    )
    assert "undefined" not in "".join(lines(stations(a_station(holding=ranges[:1]))))


def test_of_many_gaps_the_first_are_shown():
    ranges = [a_range(2 * i, [1]) for i in range(MAX_GAPS + 3)]

    *_, shown, _ = lines(stations(a_station(holding=ranges)))

    assert shown.count("holding ") == MAX_GAPS
    assert f"holding {2 * MAX_GAPS - 1} ... 2 more gaps, --json shows all  reads" in shown
