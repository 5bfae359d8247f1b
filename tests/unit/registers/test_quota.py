import pytest

from aoba.document.decode import decode
from aoba.errors import DocumentError
from aoba.registers import quota
from aoba.registers.image import Image
from builders import raw


def defining(*stations):
    return decode(raw({"stations": list(stations)})).document


def station(unit, table="holding", files=None, **spans):
    ranges = [{"address_start": start, "length": length} for start, length in spans["at"]]
    found = {"id": unit, "mode": "master", "map": {table: ranges}}
    return found if files is None else {**found, "files": files}


@pytest.fixture
def small(monkeypatch):
    """A quota of 100 000 bytes."""
    monkeypatch.setattr(quota, "QUOTA", 100_000)


def scattered(count, first=0):
    return station(1, at=[(2 * i, 1) for i in range(first, first + count)])


def test_there_is_room_for_everything_that_modbus_can_address():
    image = Image()
    whole = [(0, 65_536)]
    for table in ("coils", "discrete_inputs", "holding", "input"):
        image.apply("all", defining(*(station(unit, table, at=whole) for unit in range(1, 248))))

    assert len(image.stations) == 247


@pytest.mark.usefixtures("small")
def test_what_grows_for_ever_is_refused_with_its_place():
    image = Image()

    def grow():
        for first in range(0, 1000, 10):
            image.apply("a", defining(scattered(10, first)))

    with pytest.raises(DocumentError) as caught:
        grow()
    assert caught.value.path.startswith("stations[0].map.holding[")
    assert "more than one source may define" in caught.value.reason


@pytest.mark.usefixtures("small")
def test_what_is_refused_changes_nothing():
    image = Image()
    image.apply("a", defining(station(1, at=[(0, 10)])))
    with pytest.raises(DocumentError):
        image.apply("a", defining(station(2, at=[(0, 1)]), scattered(1000)))

    assert list(image.stations) == [1]


@pytest.mark.usefixtures("small")
def test_the_same_again_takes_nothing():
    image = Image()
    for _ in range(100):
        image.apply("a", defining(scattered(300)))

    assert len(image.stations) == 1


@pytest.mark.usefixtures("small")
def test_rows_that_have_grown_together_are_counted_as_one():
    image = Image()
    for address in range(2000):
        image.apply("a", defining(station(1, at=[(address, 1)])))

    assert image.stations[1].tables[2].spans.covers(0, 2000)


@pytest.mark.usefixtures("small")
def test_each_source_has_a_quota_of_its_own():
    image = Image()
    image.apply("a", defining(scattered(300)))
    image.apply("b", defining(station(2, at=[(2 * i, 1) for i in range(300)])))
    with pytest.raises(DocumentError):
        image.apply("a", defining(scattered(300, 400)))


@pytest.mark.usefixtures("small")
def test_who_replaces_all_has_all_the_room_again():
    image = Image()
    for first in range(0, 3000, 300):
        image.apply("a", defining(scattered(300, first)), replace=True)

    assert list(image.stations) == [1]


def with_files(*numbers):
    files = {str(number): {"records": [0] * 9_000} for number in numbers}
    return defining(station(1, at=[(0, 1)], files=files))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("replace", [False, True])
def test_files_count_too(replace):
    image = Image()
    image.apply("a", with_files(1, 2))
    image.apply("a", with_files(1, 2))
    with pytest.raises(DocumentError, match=r"^stations\[0\]\.files\.8: "):
        image.apply("a", with_files(1, 2, 5, 6, 7, 8), replace=replace)


@pytest.mark.usefixtures("small")
def test_files_that_come_one_by_one_count_too():
    image = Image()
    for number in range(1, 6):
        image.apply("a", with_files(number))
    with pytest.raises(DocumentError, match=r"^stations\[0\]\.files\.6: "):
        image.apply("a", with_files(6))
