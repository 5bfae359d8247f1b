"""Sources whose stations are on several buses: on all of them, or on none."""

import pytest

from aoba.errors import Conflict, DocumentError
from aoba.modbus.spec import Table
from aoba.registers.buses import Buses, BusRouter
from aoba.registers.changes import DocumentApplied, SourceReset
from builders import a_range, a_station, decoded, stations

A, B = "a.py", "b.py"


@pytest.fixture
def buses():
    return Buses()


def on(bus, unit, *values, start=0):
    return a_station(unit, holding=[a_range(start, list(values))]) | ({"bus": bus} if bus else {})


def document(*items):
    return decoded(stations(*items))


def holding(buses, bus, unit, count=1):
    cells = buses.image(bus).stations[unit].read(Table.HOLDING, 0, count)
    return [int.from_bytes(cells[i : i + 2], "big") for i in range(0, len(cells), 2)]


def test_stations_are_where_they_say_or_on_main(buses):
    BusRouter(buses).apply(A, document(on(None, 1, 11), on("north", 1, 12), on("south", 1, 13)))

    assert [holding(buses, bus, 1) for bus in ("main", "north", "south")] == [[11], [12], [13]]


def test_main_may_be_named(buses):
    BusRouter(buses).apply(A, document(on("main", 1, 11)))

    assert holding(buses, "main", 1) == [11]


def test_one_unit_id_may_be_on_each_bus_once():
    document(on("main", 1, 1), on("north", 1, 2))
    with pytest.raises(DocumentError, match=r"stations\[1\].id: 1 is already the id of"):
        document(on(None, 1, 1), on("main", 1, 2))
    with pytest.raises(DocumentError, match=r"stations\[2\].id: 1 is already the id of"):
        document(on("north", 1, 1), on(None, 1, 2), on("north", 1, 2))


def test_a_wrong_name_is_told():
    with pytest.raises(DocumentError, match=r"stations\[0\].bus: expected the name of a bus"):
        document(on("a b", 1, 1))


def test_a_conflict_on_one_bus_leaves_all_as_they_were(buses):
    buses.image("north").apply(B, document(on(None, 1, 5)))
    router = BusRouter(buses)
    router.apply(A, document(on(None, 1, 1)))

    with pytest.raises(Conflict) as caught:
        router.apply(A, document(on(None, 1, 9), on(None, 2, 9), on("north", 1, 9)))

    assert caught.value.path == "stations[2].map.holding[0]"  # as the script has it
    assert holding(buses, "main", 1) == [1]
    assert 2 not in buses.main.stations
    assert holding(buses, "north", 1) == [5]


def test_a_script_that_has_changed_replaces_what_it_had_on_all_buses(buses):
    router = BusRouter(buses)
    router.apply(A, document(on(None, 1, 1), on("north", 1, 2)))

    router.apply(A, document(on(None, 2, 3)), replace=True)

    assert list(buses.main.stations) == [2]
    assert list(buses.image("north").stations) == []


def test_a_later_document_leaves_what_it_omits(buses):
    router = BusRouter(buses)
    router.apply(A, document(on("north", 1, 2)))
    router.apply(A, document(on(None, 1, 1)))

    assert holding(buses, "north", 1) == [2]


def test_all_buses_go_stale_together(buses):
    router = BusRouter(buses)
    router.apply(A, document(on(None, 1, 1), on("north", 1, 2)))

    router.mark_stale(A, as_zero=True)

    assert [holding(buses, bus, 1) for bus in ("main", "north")] == [[0], [0]]


def test_a_source_that_is_removed_is_gone_from_all(buses):
    BusRouter(buses).apply(A, document(on(None, 1, 1), on("north", 1, 2)))

    buses.remove(A)

    assert [len(image.stations) for image in buses] == [0, 0]


def test_whoever_watches_hears_of_an_image_before_something_is_in_it(buses):
    router, told = BusRouter(buses), []

    def join(image):
        told.append((image.bus, len(image.stations)))
        image.changes.subscribe(lambda change: told.append(change.source), DocumentApplied)

    router.watch(join)
    router.apply(A, document(on("north", 1, 2)))

    assert told == [("main", 0), ("north", 0), A]


def test_buses_are_watched_until_they_are_not(buses):
    told = []
    stop = buses.watch(lambda image: told.append(image.bus))
    buses.image("north")
    stop()
    buses.image("south")

    assert told == ["main", "north"]


def test_to_look_for_a_bus_does_not_make_it(buses):
    assert buses.find("north") is None
    assert [image.bus for image in buses] == ["main"]
    assert buses.image("north") is buses.find("north")


def test_resets_are_told_of_the_bus_that_they_are_of(buses):
    router, told = BusRouter(buses), []
    router.apply(A, document(on(None, 1, 1), on("north", 1, 2)))
    for image in buses:
        image.changes.subscribe(
            lambda change, bus=image.bus: told.append((bus, change.is_removed)), SourceReset
        )

    router.apply(A, document(on("north", 1, 3)), replace=True)

    assert told == [("main", False), ("north", False)]


def test_where_the_source_has_a_bus_no_station_names_another_one(buses):
    north = buses.image("north")
    north.apply(A, document(on(None, 1, 1), on("north", 2, 2)))

    with pytest.raises(DocumentError, match=r"stations\[1\].bus: 'south' is another bus"):
        north.apply(A, document(on(None, 1, 9), on("south", 1, 1)))

    assert holding(buses, "north", 1) == [1]
