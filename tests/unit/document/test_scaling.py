"""Values out of registers and back, with the digits that a person would get by hand."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoba.document.scaling import Scaling
from aoba.document.values import Form

BY_HAND = [
    # data_type, raw, scale, offset, value
    ("uint64", 1764403200123, 0.001, None, 1764403200.123),  # milliseconds as seconds
    ("uint64", 1234567890123456789, 1, None, 1234567890123456789),
    ("uint64", 1234567890123456789, None, 1, 1234567890123456790),
    ("uint64", 2**64 - 1, 10, None, 184467440737095516150),
    ("uint64", 12345678901234567890, 0.1, None, 1234567890123456789),
    ("int64", -(2**63), 0.5, None, -(2**62)),
    ("uint16", 3, 0.1, None, 0.3),  # 0.30000000000000004 by floats
    ("uint16", 65535, 0.01, None, 655.35),
    ("uint16", 57, 0.1, -40, -34.3),
    ("uint32", 4294967295, 1e-05, 0.1, 42949.77295),
    ("int16", -35, 0.1, 0.3, -3.2),
    ("uint16", 7, 1e-07, None, 7e-07),
    ("uint16", 2500, 10, None, 25000),
    ("float32", 2.1, 0.1, None, 0.21),  # 2.0999999046325684 stands in the registers
    ("float64", 0.1, 3, None, 0.3),
    ("float64", 2.5, 1000.0, 1.0, 2501.0),
]


@pytest.mark.parametrize(("data_type", "raw", "scale", "offset", "value"), BY_HAND)
def test_values_by_hand(data_type, raw, scale, offset, value):
    cells = Form(data_type).encode([raw])
    form = Form(data_type, scale=scale, offset=offset)

    assert form.shown(cells) == [value]
    assert repr(form.shown(cells)[0]) == repr(value)  # 25000 rather than 25000.0
    if data_type != "float64":  # which has all digits of the quotient, the noise included
        assert form.encode([value]) == cells


numbers = st.decimals(-1000, 1000, places=4).map(float)
scales = numbers.filter(bool) | st.sampled_from([0.1, 0.001, 1e-9, 1e9, 1 / 3, 5e-324])


@given(st.integers(-(2**63), 2**64), scales, numbers)
def test_the_result_is_the_nearest_there_is(raw, scale, offset):
    """Against exact fractions of the numbers as they are written."""
    exact = raw * Fraction(repr(scale)) + Fraction(repr(offset))
    value = Scaling.of(scale, offset).of_integer(raw)

    if exact.denominator == 1 and (isinstance(value, int) or abs(exact) > 2**53):
        assert value == exact
    else:
        assert value == float(exact)


@given(st.floats(allow_nan=False, allow_infinity=False), scales, numbers)
def test_floats_too(raw, scale, offset):
    exact = Fraction(repr(raw)) * Fraction(repr(scale)) + Fraction(repr(offset))
    value = Scaling.of(scale, offset).of_float(raw)

    assert value == float(exact) if abs(exact) < Decimal("1.7e308") else abs(value) > 1.6e308


@given(
    st.sampled_from(["int32", "uint32", "int64", "uint64"]),
    st.integers(0, 2**31 - 1) | st.integers(2**52, 2**63 - 1),
    st.sampled_from([1, 2, 10, 1000]),
    st.integers(-(2**63), 2**63),
)
def test_integers_come_back_with_every_digit(name, raw, scale, offset):
    raw %= 2**31 if name.endswith("32") else 2**63
    form = Form(name, scale=scale, offset=offset if name.endswith("64") else offset % 1000)

    assert form.decode(form.encode(form.decode(Form(name).encode([raw])))) == [
        raw * form.scale + form.offset
    ]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_stays_so(value):
    same = Scaling.of(0.1, 5).of_float32(value)

    assert same == value or (math.isnan(same) and math.isnan(value))


def test_a_negative_scale_turns_infinity_round():
    assert Scaling.of(-2, 0).of_float(math.inf) == -math.inf


def test_what_is_beyond_any_float_is_infinite():
    scaling = Scaling.of(1e308, 0.5)

    assert (scaling.of_integer(10), scaling.of_integer(-10)) == (math.inf, -math.inf)
