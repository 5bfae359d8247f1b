import asyncio
import json

import pytest

from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.scripts import feedback
from aoba.sources.scripts.feedback import Feedback, Snapshot, encode
from builders import CLIENT, a_range, a_station, decoded, one_range, stations


class Fed:
    """A source with feedback, and its image."""

    def __init__(self):
        self.image = Image()
        self.feedback = Feedback("a.py", self.image)
        self.run = 0

    def document(self, value, *, replace=False):
        self.image.apply("a.py", decoded(value), replace=replace)

    def write(self, table, address, cells, unit=1):
        self.image.stations[unit].write(table, address, cells, CLIENT)

    def told(self):
        self.run += 1
        return json.loads(asyncio.run(self.feedback.next(self.run)))

    def writes(self):
        return [(it["address"], it["values"]) for it in self.told()["writes"]]


@pytest.fixture
def fed():
    return Fed()


def test_the_first_object_of_a_script():
    told = json.loads(encode(Snapshot(run=1, time=12.5)))

    assert told == {"run": 1, "time": 12.5, "writes": [], "lost": 0, "stations": []}


def test_writes_and_present_values(fed):
    tables = {
        "coils": [a_range(3, [1, 0], name="pump")],
        "holding": [
            a_range(0, [1.5], data_type="float32", name="level", unit="m"),
            a_range(2, [7]),
        ],
    }
    fed.document(stations(a_station(9, "slave", **tables)))
    fed.write(Table.COILS, 4, b"\1", unit=9)
    fed.write(Table.HOLDING, 1, b"\x00\x00\xff\xff", unit=9)
    told = fed.told()

    first, second = told["writes"]
    assert first["time"] <= second["time"] <= told["time"]
    del first["time"], second["time"], told["time"]
    common = {"station": 9, "client": CLIENT.name}
    assert first == {"table": "coils", "address": 4, "values": [1], **common}
    assert second == {"table": "holding", "address": 1, "values": [0, 65535], **common}
    of_pump = {"table": "coils", "address_start": 3, "length": 2, "data_type": None, "unit": None}
    of_level = {"table": "holding", "address_start": 0, "length": 2, "data_type": "float32"}
    assert told["stations"] == [
        {
            "id": 9,
            "map": {
                "coils": [{"address_start": 3, "values": [1, 1]}],
                "holding": [{"address_start": 0, "values": [0x3FC0, 0, 65535]}],
            },
            "values": [
                {**of_pump, "name": "pump", "values": [1, 1]},
                {**of_level, "name": "level", "unit": "m", "values": [1.5]},
            ],
        }
    ]


def test_each_write_is_told_once(fed):
    fed.document(one_range("holding", 0, [0]))
    fed.write(Table.HOLDING, 0, b"\0\1")
    assert fed.writes() == [(0, [1])]
    fed.write(Table.HOLDING, 0, b"\0\2")

    assert fed.writes() == [(0, [2])]
    assert fed.writes() == []


def test_what_reached_nobody_is_told_again(fed):
    fed.document(one_range("holding", 0, [0]))
    fed.write(Table.HOLDING, 0, b"\0\1")
    assert fed.writes() == [(0, [1])]
    fed.feedback.put_back()
    fed.write(Table.HOLDING, 0, b"\0\2")

    assert fed.writes() == [(0, [1]), (0, [2])]


def test_writes_that_are_lost_are_counted(fed, monkeypatch):
    monkeypatch.setattr("aoba.registers.journal.MAX_WRITES", 1)
    fed.document(one_range("holding", 0, [0]))
    for value in (b"\0\1", b"\0\2", b"\0\3"):
        fed.write(Table.HOLDING, 0, value)

    assert fed.told()["lost"] == 2
    assert fed.feedback.lost == 2
    assert fed.told()["lost"] == 0


def test_true_values_of_what_is_withheld(fed):
    fed.document(one_range("input", 0, [5], name="flow"))
    fed.image.mark_stale("a.py", as_zero=True)
    (station,) = fed.told()["stations"]

    assert station["map"]["input"][0]["values"] == [5]
    assert station["values"][0]["values"] == [5]


def test_values_of_other_sources_are_not_told(fed):
    fed.document(one_range("holding", 0, [1]))
    fed.image.apply(
        "b.py", decoded(stations(a_station(1, holding=[a_range(1, [2])]), a_station(2)))
    )
    (station,) = fed.told()["stations"]

    assert station["map"] == {"holding": [{"address_start": 0, "values": [1]}]}


def test_a_replaced_script_is_told_of_its_new_ranges(fed):
    fed.document(one_range("holding", 0, [1], name="old"))
    fed.document(one_range("input", 0, [2], name="new"), replace=True)
    (station,) = fed.told()["stations"]

    assert station["map"] == {"input": [{"address_start": 0, "values": [2]}]}
    assert [it["name"] for it in station["values"]] == ["new"]


def test_a_float_that_is_no_number_is_none(fed):
    fed.document(one_range("holding", 0, [0], data_type="float32", name="x"))
    fed.write(Table.HOLDING, 0, b"\x7f\xc0\0\0")
    (station,) = fed.told()["stations"]

    assert station["values"][0]["values"] == [None]


def test_large_and_scaled_values_have_all_their_digits(fed):
    ranges = [
        a_range(0, [1234567890123456789], data_type="uint64"),
        a_range(4, [1764403200.123], data_type="uint64", scale=0.001),
        a_range(8, [12345678901234567890], data_type="uint64", scale=10),
    ]
    fed.document(stations(a_station(holding=ranges)))

    (station,) = fed.told()["stations"]
    assert [it["values"] for it in station["values"]] == [
        [1234567890123456789],
        [1764403200.123],
        [12345678901234567890],
    ]


def test_many_values_are_the_same_in_a_thread(fed, monkeypatch):
    fed.document(one_range("holding", 0, [7] * 1000))
    inline = fed.told()["stations"]
    monkeypatch.setattr(feedback, "MAX_INLINE", 1999)
    assert fed.told()["stations"] == inline


def test_of_a_source_that_is_removed_nothing_is_followed_any_more(fed):
    fed.document(one_range("holding", 0, [1]))
    fed.image.remove("a.py")

    assert (fed.image.changes.of_all, fed.image.changes._of_source) == ({}, {})
