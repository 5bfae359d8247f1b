import pytest
from msgspec import UNSET

from aoba.document.ranges import BitRange, RegisterRange
from aoba.document.values import form_of

BOTH = pytest.mark.parametrize("range_type", [BitRange, RegisterRange])


@BOTH
@pytest.mark.parametrize(
    ("start", "length", "values", "span"),
    [
        (0, 1, UNSET, (0, 1)),
        (5, 3, [1, 1], (5, 8)),
        (5, UNSET, [1, 1], (5, 7)),
        (65535, 1, [1], (65535, 65536)),
        (0, 65536, UNSET, (0, 65536)),
        (7, 2, [], (7, 9)),
    ],
)
def test_span_of_a_range(range_type, start, length, values, span):
    assert range_type(start, length, values).span == span


@BOTH
@pytest.mark.parametrize(
    ("start", "length", "values", "reason"),
    [
        (0, UNSET, UNSET, "`length` is missing, and there are no `initial_values` to count"),
        (0, UNSET, [], "`length` is missing, and there are no `initial_values` to count"),
        (1, 65536, UNSET, "address_start + length: expected at most 65536, got 1 + 65536"),
        (65535, 2, UNSET, "address_start + length: expected at most 65536, got 65535 + 2"),
        (65535, UNSET, [1, 1], "address_start + length: expected at most 65536, got 65535 + 2"),
        (0, 2, [1, 1, 1], "initial_values: expected at most 2, got 3"),
    ],
)
def test_a_range_that_cannot_be_is_not_built(range_type, start, length, values, reason):
    with pytest.raises(ValueError, match=r"expected|missing") as caught:
        range_type(start, length, values)

    assert str(caught.value) == reason


def test_cells_of_registers_are_big_endian():
    assert RegisterRange(0, UNSET, [0, 1, 0x1234, 65535]).cells() == (
        b"\x00\x00"  # 0
        b"\x00\x01"  # 1
        b"\x12\x34"  # 0x1234
        b"\xff\xff"  # 65535
    )


def test_cells_of_bits_are_0_or_1_whatever_the_number():
    values = [False, True, 0, 1, 2, -1, 256, 2**64, 10**90]

    assert BitRange(0, UNSET, values).cells() == b"\x00\x01\x00\x01\x01\x01\x01\x01\x01"


@BOTH
def test_cells_are_as_many_as_values_came(range_type):
    assert range_type(0, 5).cells() == b""
    assert len(range_type(0, 5, [1, 1]).cells()) in (2, 4)


def typed(data_type, values=UNSET, *, start=0, length=UNSET, **more):
    return RegisterRange(start, length, values, data_type=data_type, **more)


@pytest.mark.parametrize(
    ("data_type", "values", "length", "taken", "cells"),
    [
        ("uint32", [1, 2], UNSET, 4, "00000001 00000002"),
        ("uint32", [1], 6, 6, "00000001"),
        ("float64", UNSET, 8, 8, ""),
        ("string", "PUMP 7", UNSET, 3, "50554d502037"),
        ("string", ["PUMP 7"], UNSET, 3, "50554d502037"),
        ("string", "PUMPE", UNSET, 3, "50554d504500"),
        ("string", "A", 3, 3, "410000000000"),
        ("string", "", 2, 2, "00000000"),
        ("string", [], 2, 2, ""),
        ("string", UNSET, 2, 2, ""),
        ("string", "\u00b0C", UNSET, 2, "c2b04300"),
    ],
)
def test_length_and_cells_of_typed_values(data_type, values, length, taken, cells):
    item = typed(data_type, values, start=7, length=length)

    assert item.span == (7, 7 + taken)
    assert item.cells() == bytes.fromhex(cells)


def test_the_form_is_what_was_given():
    item = typed("int32", [1], word_order="little", scale=0.5)

    assert item.form == form_of("int32", "little", UNSET, 0.5, UNSET)
    assert RegisterRange(0, 1).form is form_of(UNSET, UNSET, UNSET, UNSET, UNSET)


@pytest.mark.parametrize(
    ("data_type", "values", "more", "reason"),
    [
        ("uint32", UNSET, {"length": 3}, ".length: expected a multiple of 2, for uint32"),
        ("uint32", [1, 2**32, -1], {}, ".initial_values[1]: expected 0..4294967295"),
        ("uint32", "12", {}, ".initial_values: expected a list"),
        ("string", ["A", "B"], {}, ".initial_values: expected a string"),
        ("string", [1], {}, ".initial_values[0]: expected a string"),
        ("string", "ABC", {"length": 1},
         "initial_values: expected at most 2 bytes in 1 registers, got 3"),
        ("uint16", [1], {"scale": 0.0}, ".scale: expected a number other than 0"),
        ("int64", [1] * 16385, {},
         "address_start + length: expected at most 65536, got 0 + 65540"),
    ],
)  # fmt: skip
def test_a_typed_range_that_cannot_be_is_not_built(data_type, values, more, reason):
    with pytest.raises(ValueError, match="expected") as caught:
        typed(data_type, values, **more)

    assert str(caught.value) == reason
