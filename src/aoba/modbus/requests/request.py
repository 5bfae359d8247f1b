"""What all requests have in common.

A `Decoder` makes a request of its PDU, function code included, and raises what section 6 has it
checked for before any address: exception 03, and for a sub-function 01. Whether addresses exist is
found out when the request is carried out, and a request that is refused has changed nothing.

Most requests are decoded, and the `Request` then carries itself out. Those that masters send all
the time are carried out from their bytes at once (`tables`): an object in between would cost more
than all the rest.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from aoba.errors import IllegalDataValue
from aoba.modbus.peer import Peer
from aoba.modbus.spec import FunctionCode
from aoba.modbus.station import Station


class Request(Protocol):
    def carry_out(self, station: Station, client: Peer) -> bytes:
        """Return the response PDU, empty where there is to be none. Raises RequestError."""
        ...


Decoder = Callable[[bytes], object]
"""A request PDU -> what it asks for. Raises IllegalDataValue, and IllegalFunction."""

CarryOut = Callable[[bytes, Station, Peer], bytes]
"""As `Request.carry_out`, with the request PDU first. Raises what decoding does, too."""


class Function(NamedTuple):
    """`section` of the specification defines it."""

    code: FunctionCode
    section: str
    decode: Decoder
    carry_out: CarryOut


def by_object(code: FunctionCode, section: str, decode: Callable[[bytes], Request]) -> Function:
    """A function whose requests are objects that carry themselves out."""
    return Function(
        code, section, decode, lambda pdu, station, client: decode(pdu).carry_out(station, client)
    )


def wrong_length(pdu: bytes, expected: str) -> IllegalDataValue:
    # Section 7, exception 03: "the implied length is incorrect" counts as an illegal value.
    return IllegalDataValue("request length", len(pdu), f"{expected} bytes")


def wrong_quantity(quantity: int, most: int) -> IllegalDataValue:
    return IllegalDataValue("quantity", quantity, f"1..{most}")


def wrong_byte_count(got: int, size: int) -> IllegalDataValue:
    return IllegalDataValue("byte count", got, str(size))


def expect_length(pdu: bytes, length: int) -> None:
    if len(pdu) != length:
        raise wrong_length(pdu, str(length))


def expect_at_least(pdu: bytes, length: int) -> None:
    if len(pdu) < length:
        raise wrong_length(pdu, f"at least {length}")


def expect_quantity(quantity: int, most: int) -> None:
    if not 1 <= quantity <= most:
        raise wrong_quantity(quantity, most)


def expect_byte_count(got: int, size: int) -> None:
    if got != size:
        raise wrong_byte_count(got, size)
