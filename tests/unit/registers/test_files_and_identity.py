"""Files, queues and identification objects, as documents define them."""

import pytest

from aoba.errors import DocumentError, IllegalDataAddress
from aoba.identity import DEFAULT_IDENTITY
from aoba.registers.image import Image
from builders import a_range, a_station, decoded, stations


def a_fifo(pointer, *values):
    return a_range(pointer, list(values), fifo=True)


def having(unit=1, mode="master", *, files=None, fifos=(), identity=None, identity_=None):
    """A document of one station; `identity_` is that of the document as a whole."""
    station = a_station(unit, mode, holding=list(fifos))
    if files is not None:
        station["files"] = {str(number): {"records": r} for number, r in files.items()}
    if identity is not None:
        station["identity"] = identity
    return decoded(stations(station, **({} if identity_ is None else {"identity": identity_})))


def records(image, number, count, unit=1):
    cells = image.stations[unit].read_file(number, 0, count)
    return [int.from_bytes(cells[i : i + 2], "big") for i in range(0, len(cells), 2)]


@pytest.fixture
def image():
    return Image()


@pytest.mark.parametrize(("mode", "kept"), [("master", [7, 8]), ("slave", [99, 2])])
def test_who_owns_the_records_of_a_file(image, mode, kept):
    image.apply("a", having(mode=mode, files={4: [1, 2]}))
    image.stations[1].write_file(4, 0, b"\x00\x63")
    image.apply("a", having(mode=mode, files={4: [7, 8, 9]}))

    assert records(image, 4, 3) == [*kept, 9]


@pytest.mark.parametrize("mode", ["master", "slave"])
def test_a_queue_follows_the_script_whoever_owns_the_rest(image, mode):
    image.apply("a", having(mode=mode, fifos=[a_fifo(10, 1, 2, 3), a_fifo(20, 4)]))
    image.apply("a", having(mode=mode, fifos=[a_fifo(10, 5)]))
    assert image.stations[1].read_fifo(10) == b"\x00\x05"
    assert image.stations[1].read_fifo(20) == b"\x00\x04"

    image.apply("a", having(mode=mode, fifos=[a_fifo(10)]))
    assert image.stations[1].read_fifo(10) == b""


def test_a_queue_without_values_stays_as_it_is(image):
    without = a_range(10, fifo=True)
    image.apply("a", having(fifos=[without]))
    assert image.stations[1].read_fifo(10) == b""

    image.apply("a", having(fifos=[a_fifo(10, 1)]))
    image.apply("a", having(fifos=[without]))
    assert image.stations[1].read_fifo(10) == b"\x00\x01"


def test_a_queue_is_no_holding_register_and_may_stand_beside_one(image):
    image.apply("a", having(fifos=[a_fifo(10, 1, 2), a_range(10, [3])]))
    bank = image.stations[1]

    assert bank.read_fifo(10) == b"\x00\x01\x00\x02"
    assert bank.read(2, 10, 1) == b"\x00\x03"
    with pytest.raises(IllegalDataAddress):
        bank.read(2, 10, 2)
    with pytest.raises(IllegalDataAddress, match="fifo 11 is not defined"):
        bank.read_fifo(11)


def test_identity_of_a_station_comes_before_that_of_the_document_and_of_aoba():
    image = Image({**DEFAULT_IDENTITY, 0: b"ours", 5: b"model"})
    shared = {"vendor_name": "document", "product_code": "document"}
    image.apply("a", having(identity={"vendor_name": "station", "0x80": "x"}, identity_=shared))
    assert image.stations[1].identity == {
        0: b"station",
        1: b"document",
        2: DEFAULT_IDENTITY[2],
        5: b"model",
        0x80: b"x",
    }


def test_identity_of_a_document_is_for_its_own_stations_only(image):
    image.apply("a", having(1, identity_={"vendor_name": "a"}))
    image.apply("b", having(2))

    assert image.stations[1].identity[0] == b"a"
    assert image.stations[2].identity == DEFAULT_IDENTITY


def test_an_object_stays_until_a_document_replaces_it(image):
    image.apply("a", having(identity={"vendor_name": "one", "model_name": "m"}))
    image.apply("a", having(identity={"vendor_name": "two"}))
    image.apply("a", having())

    assert (image.stations[1].identity[0], image.stations[1].identity[5]) == (b"two", b"m")


CONFLICTS = [
    (
        {"files": {4: [1]}},
        {"files": {3: [1], 4: [1]}},
        "stations[0].files.4: station 1 file 4 already belongs to a",
    ),
    (
        {"fifos": [a_fifo(10, 1)]},
        {"fifos": [a_range(0, [1]), a_fifo(10, 1)]},
        "stations[0].map.holding[1]: station 1 fifo 10 already belongs to a",
    ),
    (
        {"identity": {"vendor_name": "a"}},
        {"identity": {"vendor_name": "a"}},
        "stations[0].identity.vendor_name: station 1 identity vendor_name already belongs to a",
    ),
    (
        {"identity": {"0x8a": "a"}},
        {"identity_": {"0x8A": "a"}},
        "identity: station 1 identity 0x8A already belongs to a",
    ),
]


@pytest.mark.parametrize(("first", "second", "message"), CONFLICTS)
def test_what_belongs_to_another_source_is_refused_and_nothing_changes(
    image, first, second, message
):
    image.apply("a", having(**first))
    before = image.stations[1].identity, dict(image.stations[1].files)

    with pytest.raises(DocumentError) as caught:
        image.apply("b", having(**second))

    assert str(caught.value) == message
    assert (image.stations[1].identity, dict(image.stations[1].files)) == before


@pytest.mark.parametrize(("first", "second", "_"), CONFLICTS)
def test_the_same_in_another_station_is_no_conflict(image, first, second, _):
    image.apply("a", having(1, **first))
    image.apply("b", having(2, **second))

    assert set(image.stations) == {1, 2}


def test_a_range_and_a_queue_of_two_sources_may_have_the_same_address(image):
    image.apply("a", having(fifos=[a_range(10, [1])]))
    image.apply("b", having(fifos=[a_fifo(10, 2)]))

    assert image.stations[1].read_fifo(10) == b"\x00\x02"


def test_a_replaced_source_leaves_what_the_others_have(image):
    image.apply("a", having(files={1: [1]}, fifos=[a_fifo(1, 1)], identity={"0x81": "a"}))
    image.apply("b", having(files={2: [2]}, fifos=[a_fifo(2, 2)], identity={"0x82": "b"}))
    image.stations[1].write_file(2, 0, b"\x00\x63")

    image.apply("a", having(files={3: [3]}), replace=True)

    bank = image.stations[1]
    assert sorted(bank.files) == [2, 3]
    assert records(image, 2, 1) == [99]
    assert bank.fifos == {2: b"\x00\x02"}
    assert bank.identity == {**DEFAULT_IDENTITY, 0x82: b"b"}
    assert bank.unit == 1
    image.apply("b", having(files={1: [5]}))  # it is free again
    assert records(image, 1, 1) == [5]


def test_a_station_of_a_replaced_source_alone_starts_afresh(image):
    image.apply("a", having(files={1: [1, 2]}, identity={"vendor_name": "x"}))
    image.apply("a", having(), replace=True)

    assert image.stations[1].files == {}
    assert image.stations[1].identity == DEFAULT_IDENTITY
