"""Writes of clients that a source has undone with its next document, and others."""

import pytest

from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.registers.overwrites import MAX_DOCUMENTS, MAX_WRITES, Overwrites, Overwritten
from aoba.spans import Span
from builders import FakeDevice, a_range, a_station, decoded, stations

CLIENT = Peer("10.0.0.7 port 49150")


@pytest.fixture
def found():
    return []


@pytest.fixture
def image():
    return Image()


@pytest.fixture(autouse=True)
def overwrites(image, found):
    return Overwrites(image, found.append)


def gives(image, values, *, mode="master", source="boiler.py", table="holding", start=0):
    ranges = {table: [a_range(start, values)]}
    image.apply(source, decoded(stations(a_station(mode=mode, **ranges))))


def writes(image, address, value, client=CLIENT, table=Table.HOLDING):
    cells = value.to_bytes(1 if table.is_bits else 2, "big")
    image.stations[1].write(table, address, cells, client)


def test_a_write_that_the_next_document_undoes(image, found):
    gives(image, [1, 2, 3])
    writes(image, 1, 77)
    assert found == []
    gives(image, [1, 2, 3])

    assert found == [Overwritten("boiler.py", "10.0.0.7", 1, Table.HOLDING, Span(1, 2))]


def test_of_coils_too(image, found):
    gives(image, [0, 0], table="coils")
    writes(image, 1, 1, table=Table.COILS)
    gives(image, [0, 0], table="coils")

    assert [each.table for each in found] == [Table.COILS]


def test_documents_that_leave_it_alone_may_come_before(image, found):
    gives(image, [1, 2])
    writes(image, 1, 77)
    for _ in range(MAX_DOCUMENTS - 1):
        gives(image, [5])
    assert found == []
    gives(image, [1, 2])

    assert len(found) == 1


def test_what_many_documents_have_left_alone_is_no_longer_looked_at(image, found, overwrites):
    gives(image, [1, 2])
    writes(image, 1, 77)
    for _ in range(MAX_DOCUMENTS):
        gives(image, [5])
    assert overwrites._writes == {}
    gives(image, [1, 2])

    assert found == []


def test_what_belongs_to_the_bus_stays(image, found):
    gives(image, [1, 2], mode="slave")
    writes(image, 1, 77)
    gives(image, [1, 2], mode="slave")

    assert found == []


def test_what_the_document_leaves_alone_stays(image, found):
    gives(image, [1, 2, 3])
    writes(image, 2, 77)
    gives(image, [1, 2])

    assert found == []


def test_a_document_of_somebody_else_says_nothing(image, found):
    gives(image, [1, 2])
    gives(image, [5], source="other.py", start=9)
    writes(image, 1, 77)
    gives(image, [6], source="other.py", start=9)
    assert found == []

    gives(image, [1, 2])
    assert [each.source for each in found] == ["boiler.py"]


def test_what_a_device_decides_about_is_no_write_that_is_undone(image, found):
    image.delegate("pump", FakeDevice())
    gives(image, [1, 2], source="pump")
    image.stations[1].local().write(Table.HOLDING, 1, b"\0\7", CLIENT)
    gives(image, [1, 2], source="pump")

    assert found == []


def test_clients_are_told_apart_and_a_later_write_takes_the_place_of_the_one_before(image, found):
    gives(image, [1, 2])
    writes(image, 0, 70)
    writes(image, 1, 71)
    writes(image, 1, 72, Peer("10.0.0.8 port 1"))
    gives(image, [1, 2])

    assert [(each.client, each.span) for each in found] == [("10.0.0.8", Span(1, 2))]


def test_a_station_that_is_gone_has_lost_the_write(image, found):
    gives(image, [1, 2])
    writes(image, 1, 77)
    other = decoded(stations(a_station(2, holding=[a_range(0, [1])])))
    image.apply("boiler.py", other, replace=True)

    assert [each.unit for each in found] == [1]


def test_what_waits_is_bounded(image, found, overwrites):
    gives(image, [1] * 10)
    for i in range(2 * MAX_WRITES):
        writes(image, i % 10, 100 + i, Peer(f"10.0.0.{i} port 1"))
        assert len(overwrites._writes) <= MAX_WRITES
    gives(image, [1] * 10)

    assert 0 < len(found) <= MAX_WRITES
