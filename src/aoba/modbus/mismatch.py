"""Whether a response can be the answer to a request, told by what the two say.

A device copies some of the request into its response: the function, and the address it wrote to;
and how much was asked for says how much comes. Where there are no transaction ids, this is all
there is to tell an answer from one to something else.
"""

from collections.abc import Callable
from typing import Final

from aoba.modbus.spec import EXCEPTION_FLAG, FunctionCode

_SIZES: Final[dict[int, int]] = {
    FunctionCode.WRITE_SINGLE_COIL: 5,
    FunctionCode.WRITE_SINGLE_REGISTER: 5,
    FunctionCode.WRITE_MULTIPLE_COILS: 5,
    FunctionCode.WRITE_MULTIPLE_REGISTERS: 5,
    FunctionCode.MASK_WRITE_REGISTER: 7,
}
"""Bytes of a response to a write (sections 6.5, 6.6, 6.11, 6.12, 6.16)."""

_READ_DEVICE_IDENTIFICATION: Final = 0x0E
_OBJECTS: Final = 7
"""Bytes of an identification before the first object (section 6.21)."""


def mismatch(request: bytes, response: bytes) -> str | None:
    """`expected registers 2, got 1`; None where `response` may be the answer. Both are PDUs.

    An exception of the same function is an answer.
    """
    function = response[0] & ~EXCEPTION_FLAG
    if function != request[0]:
        return _difference("function", request[0], function)
    if response[0] & EXCEPTION_FLAG:
        return None if len(response) > 1 else "expected an exception code, got none"
    compare = _RULES.get(function)
    return compare(request, response) if compare else None


def may_be_its_own_answer(request: bytes) -> bool:
    """Whether a device may answer with the very bytes of `request`, as to functions 5, 6 and 22."""
    return mismatch(request, request) is None


def _bits(request: bytes, response: bytes) -> str | None:
    quantity = int.from_bytes(request[3:5], "big")
    return _counted(response) or _difference("bits", -(-quantity // 8) * 8, 8 * response[1])


def _registers(request: bytes, response: bytes) -> str | None:
    quantity = int.from_bytes(request[3:5], "big")
    if error := _counted(response):
        return error
    got, odd = divmod(response[1], 2)
    return "expected an even number of bytes" if odd else _difference("registers", quantity, got)


def _counted(response: bytes) -> str | None:
    """Of a response that says itself how many bytes follow."""
    if len(response) > 1 and response[1] == len(response) - 2:
        return None
    return f"expected as many bytes as it says, got {len(response)}"


def _written(request: bytes, response: bytes) -> str | None:
    if error := _difference("bytes", _SIZES[response[0]], len(response)):
        return error
    asked, got = (int.from_bytes(pdu[1:3], "big") for pdu in (request, response))
    return _difference("address", asked, got)


def _identified(request: bytes, response: bytes) -> str | None:
    """Other types of function 2B may answer anything."""
    if request[1:2] != bytes((_READ_DEVICE_IDENTIFICATION,)):
        return None
    if len(response) < _OBJECTS:
        return f"expected an identification of {_OBJECTS} bytes or more, got {len(response)}"
    return _difference("type", request[1], response[1])


def _difference(what: str, expected: int, got: int) -> str | None:
    return None if got == expected else f"expected {what} {expected}, got {got}"


_RULES: Final[dict[int, Callable[[bytes, bytes], str | None]]] = {
    FunctionCode.READ_COILS: _bits,
    FunctionCode.READ_DISCRETE_INPUTS: _bits,
    FunctionCode.READ_HOLDING_REGISTERS: _registers,
    FunctionCode.READ_INPUT_REGISTERS: _registers,
    **dict.fromkeys(_SIZES, _written),
    FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT: _identified,
}
