import pytest

from aoba.errors import IllegalDataAddress
from aoba.modbus.spec import Table
from aoba.registers import journal
from aoba.registers.image import Image
from aoba.registers.journal import Journal, Write
from builders import CLIENT, a_range, a_station, decoded, one_range, stations

A, B = "a.py", "b.py"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def image():
    return Image()


@pytest.fixture
def taken(image, clock):
    """Writes to what A has defined, since the last call."""
    kept = Journal(image, A, clock)
    return kept.take


def write(image, table, address, cells, unit=1):
    image.stations[unit].write(table, address, cells, CLIENT)


def test_a_write_is_told_once_with_who_and_when(image, clock, taken):
    image.apply(A, decoded(one_range("holding", 5, length=4)))
    write(image, Table.HOLDING, 6, b"\x12\x34\0\1")
    clock.now = 101.5
    write(image, Table.HOLDING, 5, b"\0\2")

    assert taken() == (
        [
            Write(100.0, 1, Table.HOLDING, 6, b"\x12\x34\0\1", CLIENT.name),
            Write(101.5, 1, Table.HOLDING, 5, b"\0\2", CLIENT.name),
        ],
        0,
    )
    assert taken() == ([], 0)


def test_a_write_of_what_is_there_already_is_told_too(image, taken):
    image.apply(A, decoded(one_range("coils", 0, [1])))
    write(image, Table.COILS, 0, b"\1")

    assert len(taken().writes) == 1


def test_a_refused_write_is_none(image, taken):
    image.apply(A, decoded(one_range("holding", 0, length=2)))
    with pytest.raises(IllegalDataAddress):
        write(image, Table.HOLDING, 1, bytes(4))

    assert taken().writes == []


@pytest.mark.parametrize("table", ["coils", "holding"])
def test_of_a_write_across_sources_each_is_told_its_parts(image, clock, taken, table):
    of_b = Journal(image, B, clock)
    which = Table[table.upper()]
    own = [a_range(0, length=2), a_range(4, length=2)]
    image.apply(A, decoded(stations(a_station(**{table: own}))))
    image.apply(B, decoded(one_range(table, 2, length=2)))
    width = 1 if which.is_bits else 2
    write(image, which, 1, b"".join(bytes([i]).rjust(width, b"\0") for i in (1, 0, 1, 1)))

    def told(writes):
        return [(it.address, [*it.cells[width - 1 :: width]]) for it in writes]

    assert told(taken().writes) == [(1, [1]), (4, [1])]
    assert told(of_b.take().writes) == [(2, [0, 1])]


def test_other_sources_and_stations_are_not_its_own(image, taken):
    image.apply(A, decoded(one_range("holding", 0, length=1)))
    image.apply(B, decoded(stations(a_station(2, holding=[a_range(0, length=1)]))))
    write(image, Table.HOLDING, 0, bytes(2), unit=2)

    assert taken().writes == []


def test_what_was_written_before_an_address_was_forgotten_is_still_told(image, taken):
    image.apply(A, decoded(one_range("holding", 0, length=1)))
    write(image, Table.HOLDING, 0, b"\0\7")
    image.apply(A, decoded(one_range("input", 0, length=1)), replace=True)

    assert [it.cells for it in taken().writes] == [b"\0\7"]


def test_a_station_that_is_built_anew_for_another_source_is_still_followed(image, clock):
    of_b = Journal(image, B, clock)
    image.apply(A, decoded(one_range("holding", 0, length=1)))
    image.apply(B, decoded(one_range("holding", 1, length=1)))
    image.apply(A, decoded(stations()), replace=True)
    write(image, Table.HOLDING, 1, bytes(2))

    assert len(of_b.take().writes) == 1


def test_of_too_many_writes_the_oldest_are_dropped_and_counted(image, taken, monkeypatch):
    monkeypatch.setattr(journal, "MAX_WRITES", 3)
    image.apply(A, decoded(one_range("holding", 0, length=1)))
    for value in range(5):
        write(image, Table.HOLDING, 0, bytes([0, value]))
    writes, lost = taken()

    assert ([it.cells[1] for it in writes], lost) == ([2, 3, 4], 2)
    write(image, Table.HOLDING, 0, bytes(2))
    assert taken().lost == 0


def test_large_writes_are_limited_by_their_size(image, taken, monkeypatch):
    monkeypatch.setattr(journal, "MAX_BYTES", 100)
    image.apply(A, decoded(one_range("coils", 0, length=60)))
    for value in range(3):
        write(image, Table.COILS, 0, bytes([value % 2]) * 60)
    writes, lost = taken()

    assert ([it.cells[0] for it in writes], lost) == ([0], 2)


def test_what_was_taken_in_vain_is_told_again_before_what_came_since(image, clock, monkeypatch):
    monkeypatch.setattr(journal, "MAX_WRITES", 3)
    kept = Journal(image, A, clock)
    image.apply(A, decoded(one_range("holding", 0, length=1)))
    for value in range(4):
        write(image, Table.HOLDING, 0, bytes([0, value]))
    in_vain = kept.take()
    write(image, Table.HOLDING, 0, b"\0\4")
    kept.put_back(in_vain)
    writes, lost = kept.take()

    assert ([it.cells[1] for it in writes], lost) == ([2, 3, 4], 2)


def test_the_bounds_are_those_of_the_documentation():
    assert (journal.MAX_WRITES, journal.MAX_BYTES) == (10_000, 1_000_000)
