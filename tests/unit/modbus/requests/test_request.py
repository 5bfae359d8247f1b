"""What is checked of any request, before an address is looked at."""

import pytest

from aoba.errors import IllegalDataValue
from aoba.modbus.requests.request import (
    expect_at_least,
    expect_byte_count,
    expect_length,
    expect_quantity,
)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (lambda got: expect_length(bytes(got), 5), [5], [0, 4, 6]),
        (lambda got: expect_at_least(bytes(got), 5), [5, 6, 253], [0, 4]),
        (lambda got: expect_quantity(got, 125), [1, 125], [0, 126, 65535]),
        (lambda got: expect_byte_count(got, 4), [4], [0, 3, 5, 255]),
    ],
    ids=["length", "at least", "quantity", "byte count"],
)
def test_what_is_wrong_is_an_illegal_value_that_is_named(check, good, bad):
    for got in good:
        check(got)
    for got in bad:
        with pytest.raises(IllegalDataValue, match=rf"\b{got}\b"):
            check(got)
