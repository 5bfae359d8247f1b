"""Functions 1 to 6, 15 and 16: reads and writes of the four tables."""

from struct import Struct
from typing import Final, NamedTuple

from aoba.errors import IllegalDataValue
from aoba.modbus.client import Client
from aoba.modbus.pdu import pack_bits, unpack_bits
from aoba.modbus.requests.request import (
    Decoder,
    expect_at_least,
    expect_byte_count,
    expect_length,
    expect_quantity,
)
from aoba.modbus.spec import COIL_OFF, COIL_ON, Table
from aoba.modbus.station import Station

_TWO_WORDS: Final = Struct(">xHH")  # function code skipped, address, quantity or value
_SIZE: Final = _TWO_WORDS.size
_HEADER: Final = 6  # function code, address, quantity, byte count of a multiple write


class Read(NamedTuple):
    """Read `quantity` items of `table` from `address` on."""

    function: int
    table: Table
    address: int
    quantity: int

    def carry_out(self, station: Station, client: Client) -> bytes:  # noqa: ARG002
        return self.response(station.read(self.table, self.address, self.quantity))

    def response(self, cells: bytes) -> bytes:
        """Encode the answer that carries `cells`, which holds `quantity` items."""
        data = pack_bits(cells) if self.table.is_bits else cells
        return bytes((self.function, len(data))) + data


class Write(NamedTuple):
    """Write `cells` to `table` from `address` on; `echo` is the answer, a copy of the request."""

    table: Table
    address: int
    cells: bytes
    echo: bytes

    def carry_out(self, station: Station, client: Client) -> bytes:
        station.write(self.table, self.address, self.cells, client)
        return self.echo


def reading(table: Table, max_quantity: int) -> Decoder:
    """The decoder of a function that reads `table` (sections 6.1 to 6.4)."""

    def decode(pdu: bytes) -> Read:
        expect_length(pdu, _SIZE)
        address, quantity = _TWO_WORDS.unpack(pdu)
        expect_quantity(quantity, max_quantity)
        return Read(pdu[0], table, address, quantity)

    return decode


def single_coil(pdu: bytes) -> Write:
    """Decode Write Single Coil (section 6.5)."""
    expect_length(pdu, _SIZE)
    address, value = _TWO_WORDS.unpack(pdu)
    if value not in (COIL_OFF, COIL_ON):
        raise IllegalDataValue("coil value", value, f"{COIL_OFF} or {COIL_ON}")
    return Write(Table.COILS, address, b"\x01" if value == COIL_ON else b"\x00", pdu)


def single_register(pdu: bytes) -> Write:
    """Decode Write Single Register (section 6.6)."""
    expect_length(pdu, _SIZE)
    address, _ = _TWO_WORDS.unpack(pdu)
    return Write(Table.HOLDING, address, pdu[3:], pdu)


def writing(table: Table, max_quantity: int) -> Decoder:
    """The decoder of a function that writes several items of `table` (sections 6.11 and 6.12)."""

    def decode(pdu: bytes) -> Write:
        expect_at_least(pdu, _HEADER)
        address, quantity = _TWO_WORDS.unpack_from(pdu)
        expect_quantity(quantity, max_quantity)
        size = (quantity + 7) // 8 if table.is_bits else 2 * quantity
        expect_byte_count(pdu[_SIZE], size)
        expect_length(pdu, _HEADER + size)
        data = pdu[_HEADER:]
        cells = unpack_bits(data, quantity) if table.is_bits else data
        return Write(table, address, cells, pdu[:_SIZE])

    return decode
