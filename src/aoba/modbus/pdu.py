"""Requests and responses as bytes: the PDU of section 4.1, without address and checksum.

`decode` turns a request PDU into a `Read` or a `Write` and refuses, with exception 03, what breaks
the limits of its function; whether the addresses exist is not known here. `Read.response` and
`Write.response` encode the answer. What a function code means stands in one row of `FUNCTIONS`.

Values travel inside Aoba in one form, "cells": a register is two bytes, big-endian as on the wire;
a bit is one byte, 0 or 1, and only packed eight to the byte here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from aoba.errors import IllegalDataValue, IllegalFunction
from aoba.modbus.spec import (
    COIL_OFF,
    COIL_ON,
    EXCEPTION_FLAG,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    ExceptionCode,
    FunctionCode,
    Table,
)

_TWO_WORDS: Final = Struct(">xHH")  # function code skipped, address, quantity or value
_HEADER: Final = 6  # function code, address, quantity, byte count of a multiple write
_FROM_DIGITS: Final = bytes.maketrans(b"01", b"\x00\x01")
_TO_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")


@dataclass(frozen=True, slots=True)
class Read:
    """Read `quantity` items of `table` from `address` on."""

    function: int
    table: Table
    address: int
    quantity: int

    def response(self, cells: bytes) -> bytes:
        """Encode the answer that carries `cells`, which holds `quantity` items."""
        data = pack_bits(cells) if self.table.is_bits else cells
        return bytes((self.function, len(data))) + data


@dataclass(frozen=True, slots=True)
class Write:
    """Write `cells` to `table` from `address` on; `echo` is the answer, a copy of the request."""

    table: Table
    address: int
    cells: bytes
    echo: bytes

    def response(self) -> bytes:
        return self.echo


Request = Read | Write


@dataclass(frozen=True, slots=True)
class Function:
    """What a function code does; `section` of the specification defines it."""

    code: FunctionCode
    section: str
    table: Table
    max_quantity: int
    decoder: Callable[["Function", bytes], Request]


def decode(pdu: bytes) -> Request:
    """Decode a request PDU (1 to 253 bytes).

    Raises IllegalFunction where `FUNCTIONS` has no row for it, and IllegalDataValue where the
    length, the quantity, the byte count or the value is not what the function allows.
    """
    function = FUNCTIONS.get(pdu[0])
    if function is None:
        raise IllegalFunction(pdu[0])
    return function.decoder(function, pdu)


def exception(function: int, code: ExceptionCode) -> bytes:
    """Encode an exception response (section 7)."""
    return bytes((function | EXCEPTION_FLAG, code))


def pack_bits(cells: bytes) -> bytes:
    """Pack bits eight to the byte, the first in the lowest bit, zero-padded (section 6.1)."""
    return int(cells[::-1].translate(_TO_DIGITS), 2).to_bytes((len(cells) + 7) // 8, "little")


def unpack_bits(data: bytes, quantity: int) -> bytes:
    """Undo `pack_bits`: the first `quantity` bits of `data`, a byte each (section 6.11)."""
    digits = f"{int.from_bytes(data, 'little'):0{8 * len(data)}b}".encode()
    return digits[::-1][:quantity].translate(_FROM_DIGITS)


def _decode_read(function: Function, pdu: bytes) -> Read:
    _expect_length(pdu, 5)
    address, quantity = _TWO_WORDS.unpack(pdu)
    _expect_quantity(function, quantity)
    return Read(function.code, function.table, address, quantity)


def _decode_single_coil(function: Function, pdu: bytes) -> Write:
    _expect_length(pdu, 5)
    address, value = _TWO_WORDS.unpack(pdu)
    if value not in (COIL_OFF, COIL_ON):
        raise IllegalDataValue("coil value", value, f"{COIL_OFF} or {COIL_ON}")
    return Write(function.table, address, b"\x01" if value == COIL_ON else b"\x00", pdu)


def _decode_single_register(function: Function, pdu: bytes) -> Write:
    _expect_length(pdu, 5)
    address, _ = _TWO_WORDS.unpack(pdu)
    return Write(function.table, address, pdu[3:5], pdu)


def _decode_multiple(function: Function, pdu: bytes) -> Write:
    if len(pdu) < _HEADER:
        raise IllegalDataValue("request length", len(pdu), f"at least {_HEADER} bytes")
    address, quantity = _TWO_WORDS.unpack(pdu[:5])
    _expect_quantity(function, quantity)
    size = (quantity + 7) // 8 if function.table.is_bits else 2 * quantity
    if pdu[5] != size:
        raise IllegalDataValue("byte count", pdu[5], str(size))
    _expect_length(pdu, _HEADER + size)
    data = pdu[_HEADER:]
    cells = unpack_bits(data, quantity) if function.table.is_bits else data
    return Write(function.table, address, cells, pdu[:5])


def _expect_length(pdu: bytes, length: int) -> None:
    # Section 7, exception 03: "the implied length is incorrect" counts as an illegal value.
    if len(pdu) != length:
        raise IllegalDataValue("request length", len(pdu), f"{length} bytes")


def _expect_quantity(function: Function, quantity: int) -> None:
    if not 1 <= quantity <= function.max_quantity:
        raise IllegalDataValue("quantity", quantity, f"1..{function.max_quantity}")


FUNCTIONS: Final[dict[int, Function]] = {
    row.code: row
    for row in (
        Function(FunctionCode.READ_COILS, "6.1", Table.COILS, MAX_READ_BITS, _decode_read),
        Function(
            FunctionCode.READ_DISCRETE_INPUTS,
            "6.2",
            Table.DISCRETE_INPUTS,
            MAX_READ_BITS,
            _decode_read,
        ),
        Function(
            FunctionCode.READ_HOLDING_REGISTERS,
            "6.3",
            Table.HOLDING,
            MAX_READ_REGISTERS,
            _decode_read,
        ),
        Function(
            FunctionCode.READ_INPUT_REGISTERS, "6.4", Table.INPUT, MAX_READ_REGISTERS, _decode_read
        ),
        Function(FunctionCode.WRITE_SINGLE_COIL, "6.5", Table.COILS, 1, _decode_single_coil),
        Function(
            FunctionCode.WRITE_SINGLE_REGISTER, "6.6", Table.HOLDING, 1, _decode_single_register
        ),
        Function(
            FunctionCode.WRITE_MULTIPLE_COILS, "6.11", Table.COILS, MAX_WRITE_BITS, _decode_multiple
        ),
        Function(
            FunctionCode.WRITE_MULTIPLE_REGISTERS,
            "6.12",
            Table.HOLDING,
            MAX_WRITE_REGISTERS,
            _decode_multiple,
        ),
    )
}
"""Every supported function code, by its number."""
