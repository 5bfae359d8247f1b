import random

import pytest

from aoba.document.decode import decode
from aoba.errors import DocumentError
from aoba.modbus.spec import Table
from aoba.registers import quota
from aoba.registers.image import Image
from aoba.spans import Spans
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


def bytes_of(image):
    """What everything takes, counted anew."""
    return sum(
        quota.PER_SPAN + (1 if table.is_bits else 2) * (stop - start)
        for bank in image.stations.values()
        for table in Table
        for start, stop in bank.tables[table].spans
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_is_in_use_is_known_whatever_grows_together(seed):
    draw = random.Random(seed)
    image = Image()
    for _ in range(60):
        ends = sorted(draw.sample(range(120), 2 * draw.randrange(1, 8)))
        at = [(start, stop - start) for start, stop in zip(ends[::2], ends[1::2], strict=True)]
        at += [
            (stop, 1)
            for _, stop in zip(ends[::2], ends[1::2], strict=True)
            if stop not in ends[::2]
        ][:1]
        draw.shuffle(at)
        table = draw.choice(("coils", "holding"))
        image.apply("a", defining(station(draw.choice((1, 2)), table, at=at)))

        assert image._quotas["a"]._used == bytes_of(image)


@pytest.mark.usefixtures("small")
def test_what_is_too_much_is_found_without_a_look_at_all_that_is_there(monkeypatch):
    image = Image()
    image.apply("a", defining(scattered(380)))
    looks = []
    monkeypatch.setattr(Spans, "__iter__", lambda _: looks.append(1))
    for first in range(1000, 1020):
        with pytest.raises(DocumentError):
            image.apply("a", defining(scattered(10, first)))

    assert looks == []


@pytest.mark.usefixtures("small")
def test_who_fills_gaps_has_more_room_than_before():
    image = Image()
    image.apply("a", defining(scattered(380)))
    image.apply("a", defining(station(1, at=[(0, 700)])))
    image.apply("a", defining(scattered(300, 1000)))

    assert image._quotas["a"]._used == bytes_of(image)
