import pytest

from aoba.modbus.manuals import manual_hint
from aoba.modbus.spec import Table


@pytest.mark.parametrize(
    ("table", "address", "meant"),
    [
        (Table.HOLDING, 40001, 0),
        (Table.HOLDING, 49999, 9998),
        (Table.INPUT, 30005, 4),
        (Table.DISCRETE_INPUTS, 10001, 0),
    ],
)
def test_what_looks_like_the_number_in_a_manual(table, address, meant):
    assert manual_hint(table, address) == (
        f" (addresses count from 0: {address} of a manual may be {meant} here)"
    )


@pytest.mark.parametrize(
    ("table", "address"),
    [(Table.HOLDING, 40000), (Table.HOLDING, 50000), (Table.INPUT, 40001), (Table.COILS, 1)],
)
def test_what_does_not(table, address):
    assert manual_hint(table, address) == ""
