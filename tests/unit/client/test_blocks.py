"""Blocks are named as a user knows them, and cut where the specification says."""

import pytest

from aoba.client.blocks import Block, to_read, to_write
from aoba.modbus.spec import Table
from aoba.spans import Span

CASES = {
    "registers read": (to_read, Table.HOLDING, 300, 1, [125, 125, 50]),
    "pairs read": (to_read, Table.INPUT, 300, 2, [124, 124, 52]),
    "fours read": (to_read, Table.INPUT, 128, 4, [124, 4]),
    "as much as fits": (to_read, Table.HOLDING, 125, 125, [125]),
    "a string beyond the limit": (to_read, Table.HOLDING, 126, 126, [125, 1]),
    "bits read": (to_read, Table.COILS, 4001, 1, [2000, 2000, 1]),
    "registers written": (to_write, Table.HOLDING, 124, 1, [123, 1]),
    "pairs written": (to_write, Table.HOLDING, 124, 2, [122, 2]),
    "bits written": (to_write, Table.COILS, 1969, 1, [1968, 1]),
}


@pytest.mark.parametrize(("cut", "table", "size", "step", "sizes"), CASES.values(), ids=CASES)
def test_parts_of_a_block(cut, table, size, step, sizes):
    block = Block(1, table, Span(10, 10 + size))

    assert [part.size for part in cut(block, step)] == sizes


def test_single_writes_have_one_address_each():
    block = Block(1, Table.HOLDING, Span(5, 8))

    assert [part.span for part in to_write(block, 2, single=True)] == [
        Span(5, 6),
        Span(6, 7),
        Span(7, 8),
    ]


def test_a_block_is_named_by_its_addresses_its_table_and_its_station():
    assert str(Block(7, Table.DISCRETE_INPUTS, Span(0, 10))) == "0-9 discrete_inputs at station 7"
    assert str(Block(1, Table.HOLDING, Span(65535, 65536))) == "65535 holding at station 1"
