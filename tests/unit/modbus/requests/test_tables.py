"""One case table for each direction: what a PDU means, and which are refused with 03."""

import struct

import pytest

from aoba.errors import IllegalDataValue
from aoba.modbus.functions import carry_out, decode
from aoba.modbus.requests.tables import Read, Write
from aoba.modbus.spec import Table
from builders import CLIENT


class FakeStation:
    """Has `cells` everywhere; remembers every call."""

    def __init__(self, cells):
        self.cells = cells
        self.calls = []

    def read(self, *read):
        self.calls.append(read)
        return self.cells

    def write(self, table, address, cells, client):
        assert client is CLIENT
        self.calls.append((table, address, cells))


READS = [
    (
        (
            b"\x01"  # function: read coils
            b"\x00\x13"  # address 19
            b"\x00\x13"  # quantity 19
        ),
        Read(Table.COILS, 19, 19),
    ),
    (
        (
            b"\x02"  # function: read discrete inputs
            b"\x00\xc4"  # address 196
            b"\x00\x16"  # quantity 22
        ),
        Read(Table.DISCRETE_INPUTS, 196, 22),
    ),
    (
        (
            b"\x03"  # function: read holding registers
            b"\x00\x6b"  # address 107
            b"\x00\x03"  # quantity 3
        ),
        Read(Table.HOLDING, 107, 3),
    ),
    (
        (
            b"\x04"  # function: read input registers
            b"\xff\xff"  # address 65535
            b"\x00\x01"  # quantity 1
        ),
        Read(Table.INPUT, 65535, 1),
    ),
]

WRITES = [
    (
        (
            b"\x05"  # function: write single coil
            b"\x00\xac"  # address 172
            b"\xff\x00"  # on
        ),
        (Table.COILS, 172, b"\x01"),
        b"\x05\x00\xac\xff\x00",  # the request again
    ),
    (
        (
            b"\x05"  # function: write single coil
            b"\x00\xac"  # address 172
            b"\x00\x00"  # off
        ),
        (Table.COILS, 172, b"\x00"),
        b"\x05\x00\xac\x00\x00",  # the request again
    ),
    (
        (
            b"\x06"  # function: write single register
            b"\x00\x01"  # address 1
            b"\x12\x34"  # value 0x1234
        ),
        (Table.HOLDING, 1, b"\x12\x34"),
        b"\x06\x00\x01\x12\x34",  # the request again
    ),
    (
        (
            b"\x0f"  # function: write multiple coils
            b"\x00\x13"  # address 19
            b"\x00\x0a"  # quantity 10
            b"\x02"  # byte count
            b"\xcd\x01"  # 1 0 1 1 0 0 1 1, 1 0
        ),
        (Table.COILS, 19, b"\x01\x00\x01\x01\x00\x00\x01\x01\x01\x00"),
        b"\x0f\x00\x13\x00\x0a",  # function, address, quantity
    ),
    (
        (
            b"\x0f"  # function: write multiple coils
            b"\x00\x00"  # address 0
            b"\x00\x01"  # quantity 1
            b"\x01"  # byte count
            b"\xfe"  # 0, and padding that counts for nothing
        ),
        (Table.COILS, 0, b"\x00"),
        b"\x0f\x00\x00\x00\x01",  # function, address, quantity
    ),
    (
        (
            b"\x10"  # function: write multiple registers
            b"\x00\x01"  # address 1
            b"\x00\x02"  # quantity 2
            b"\x04"  # byte count
            b"\x00\x0a"  # value 10
            b"\x01\x02"  # value 258
        ),
        (Table.HOLDING, 1, b"\x00\x0a\x01\x02"),
        b"\x10\x00\x01\x00\x02",  # function, address, quantity
    ),
]

RESPONSES = [
    (
        Read(Table.COILS, 19, 19),
        bytes(map(int, "1011001111010110101")),
        (
            b"\x01"  # function
            b"\x03"  # byte count
            b"\xcd\x6b\x05"  # the example of section 6.1
        ),
    ),
    (
        Read(Table.DISCRETE_INPUTS, 0, 8),
        b"\x00" * 7 + b"\x01",
        (
            b"\x02"  # function
            b"\x01"  # byte count
            b"\x80"  # the last bit is the highest
        ),
    ),
    (
        Read(Table.HOLDING, 107, 3),
        b"\x02\x2b\x00\x00\x00\x64",
        (
            b"\x03"  # function
            b"\x06"  # byte count
            b"\x02\x2b\x00\x00\x00\x64"  # 555, 0, 100
        ),
    ),
    (
        Read(Table.INPUT, 0, 125),
        b"\xab\xcd" * 125,
        b"\x04"  # function
        b"\xfa" + b"\xab\xcd" * 125,  # byte count 250, the most there can be
    ),
]


