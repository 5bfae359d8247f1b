"""What stands behind an error, or is said of a document without one, about common mistakes."""

import pytest

from aoba.document.decode import decode
from aoba.document.hints import MAX_RENAMED, nearest, of_addresses
from aoba.document.ranges import HoldingRange
from aoba.document.schema import Document, RegisterMap, Station
from aoba.errors import DocumentError
from builders import a_range, a_station, decoded, one_range, raw, stations

STATION = Station.__struct_fields__
RANGE = HoldingRange.__struct_fields__
HERE = "stations[0].map.holding[0]"


@pytest.mark.parametrize(
    ("name", "fields", "field"),
    [
        ("address", RANGE, "address_start"),
        ("start_address", RANGE, "address_start"),
        ("values", RANGE, "initial_values"),
        ("Value", RANGE, "initial_values"),
        ("data-type", RANGE, "data_type"),
        ("count", RANGE, "length"),
        ("lenght", RANGE, "length"),
        ("type", RANGE, "data_type"),
        ("unit_id", STATION, "id"),
        ("unit", STATION, "id"),
        ("registers", STATION, "map"),
        ("holding_registers", RegisterMap.__struct_fields__, "holding"),
        ("interval", Document.__struct_fields__, "reboot_interval"),
        ("devices", Document.__struct_fields__, "stations"),
        ("zzz", RANGE, None),
        ("x" * 40, ["x" * 40], "x" * 40),
        ("x" * 41, ["x" * 41], None),
    ],
)
def test_the_field_that_a_name_may_be_meant_for(name, fields, field):
    assert nearest(name, fields) == field


MISSING = "`address_start` is missing"
UNCOUNTED = "`length` is missing, and there are no `initial_values` to count"
WORD = "expected 0..65535, got"
INTERVAL = "expected 10..86400000, got"
FRACTION = 'fractions need a `data_type` like "float32", or a `scale`'
IN_MS = "it is in milliseconds, 1000 are a second"


def a_holding(**fields):
    return stations(a_station(holding=[fields]))


@pytest.mark.parametrize(
    ("value", "path", "reason", "hint"),
    [
        # names of other programs
        (a_holding(address=0), HERE, MISSING, "`address`: did you mean `address_start`?"),
        (
            a_holding(address=0, values=[1]),
            HERE,
            MISSING,
            "`address`: did you mean `address_start`? `values`: did you mean `initial_values`?",
        ),
        (
            a_holding(address_start=0, values=[1]),
            HERE,
            UNCOUNTED,
            "`values`: did you mean `initial_values`?",
        ),
        (a_station(1), "", "`stations` is missing", "one station stands in a list, too: [{...}]"),
        (
            stations({"id": 1, "mode": "slave", "holding": []}),
            "stations[0]",
            "`map` is missing",
            "`holding` belongs in `map`",
        ),
        (
            stations({"id": 1, "mode": "slave", "registers": []}),
            "stations[0]",
            "`map` is missing",
            "`registers`: did you mean `map`?",
        ),
        (
            {"stattions": []},
            "",
            "`stations` is missing",
            "`stattions`: did you mean `stations`?",
        ),
        # only where the error is, and not for a field that is there
        (stations(a_station(holding=[{"length": 1}], inputs=[])), HERE, MISSING, ""),
        (a_holding(address_start=0, address=1), HERE, UNCOUNTED, ""),
        # fractions, where registers take none
        (one_range("holding", 0, [21.5]), f"{HERE}.initial_values[0]", f"{WORD} 21.5", FRACTION),
        (
            one_range("holding", 0, [1, -0.5], data_type="int16"),
            f"{HERE}.initial_values[1]",
            "expected -32768..32767, got -0.5",
            FRACTION,
        ),
        (one_range("holding", 0, [2.0]), f"{HERE}.initial_values[0]", f"{WORD} 2.0, a float", ""),
        (one_range("holding", 0, [-1]), f"{HERE}.initial_values[0]", f"{WORD} -1", ""),
        (
            one_range("holding", 0, [6553.75], scale=0.1),
            f"{HERE}.initial_values[0]",
            "expected 0..6553.5, got 6553.75",
            "",
        ),
        (
            one_range("coils", 0, [0.5]),
            "stations[0].map.coils[0].initial_values[0]",
            "expected true, false or an integer, got 0.5",
            "",
        ),
        # times in seconds
        (stations(reboot_interval="1s"), "reboot_interval", f'{INTERVAL} "1s"', IN_MS),
        (stations(reboot_interval=9), "reboot_interval", f"{INTERVAL} 9", IN_MS),
        (stations(reboot_interval=0.5), "reboot_interval", f"{INTERVAL} 0.5", IN_MS),
        (stations(reboot_interval=10**8), "reboot_interval", f"{INTERVAL} 100000000", ""),
        # numbers out of manuals
        (
            one_range("holding", 400_011, [1]),
            f"{HERE}.address_start",
            f"{WORD} 400011",
            "addresses count from 0: 400011 of a manual is holding 10 here",
        ),
        (
            one_range("holding", 300_001, [1]),
            f"{HERE}.address_start",
            f"{WORD} 300001",
            "addresses count from 0: 300001 of a manual is input 0 here",
        ),
        (one_range("holding", 70_000, [1]), f"{HERE}.address_start", f"{WORD} 70000", ""),
        (
            one_range("holding", 0, [1], length=400_001),
            f"{HERE}.length",
            "expected 1..65536, got 400001",
            "",
        ),
    ],
)
def test_what_to_do_stands_behind_the_error(value, path, reason, hint):
    with pytest.raises(DocumentError) as caught:
        decode(raw(value))

    assert caught.value.path == path
    assert caught.value.reason == (f"{reason}; {hint}" if hint else reason)


def test_of_many_names_the_first_are_told():
    with pytest.raises(DocumentError) as caught:
        decode(raw(a_holding(addr=0, value=1, type="x", size=1)))

    assert caught.value.reason.count("did you mean") == MAX_RENAMED


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"holding": [40001]}, ("holding", 40001, 0)),
        ({"input": [30010, 30005], "coils": [40001]}, ("input", 30005, 4)),
        ({"holding": [40002, 40000]}, None),  # as SunSpec has them
        ({"holding": [0, 40001]}, None),
        ({"input": [40001]}, None),
        ({"holding": []}, None),
    ],
)
def test_addresses_that_look_as_if_they_were_out_of_a_manual(tables, expected):
    ranges = {table: [a_range(at, [1]) for at in starts] for table, starts in tables.items()}
    document = decoded(stations(a_station(7), a_station(1, **ranges)))

    if expected is None:
        assert list(of_addresses(document)) == []
    else:
        table, number, address = expected
        hint = f"addresses count from 0: {number} of a manual may be {address} here"
        assert list(of_addresses(document)) == [f"stations[1].map.{table}: {number} ({hint})"]
