"""What all requests have in common.

A decoder makes a `Request` of a request PDU, function code included, and raises what section 6 has
it checked for before any address: exception 03, and for a sub-function 01. Whether addresses exist
is found out when the request is carried out, and a request that is refused has changed nothing.
"""

from collections.abc import Callable
from typing import Protocol

from aoba.errors import IllegalDataValue
from aoba.modbus.client import Client
from aoba.modbus.station import Station


class Request(Protocol):
    def carry_out(self, station: Station, client: Client) -> bytes:
        """Return the response PDU, empty where there is to be none. Raises RequestError."""
        ...


Decoder = Callable[[bytes], Request]


def expect_length(pdu: bytes, length: int) -> None:
    # Section 7, exception 03: "the implied length is incorrect" counts as an illegal value.
    if len(pdu) != length:
        raise IllegalDataValue("request length", len(pdu), f"{length} bytes")


def expect_at_least(pdu: bytes, length: int) -> None:
    if len(pdu) < length:
        raise IllegalDataValue("request length", len(pdu), f"at least {length} bytes")


def expect_quantity(quantity: int, most: int) -> None:
    if not 1 <= quantity <= most:
        raise IllegalDataValue("quantity", quantity, f"1..{most}")


def expect_byte_count(got: int, size: int) -> None:
    if got != size:
        raise IllegalDataValue("byte count", got, str(size))
