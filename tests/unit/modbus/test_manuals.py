import pytest

from aoba.modbus.manuals import beyond_hint, in_manuals, manual_hint
from aoba.modbus.spec import Table


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (10001, (Table.DISCRETE_INPUTS, 0)),
        (30005, (Table.INPUT, 4)),
        (40001, (Table.HOLDING, 0)),
        (49999, (Table.HOLDING, 9998)),
        (400001, (Table.HOLDING, 0)),
        (465536, (Table.HOLDING, 65535)),
        (465537, None),
        (40000, None),
        (20001, None),
        (50000, None),
        (1, None),
    ],
)
def test_what_a_manual_may_call_so(number, meant):
    assert in_manuals(number) == meant


def test_what_looks_like_the_number_in_a_manual_may_be_one():
    assert manual_hint(Table.HOLDING, 40003) == (
        " (addresses count from 0: 40003 of a manual may be 2 here)"
    )
    assert manual_hint(Table.INPUT, 40003) == ""
    assert manual_hint(Table.HOLDING, 3) == ""


def test_what_is_no_address_is_told_with_the_one_it_stands_for():
    assert beyond_hint(465536) == (
        "; addresses count from 0: 465536 of a manual is holding 65535 here"
    )
    for number in (0, 40001, 65535, 70000, 200001, 465537):
        assert beyond_hint(number) == ""
