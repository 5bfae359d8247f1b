"""Lines of values beside their addresses."""

import pytest

from aoba.cli.grid import fitting, grid
from aoba.cli.typed import typed


def lines(table, address, values, *, data_type=None, count=None, **options):
    kind = typed(table, data_type, None, None, None, None)
    block = kind.block(1, address, count or len(values))
    return [row.plain for row in grid(block, kind, values, **options)]


def test_ten_registers_a_row():
    assert lines("holding", 95, list(range(12))) == [
        "holding   95..104   0  1  2  3  4  5  6  7  8  9",
        "holding  105..106  10 11".replace("holding", " " * 7),
    ]


def test_sixteen_bits_a_row():
    assert lines("coils", 0, [1] * 17) == [
        f"coils  0..15  {' '.join('1' * 16)}",
        "          16  1",
    ]


def test_a_value_of_several_registers_has_its_row():
    assert lines("input", 8, [1.5, -20.25], data_type="float32") == [
        "input    8..9     1.5",
        "       10..11  -20.25",
    ]


def test_a_string_is_one_line_that_moves_no_cursor():
    rows = lines("input", 0, ["a\x1b[2J"], data_type="string", count=4)

    assert rows == ['input  0..3  "a\\x1b[2J"']


@pytest.mark.parametrize(("width", "per_row"), [(80, 10), (42, 10), (41, 5), (20, 2), (1, 1)])
def test_rows_are_as_long_as_the_terminal_is_wide(width, per_row):
    rows = lines("input", 0, [10] * 10, width=width)

    assert len(rows) == 10 / per_row
    assert all(len(row) <= width for row in rows) or per_row == 1


def test_what_has_changed_is_marked():
    kind = typed("input", None, None, None, None, None)
    (row,) = grid(kind.block(1, 0, 3), kind, [5, 6, 7], changed={1})

    assert [row.plain[span.start : span.end] for span in row.spans if "reverse" in span.style] == [
        "6"
    ]


def test_the_widest_row_that_fits():
    assert [fitting((10, 5, 1), 3, width) for width in (39, 38, 19, 18, 0)] == [10, 5, 5, 1, 1]
    assert fitting((10, 5, 1), 3, None) == 10
