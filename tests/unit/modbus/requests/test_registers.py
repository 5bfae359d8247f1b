"""Functions 22, 23 and 24, by bytes."""

import pytest

from aoba.errors import IllegalDataAddress, IllegalDataValue
from aoba.modbus.requests.registers import MaskWrite, ReadFifo, ReadWrite
from aoba.modbus.spec import Table
from support.station import FakeStation


def holding(*values):
    return b"".join(value.to_bytes(2, "big") for value in values)


@pytest.fixture
def station():
    return FakeStation(holding=holding(0x12, 1, 2, 3, 4, 5, 6, 7, 8, 9))


def test_a_mask_keeps_some_bits_and_sets_others(station):
    pdu = bytes.fromhex("16 0000 00f2 0025")  # the example of section 6.16

    assert MaskWrite.decode(pdu).carry_out(station, None) == pdu
    assert station.stored(Table.HOLDING, 0, 2) == holding(0x17, 1)


def test_a_mask_for_what_is_not_there(station):
    with pytest.raises(IllegalDataAddress):
        MaskWrite.decode(bytes.fromhex("16 000a 00f2 0025")).carry_out(station, None)


def test_what_is_written_is_read_in_the_same_request(station):
    pdu = bytes.fromhex("17 0001 0003 0002 0001 02 abcd")  # read 1..3, write 2

    response = ReadWrite.decode(pdu).carry_out(station, None)
    assert response == bytes.fromhex("17 06 0001 abcd 0003")
    assert station.calls == ["read 1..3", "write 2..2", "read 1..3"]


@pytest.mark.parametrize(
    "pdu",
    [
        "17 0009 0002 0002 0001 02 abcd",  # reads what is not there
        "17 0001 0003 000a 0001 02 abcd",  # writes what is not there
    ],
)
def test_what_is_refused_has_written_nothing(station, pdu):
    before = bytes(station.tables[Table.HOLDING])
    with pytest.raises(IllegalDataAddress):
        ReadWrite.decode(bytes.fromhex(pdu)).carry_out(station, None)

    assert station.tables[Table.HOLDING] == before


@pytest.mark.parametrize(
    "pdu",
    [
        "17 0001 0000 0002 0001 02 abcd",  # nothing to read
        "17 0001 007e 0002 0001 02 abcd",  # 126 registers
        "17 0001 0001 0002 0000 00",  # nothing to write
        "17 0001 0001 0002 007a f4" + 244 * "00",  # 122 registers
        "17 0001 0001 0002 0001 03 abcdef",  # the byte count is no multiple
        "17 0001 0001 0002 0001 02 ab",  # a byte is missing
        "17 0001 0001 0002 0001 02 abcdef",  # one is too many
    ],
)
def test_what_no_read_and_write_is(pdu):
    with pytest.raises(IllegalDataValue):
        ReadWrite.decode(bytes.fromhex(pdu))


def test_a_queue_is_told_with_its_length_and_stays(station):
    station.queues[7] = holding(0x01B8, 0x1284)
    request = ReadFifo.decode(bytes.fromhex("18 0007"))

    for _ in range(2):
        assert request.carry_out(station, None) == bytes.fromhex("18 0006 0002 01b8 1284")
    with pytest.raises(IllegalDataAddress):
        ReadFifo.decode(bytes.fromhex("18 0008")).carry_out(station, None)
