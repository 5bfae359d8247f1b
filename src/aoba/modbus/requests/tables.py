"""Functions 1 to 6, 15 and 16: reads and writes of the four tables.

`decode` makes a `Read` or `Write` of a request, for people. It is carried out without one, from its
bytes to those of the answer. Both ways begin with the same `fields`, which checks and takes apart.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from aoba.errors import IllegalDataValue
from aoba.modbus.client import Client
from aoba.modbus.pdu import pack_bits, unpack_bits
from aoba.modbus.requests.request import (
    Function,
    wrong_byte_count,
    wrong_length,
    wrong_quantity,
)
from aoba.modbus.spec import COIL_OFF, COIL_ON, FunctionCode, Table
from aoba.modbus.station import Station

_TWO_WORDS: Final = Struct(">xHH")  # function code skipped, address, quantity or value
_SIZE: Final = _TWO_WORDS.size
_HEADER: Final = 6  # function code, address, quantity, byte count of a multiple write


class Read(NamedTuple):
    """Read `quantity` items of `table` from `address` on."""

    table: Table
    address: int
    quantity: int


class Write(NamedTuple):
    """Write `cells` to `table` from `address` on."""

    table: Table
    address: int
    cells: bytes


def reading(code: FunctionCode, section: str, table: Table, most: int) -> Function:
    """The function that reads up to `most` items of `table` (sections 6.1 to 6.4)."""
    heads = [bytes((code, size)) for size in range(256)]  # of answers with so many bytes of data
    is_bits = table.is_bits

    def fields(pdu: bytes) -> tuple[int, int]:
        if len(pdu) != _SIZE:
            raise wrong_length(pdu, str(_SIZE))
        address, quantity = _TWO_WORDS.unpack(pdu)
        if not 1 <= quantity <= most:
            raise wrong_quantity(quantity, most)
        return address, quantity

    def carry_out(pdu: bytes, station: Station, client: Client) -> bytes:  # noqa: ARG001
        address, quantity = fields(pdu)
        cells = station.read(table, address, quantity)
        data = pack_bits(cells) if is_bits else cells
        return heads[len(data)] + data

    return Function(code, section, lambda pdu: Read(table, *fields(pdu)), carry_out)


def writing(code: FunctionCode, section: str, table: Table, most: int) -> Function:
    """The function that writes up to `most` items of `table` (sections 6.11 and 6.12)."""
    is_bits = table.is_bits

    def fields(pdu: bytes) -> tuple[int, bytes]:
        if len(pdu) < _HEADER:
            raise wrong_length(pdu, f"at least {_HEADER}")
        address, quantity = _TWO_WORDS.unpack_from(pdu)
        if not 1 <= quantity <= most:
            raise wrong_quantity(quantity, most)
        size = (quantity + 7) // 8 if is_bits else 2 * quantity
        if pdu[_SIZE] != size:
            raise wrong_byte_count(pdu[_SIZE], size)
        if len(pdu) != _HEADER + size:
            raise wrong_length(pdu, str(_HEADER + size))
        data = pdu[_HEADER:]
        return address, unpack_bits(data, quantity) if is_bits else data

    return _writing(code, section, table, fields)


def single_coil(code: FunctionCode, section: str) -> Function:
    """Write Single Coil (section 6.5)."""

    def fields(pdu: bytes) -> tuple[int, bytes]:
        if len(pdu) != _SIZE:
            raise wrong_length(pdu, str(_SIZE))
        address, value = _TWO_WORDS.unpack(pdu)
        if value not in (COIL_OFF, COIL_ON):
            raise IllegalDataValue("coil value", value, f"{COIL_OFF} or {COIL_ON}")
        return address, b"\x01" if value == COIL_ON else b"\x00"

    return _writing(code, section, Table.COILS, fields)


def single_register(code: FunctionCode, section: str) -> Function:
    """Write Single Register (section 6.6)."""

    def fields(pdu: bytes) -> tuple[int, bytes]:
        if len(pdu) != _SIZE:
            raise wrong_length(pdu, str(_SIZE))
        address, _ = _TWO_WORDS.unpack(pdu)
        return address, pdu[3:]

    return _writing(code, section, Table.HOLDING, fields)


def _writing(
    code: FunctionCode, section: str, table: Table, fields: Callable[[bytes], tuple[int, bytes]]
) -> Function:
    """A function whose requests have an address and cells for `table`, as `fields` gives them."""

    def carry_out(pdu: bytes, station: Station, client: Client) -> bytes:
        address, cells = fields(pdu)
        station.write(table, address, cells, client)
        return pdu[:_SIZE]  # a copy of the request, without the values of a multiple write

    return Function(code, section, lambda pdu: Write(table, *fields(pdu)), carry_out)