@pytest.mark.parametrize(("pdu", "expected"), READS)
def test_decodes_reads(pdu, expected):
    assert decode(pdu) == expected


@pytest.mark.parametrize(("pdu", "expected", "response"), WRITES)
def test_decodes_writes(pdu, expected, response):
    request = decode(pdu)

    assert isinstance(request, Write)
    assert request == expected
    station = FakeStation(b"")
    assert carry_out(pdu, station, CLIENT) == response
    assert station.calls == [expected]


@pytest.mark.parametrize(("read", "cells", "response"), RESPONSES)
def test_encodes_what_was_read(read, cells, response):
    pdu = response[:1] + struct.pack(">HH", read.address, read.quantity)
    station = FakeStation(cells)
    assert carry_out(pdu, station, CLIENT) == response
    assert station.calls == [read]


VECTORS = [case[0] for case in READS + WRITES]


def test_every_function_has_a_vector():
    assert {pdu[0] for pdu in VECTORS} == {1, 2, 3, 4, 5, 6, 15, 16}


@pytest.mark.parametrize("pdu", VECTORS)
def test_no_length_but_the_right_one_is_taken(pdu):
    for size in range(1, len(pdu)):
        with pytest.raises(IllegalDataValue):
            decode(pdu[:size])
        with pytest.raises(IllegalDataValue):
            carry_out(pdu[:size], FakeStation(b""), CLIENT)
    for way in (decode, lambda pdu: carry_out(pdu, FakeStation(b""), CLIENT)):
        with pytest.raises(IllegalDataValue, match="request length"):
            way(pdu + b"\x00")


def with_quantity(function, quantity):
    """A request of the right length for `quantity`, or of 253 bytes where that is too much."""
    head = bytes((function, 0, 0)) + quantity.to_bytes(2, "big")
    if function <= 4:
        return head
    size = (quantity + 7) // 8 if function == 15 else 2 * quantity
    return head + bytes((size & 0xFF,)) + bytes(min(size, 247))


LIMITS = [(1, 2000), (2, 2000), (3, 125), (4, 125), (15, 1968), (16, 123)]


@pytest.mark.parametrize(("function", "most"), LIMITS)
def test_quantity_from_one_to_the_limit_is_taken(function, most):
    for quantity in (1, most):
        request = decode(with_quantity(function, quantity))
        if isinstance(request, Read):
            assert request.quantity == quantity
        else:
            assert len(request.cells) == quantity * (1 if function == 15 else 2)


@pytest.mark.parametrize(("function", "most"), LIMITS)
def test_quantity_outside_its_limits_is_refused(function, most):
    for quantity in (0, most + 1, 65535):
        with pytest.raises(IllegalDataValue) as caught:
            decode(with_quantity(function, quantity))
        assert str(caught.value) == f"quantity: expected 1..{most}, got {quantity}"


@pytest.mark.parametrize(("quantity", "right"), [(1, 1), (8, 1), (9, 2), (1968, 246)])
@pytest.mark.parametrize("off_by", [-1, 1])
def test_byte_count_must_fit_the_number_of_coils(quantity, right, off_by):
    count = right + off_by
    pdu = b"\x0f\x00\x00" + quantity.to_bytes(2, "big") + bytes((count,)) + bytes(count)

    with pytest.raises(IllegalDataValue, match=f"byte count: expected {right}, got {count}"):
        decode(pdu)


@pytest.mark.parametrize("count", [0, 1, 3, 5, 255])
def test_byte_count_must_fit_the_number_of_registers(count):
    with pytest.raises(IllegalDataValue, match=f"byte count: expected 4, got {count}"):
        decode(b"\x10\x00\x00\x00\x02" + bytes((count,)) + bytes(4))


@pytest.mark.parametrize("value", [0x0001, 0x00FF, 0x0100, 0xFEFF, 0xFF01, 0xFFFF])
def test_a_coil_is_set_by_two_values_only(value):
    with pytest.raises(IllegalDataValue, match="coil value"):
        decode(b"\x05\x00\x00" + value.to_bytes(2, "big"))
