"""How numbers are shown."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoba.document.digits import as_text, finite_or_none, shortest_float32


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


@pytest.mark.parametrize(
    "shown",
    [0.0, 0.1, -123.456, 3.1415927, 16777216.0, 10428.3955, 3.4028235e38],
)
def test_a_float32_has_the_digits_it_was_written_with(shown):
    assert shortest_float32(float32(shown)) == shown


@given(st.floats(width=32, allow_nan=False))
def test_a_float32_never_becomes_another_one_and_has_nine_digits_at_most(value):
    shown = shortest_float32(value)

    assert shown == value or float32(shown) == value
    assert math.isinf(value) or shown == float(f"{shown:.9g}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567890123456789, "1234567890123456789"),
        (2**64 - 1, "18446744073709551615"),
        (1764403200.123, "1764403200.123"),
        (21.0, "21"),
        (-0.5, "-0.5"),
        (1e22, "1e+22"),
        (1, "1"),
    ],
)
def test_text_is_in_full(value, text):
    assert as_text(value) == text


@given(st.floats(allow_nan=False) | st.integers(-(2**64), 2**64))
def test_text_gives_the_same_number(value):
    assert type(value)(as_text(value)) == value


def test_what_json_does_not_know_is_none():
    numbers = [math.nan, math.inf, -math.inf, 1.5, 2**64, "PUMP"]

    assert list(map(finite_or_none, numbers)) == [None, None, None, 1.5, 2**64, "PUMP"]
