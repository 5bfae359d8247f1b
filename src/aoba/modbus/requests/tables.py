"""Functions 1 to 6, 15 and 16: reads and writes of the four tables.

Masters send these all the time, so they are carried out from the bytes of the request to those of
the answer, with nothing made in between. What people are told of one (`Read`, `Write`) is found by
the same rules: it is carried out on a station that says what it is asked for.
"""

from struct import Struct
from typing import Final, NamedTuple, cast

from aoba.errors import IllegalDataValue
from aoba.modbus.pdu import pack_bits, unpack_bits
from aoba.modbus.peer import Peer
from aoba.modbus.requests.request import (
    CarryOut,
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


class _AskedError(Exception):
    def __init__(self, request: Read | Write) -> None:
        self.request = request


class _CuriousStation:
    """Wants to know only what it is asked for."""

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        raise _AskedError(Read(table, address, quantity))

    def write(self, table: Table, address: int, cells: bytes, client: Peer) -> None:  # noqa: ARG002
        raise _AskedError(Write(table, address, cells))


_CURIOUS: Final = cast("Station", _CuriousStation())
_NOBODY: Final = Peer("")


def _function(code: FunctionCode, section: str, carry_out: CarryOut) -> Function:
    def decode(pdu: bytes) -> Read | Write:
        try:
            carry_out(pdu, _CURIOUS, _NOBODY)
        except _AskedError as asked:
            return asked.request
        raise NotImplementedError  # it reads nothing and writes nothing

    return Function(code, section, decode, carry_out)


def reading(code: FunctionCode, section: str, table: Table, most: int) -> Function:
    """The function that reads up to `most` items of `table` (sections 6.1 to 6.4)."""
    heads = [bytes((code, size)) for size in range(256)]  # of answers with so many bytes of data
    is_bits = table.is_bits

    def carry_out(pdu: bytes, station: Station, client: Peer) -> bytes:  # noqa: ARG001
        if len(pdu) != _SIZE:
            raise wrong_length(pdu, str(_SIZE))
        address, quantity = _TWO_WORDS.unpack(pdu)
        if not 1 <= quantity <= most:
            raise wrong_quantity(quantity, most)
        data = station.read(table, address, quantity)
        if is_bits:
            data = pack_bits(data)
        return heads[len(data)] + data

    return _function(code, section, carry_out)


def writing(code: FunctionCode, section: str, table: Table, most: int) -> Function:
    """The function that writes up to `most` items of `table` (sections 6.11 and 6.12)."""
    is_bits = table.is_bits

    def carry_out(pdu: bytes, station: Station, client: Peer) -> bytes:
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
        station.write(table, address, unpack_bits(data, quantity) if is_bits else data, client)
        return pdu[:_SIZE]

    return _function(code, section, carry_out)


def single_coil(code: FunctionCode, section: str) -> Function:
    """Write Single Coil (section 6.5)."""

    def carry_out(pdu: bytes, station: Station, client: Peer) -> bytes:
        if len(pdu) != _SIZE:
            raise wrong_length(pdu, str(_SIZE))
        address, value = _TWO_WORDS.unpack(pdu)
        if value not in (COIL_OFF, COIL_ON):
            raise IllegalDataValue("coil value", value, f"{COIL_OFF} or {COIL_ON}")
        cell = b"\x01" if value == COIL_ON else b"\x00"
        station.write(Table.COILS, address, cell, client)
        return pdu

    return _function(code, section, carry_out)


def single_register(code: FunctionCode, section: str) -> Function:
    """Write Single Register (section 6.6)."""

    def carry_out(pdu: bytes, station: Station, client: Peer) -> bytes:
        if len(pdu) != _SIZE:
            raise wrong_length(pdu, str(_SIZE))
        address, _ = _TWO_WORDS.unpack(pdu)
        station.write(Table.HOLDING, address, pdu[3:], client)
        return pdu

    return _function(code, section, carry_out)
