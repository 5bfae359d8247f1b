import pytest

from aoba.errors import IllegalDataAddress
from aoba.modbus.answer import answer
from aoba.modbus.response_cache import ResponseCache
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.registers.changes import Changes
from builders import CLIENT


@pytest.fixture
def bank():
    """Addresses 0..3 of every table, each table with a value of its own."""
    bank = Bank(ResponseCache(), Changes())
    for table in Table:
        bank.tables[table].define(0, 4)
        bank.tables[table].write(0, bytes((table % 2,)) * 4 * bank.tables[table].width)
    return bank


def test_a_new_bank_has_no_addresses():
    bank = Bank(ResponseCache(), Changes())

    for table in Table:
        with pytest.raises(IllegalDataAddress):
            bank.read(table, 0, 1)


@pytest.mark.parametrize("table", Table)
def test_tables_stand_in_the_order_of_the_specification(bank, table):
    assert bank.tables[table].table is table


@pytest.mark.parametrize("table", Table)
def test_a_write_is_seen_in_its_own_table_alone(bank, table):
    before = {other: bank.read(other, 0, 4) for other in Table if other != table}
    cells = b"\x01\x00" if table.is_bits else b"\x12\x34\x56\x78"

    bank.write(table, 1, cells, CLIENT)

    assert bank.read(table, 1, 2) == cells
    assert {other: bank.read(other, 0, 4) for other in Table if other != table} == before


@pytest.mark.parametrize("table", Table)
def test_quantity_counts_items_not_bytes(bank, table):
    assert len(bank.read(table, 0, 4)) == 4 * bank.tables[table].width
    with pytest.raises(IllegalDataAddress, match=rf"{table.label} 1\.\.4 is not defined"):
        bank.read(table, 1, 4)


@pytest.mark.parametrize("table", Table)
def test_a_refused_write_changes_nothing(bank, table):
    before = bank.read(table, 0, 4)

    with pytest.raises(IllegalDataAddress):
        bank.write(table, 3, b"\x01" * 2 * bank.tables[table].width, CLIENT)
    assert bank.read(table, 0, 4) == before


def test_answers_requests(bank):
    assert answer(bank, b"\x10\x00\x01\x00\x01\x02\xab\xcd", CLIENT) == b"\x10\x00\x01\x00\x01"
    assert answer(bank, b"\x03\x00\x00\x00\x03", CLIENT) == b"\x03\x06\x00\x00\xab\xcd\x00\x00"
    assert answer(bank, b"\x02\x00\x00\x00\x04", CLIENT) == b"\x02\x01\x0f"
    assert answer(bank, b"\x02\x00\x00\x00\x05", CLIENT) == b"\x82\x02"
