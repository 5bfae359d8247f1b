"""Functions 22, 23 and 24: holding registers in other ways than reading or writing them."""

from struct import Struct
from typing import Final, NamedTuple

from aoba.modbus.peer import Peer
from aoba.modbus.requests.request import (
    expect_at_least,
    expect_byte_count,
    expect_length,
    expect_quantity,
)
from aoba.modbus.spec import MAX_READ_REGISTERS, MAX_READ_WRITE_REGISTERS, FunctionCode, Table
from aoba.modbus.station import Station

_MASK_WRITE: Final = Struct(">xHHH")  # function code skipped, address, AND mask, OR mask
_READ_WRITE: Final = Struct(">xHHHHB")  # address and quantity to read, to write, byte count
_FIFO: Final = Struct(">xH")  # pointer address
_FIFO_RESPONSE: Final = Struct(">BHH")  # function code, byte count, FIFO count


class MaskWrite(NamedTuple):
    """Keep the bits of `and_mask` and set the others as in `or_mask` (section 6.16)."""

    address: int
    and_mask: int
    or_mask: int
    echo: bytes

    @classmethod
    def decode(cls, pdu: bytes) -> "MaskWrite":
        expect_length(pdu, _MASK_WRITE.size)
        address, and_mask, or_mask = _MASK_WRITE.unpack(pdu)
        return cls(address, and_mask, or_mask, pdu)

    def carry_out(self, station: Station, client: Peer) -> bytes:
        value = int.from_bytes(station.stored(Table.HOLDING, self.address, 1), "big")
        masked = value & self.and_mask | self.or_mask & ~self.and_mask
        station.write(Table.HOLDING, self.address, masked.to_bytes(2, "big"), client)
        return self.echo


class ReadWrite(NamedTuple):
    """Write `cells` from `write_address` on, then read (section 6.17)."""

    address: int
    quantity: int
    write_address: int
    cells: bytes

    @classmethod
    def decode(cls, pdu: bytes) -> "ReadWrite":
        expect_at_least(pdu, _READ_WRITE.size)
        address, quantity, write_address, write_quantity, count = _READ_WRITE.unpack_from(pdu)
        expect_quantity(quantity, MAX_READ_REGISTERS)
        expect_quantity(write_quantity, MAX_READ_WRITE_REGISTERS)
        expect_byte_count(count, 2 * write_quantity)
        expect_length(pdu, _READ_WRITE.size + count)
        return cls(address, quantity, write_address, pdu[_READ_WRITE.size :])

    def carry_out(self, station: Station, client: Peer) -> bytes:
        station.read(Table.HOLDING, self.address, self.quantity)  # refused before it has written
        station.write(Table.HOLDING, self.write_address, self.cells, client)
        data = station.read(Table.HOLDING, self.address, self.quantity)
        return bytes((FunctionCode.READ_WRITE_MULTIPLE_REGISTERS, len(data))) + data


class ReadFifo(NamedTuple):
    """Read the queue behind the pointer at `address`, and leave it as it is (section 6.18).

    Exception 03, for more than 31 registers, cannot come up: no document may define such a queue.
    """

    address: int

    @classmethod
    def decode(cls, pdu: bytes) -> "ReadFifo":
        expect_length(pdu, _FIFO.size)
        return cls(*_FIFO.unpack(pdu))

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        data = station.read_fifo(self.address)
        count = len(data) // 2
        # The byte count includes the two bytes of the FIFO count.
        return _FIFO_RESPONSE.pack(FunctionCode.READ_FIFO_QUEUE, 2 + len(data), count) + data
