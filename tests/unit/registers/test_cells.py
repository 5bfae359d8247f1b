import pytest

from aoba.errors import IllegalDataAddress
from aoba.modbus.spec import Table
from aoba.registers.cells import Cells


@pytest.fixture(params=[Table.COILS, Table.HOLDING], ids=lambda table: table.label)
def cells(request):
    return Cells(request.param)


def pattern(cells, start, stop):
    """A value for each address, in the form of a cell: of a bit, or of a register."""
    if cells.width == 1:
        return bytes(i // 3 % 2 for i in range(start, stop))
    return b"".join(i.to_bytes(2, "big") for i in range(start, stop))


def fill(cells, start, stop):
    cells.define(start, stop)
    cells.write(start, pattern(cells, start, stop))


@pytest.mark.parametrize(("table", "width"), [*zip(Table, (1, 1, 2, 2), strict=True)])
def test_a_bit_is_one_byte_and_a_register_two(table, width):
    assert Cells(table).width == width


def test_new_cells_are_zero(cells):
    cells.define(5, 8)

    assert cells.read(5, 8) == bytes(3 * cells.width)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (5, 8), (65535, 65536), (0, 65536)])
def test_reads_back_what_was_written(cells, start, stop):
    fill(cells, start, stop)

    assert cells.read(start, stop) == pattern(cells, start, stop)


def test_what_is_read_does_not_change_afterwards(cells):
    fill(cells, 0, 8)
    before = cells.read(0, 8)
    cells.write(0, bytes(8 * cells.width))

    assert before == pattern(cells, 0, 8)


@pytest.mark.parametrize(
    "defined",
    [
        [(10, 20)],  # the same again
        [(12, 15)],
        [(5, 10)],  # touches before
        [(20, 30)],  # touches behind
        [(5, 15)],
        [(15, 25)],
        [(0, 30)],  # around
        [(30, 40), (20, 30)],  # closes the gap to another one
        [(0, 5), (30, 40), (0, 65536)],
    ],
)
def test_defining_more_keeps_values(cells, defined):
    fill(cells, 10, 20)
    for start, stop in defined:
        cells.define(start, stop)

    assert cells.read(10, 20) == pattern(cells, 10, 20)
    for start, stop in defined:
        first = cells.read(start, stop)
        for i in set(range(start, stop)) - set(range(10, 20)):
            at = cells.width * (i - start)
            assert not any(first[at : at + cells.width])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)])
def test_reads_and_writes_across_ranges_defined_one_by_one(cells, order):
    ranges = [(10, 20), (20, 25), (25, 40)]
    for i in order:
        fill(cells, *ranges[i])
    assert cells.read(12, 38) == pattern(cells, 12, 38)

    cells.write(15, bytes(15 * cells.width))
    assert cells.read(15, 30) == bytes(15 * cells.width)
    assert cells.read(30, 40) == pattern(cells, 30, 40)


def test_ranges_apart_are_apart(cells):
    fill(cells, 0, 5)
    fill(cells, 10, 15)
    fill(cells, 6, 8)

    assert cells.read(0, 5) == pattern(cells, 0, 5)
    assert cells.read(6, 8) == pattern(cells, 6, 8)
    assert cells.read(10, 15) == pattern(cells, 10, 15)


@pytest.mark.parametrize(
    ("start", "stop"), [(9, 10), (9, 11), (19, 21), (20, 21), (9, 21), (10, 31), (65535, 65536)]
)
def test_what_is_not_defined_is_neither_read_nor_written(cells, start, stop):
    fill(cells, 10, 20)
    fill(cells, 30, 40)

    with pytest.raises(IllegalDataAddress) as caught:
        cells.read(start, stop)
    assert str(caught.value).startswith(cells.table.label)
    assert (caught.value.address, caught.value.quantity) == (start, stop - start)
    with pytest.raises(IllegalDataAddress):
        cells.write(start, b"\x01" * cells.width * (stop - start))
    assert cells.read(10, 20) == pattern(cells, 10, 20)
    assert cells.read(30, 40) == pattern(cells, 30, 40)


def test_many_ranges_out_of_order_become_one(cells):
    for i in [*range(0, 4096, 2), *range(4095, 0, -2)]:
        fill(cells, i, i + 1)

    assert list(cells.spans) == [(0, 4096)]
    assert [len(block) for block in cells._blocks] == [4096 * cells.width]
    assert cells.read(0, 4096) == pattern(cells, 0, 4096)


def test_an_exchange_gives_what_was_there_and_a_refused_one_changes_nothing():
    cells = Cells(Table.HOLDING)
    cells.define(4, 7)
    cells.write(4, b"\0\1\0\2\0\3")

    assert cells.exchange(5, b"\0\7\0\x08") == b"\0\2\0\3"
    with pytest.raises(IllegalDataAddress):
        cells.exchange(6, bytes(4))
    assert cells.read(4, 7) == b"\0\1\0\7\0\x08"
