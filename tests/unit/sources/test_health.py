import struct

import pytest

from aoba.errors import DocumentError, UsageError
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.health import Health
from aoba.sources.health_place import ACCEPTED, HealthPlace, parse_health
from builders import decoded, one_range, stations

PLACE = HealthPlace(3, "input", 100)


def published(image, place=PLACE, **values):
    given = {"age": 1.5, "runs": 7, "failures": 2, "status": 0, "is_stale": False, **values}
    Health("a.py", place, image).publish(**given)
    table = Table[place.table.upper()]
    return image.stations[place.unit].read(table, place.address, 8)


@pytest.mark.parametrize("place", [PLACE, HealthPlace(247, "holding", 65528)])
def test_the_layout(place):
    assert published(Image(), place, age=1.5, runs=70_000, failures=2, status=3, is_stale=True) == (
        b"\x00\x00\x05\xdc"  # 1500 ms
        b"\x00\x01\x11\x70"  # 70 000 runs
        b"\x00\x00\x00\x02"  # 2 failures
        b"\x00\x03"  # exit status 3
        b"\x00\x01"  # stale
    )


def test_what_is_there_before_anything_has_happened():
    image = Image()
    Health("a.py", PLACE, image)

    assert image.stations[3].read(Table.INPUT, 100, 8) == b"\xff" * 4 + bytes(11) + b"\1"


@pytest.mark.parametrize(
    ("age", "ms"), [(0.0, 0), (0.0004, 0), (None, 0xFFFFFFFF), (1e9, 0xFFFFFFFE), (60.0, 60000)]
)
def test_age(age, ms):
    assert struct.unpack_from(">I", published(Image(), age=age)) == (ms,)


@pytest.mark.parametrize(("status", "register"), [(0, 0), (255, 255), (-9, 65527), (-15, 65521)])
def test_exit_status(status, register):
    assert struct.unpack_from(">H", published(Image(), status=status), 12) == (register,)


def test_counters_go_round():
    cells = published(Image(), runs=2**32 + 1, failures=2**32)

    assert struct.unpack_from(">II", cells, 4) == (1, 0)


def test_its_own_script_may_not_define_these_registers():
    image = Image()
    Health("a.py", HealthPlace(1, "input", 9000), image)

    with pytest.raises(DocumentError, match=r"input 9007 already belongs to the health of a\.py"):
        image.apply("a.py", decoded(one_range("input", 9007, [1])))


def test_two_sources_cannot_have_the_same():
    image = Image()
    Health("a.py", HealthPlace(1, "input", 9000), image)
    Health("b.py", HealthPlace(1, "holding", 9000), image)

    with pytest.raises(DocumentError, match=r"input 9007 already belongs to the health of a\.py"):
        Health("c.py", HealthPlace(1, "input", 9007), image)


def test_an_edited_script_and_a_stale_one_keep_their_health():
    image = Image()
    before = published(image)
    image.apply("a.py", decoded(one_range("input", 0, [1])))
    image.mark_stale("a.py", as_zero=True)
    assert image.stations[3].read(Table.INPUT, 100, 8) == before

    image.apply("a.py", decoded(stations()), replace=True)
    assert image.stations[3].read(Table.INPUT, 100, 8) == before


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1:input:9000", HealthPlace(1, "input", 9000)),
        ("247:holding:65528", HealthPlace(247, "holding", 65528)),
    ],
)
def test_places(text, place):
    assert parse_health(text) == place


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1:coils:9000", f"expected {ACCEPTED}, got '1:coils:9000'"),
        ("1:input", f"expected {ACCEPTED}, got '1:input'"),
        ("1:input:-1", f"expected {ACCEPTED}, got '1:input:-1'"),
        ("0:input:0", "expected a unit id from 1 to 247, got 0"),
        ("248:input:0", "expected a unit id from 1 to 247, got 248"),
        ("1:input:65529", "8 registers: expected an address up to 65528, got 65529"),
    ],
)
def test_other_places_are_refused(text, reason):
    with pytest.raises(UsageError) as caught:
        parse_health(text)
    assert str(caught.value) == reason


def test_an_address_out_of_a_manual_is_told_with_what_it_may_be():
    assert parse_health("1:holding:40001").hint == (
        "its health is in holding 40001 (addresses count from 0: 40001 of a manual may be 0 here)"
    )
    assert parse_health("1:input:40001").hint == ""
    with pytest.raises(
        UsageError, match="got 300001; addresses count from 0: 300001 of a manual is"
    ):
        parse_health("1:input:300001")
