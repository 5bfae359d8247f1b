"""Pieces of a PDU, which is a request or a response without address and checksum (section 4.1).

Values travel inside Aoba in one form, "cells": a register is two bytes, big-endian as on the wire;
a bit is one byte, 0 or 1, and only packed eight to the byte here.
"""

from typing import Final

from aoba.modbus.spec import EXCEPTION_FLAG

_FROM_DIGITS: Final = bytes.maketrans(b"01", b"\x00\x01")
_TO_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")


def exception(function: int, code: int) -> bytes:
    """Encode an exception response (section 7); a device may have codes of its own."""
    return bytes((function | EXCEPTION_FLAG, code))


def pack_bits(cells: bytes) -> bytes:
    """Pack bits eight to the byte, the first in the lowest bit, zero-padded (section 6.1)."""
    return int(cells[::-1].translate(_TO_DIGITS), 2).to_bytes((len(cells) + 7) // 8, "little")


def unpack_bits(data: bytes, quantity: int) -> bytes:
    """Undo `pack_bits`: the first `quantity` bits of `data`, a byte each (section 6.11)."""
    digits = f"{int.from_bytes(data, 'little'):0{8 * len(data)}b}".encode()
    return digits[::-1][:quantity].translate(_FROM_DIGITS)
