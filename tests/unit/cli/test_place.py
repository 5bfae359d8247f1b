"""Addresses as users type them."""

import pytest

from aoba.cli.place import Place, parse_place
from aoba.cli.typed import Typed
from aoba.document.values import Form
from aoba.errors import UsageError
from aoba.modbus.spec import Table

WORD, LONG = Typed(Table.HOLDING, Form("uint16")), Typed(Table.HOLDING, Form("uint32"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("40", Place(40)),
        ("0x28", Place(40)),
        ("0-99", Place(0, 100)),
        ("7-7", Place(7, 1)),
        ("40.3", Place(40, bit=3)),
        ("65535", Place(65535)),
    ],
)
def test_a_place(text, place):
    assert parse_place(text) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--tipe", "no such option: --tipe"),
        ("forty", "ADDRESS: expected 0..65535, or first and last as in 0-99"),
        ("65536", "ADDRESS: expected 0..65535, got 65536"),
        ("0-65536", "ADDRESS: expected 0..65535, got 0-65536"),
        ("9-8", "ADDRESS: expected the first one before the last, got 9-8"),
        ("400001", "addresses count from 0: 400001 of a manual is holding 0 here"),
    ],
)
def test_what_is_no_place(text, words):
    with pytest.raises(UsageError) as caught:
        parse_place(text)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("place", "given", "typed", "count"),
    [
        (Place(0), None, WORD, 1),
        (Place(0), 5, WORD, 5),
        (Place(0, 6), None, WORD, 6),
        (Place(0, 6), None, LONG, 3),
    ],
)
def test_how_many_values_there_are(place, given, typed, count):
    assert place.values(given, typed) == count


def test_values_that_do_not_fill_the_addresses():
    with pytest.raises(UsageError, match="expected a multiple of 2 registers, for uint32, got 5"):
        Place(0, 5).values(None, LONG)
    with pytest.raises(UsageError, match="expected none, since ADDRESS says what is the last one"):
        Place(0, 5).values(5, WORD)
    with pytest.raises(UsageError, match="expected values for 5 addresses, got 4"):
        Place(0, 5).expect(4)
    Place(0, 5).expect(5)
    Place(0).expect(4)
