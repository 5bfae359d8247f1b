"""What protocol some bytes are of, where the one that was expected does not fit.

Whoever configures a client for RTU over TCP and reaches a Modbus TCP link gets no answer, and no
frame is wrong: what the one sends is half a frame of the other. The bytes decide it. An RTU
frame has a checksum, so one in a place where a frame begins is proof enough.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from aoba.modbus.checksums import crc16
from aoba.modbus.mbap import first_size, parts
from aoba.modbus.sizes import UNKNOWN, request_size
from aoba.modbus.spec import FunctionCode


class WireProtocol(StrEnum):
    """Its value is what a person calls it."""

    RTU = "RTU frames"
    ASCII = "ASCII frames"
    MODBUS_TCP = "Modbus TCP"
    TLS = "TLS"
    HTTP = "HTTP"


def protocol_of(data: bytes) -> WireProtocol | None:
    """Of what begins `data`; None where nothing is certain, be it for want of more bytes."""
    if len(data) < _LEAST:
        return None
    return next((protocol for protocol, fits in _CHECKS if fits(data)), None)


_LEAST: Final = 4
"""Bytes of which something can be said: those of the shortest RTU frame."""

_FUNCTIONS: Final = frozenset[int](FunctionCode)
_ASCII: Final = re.compile(rb":[0-9A-Fa-f]{5}")
_TLS: Final = re.compile(rb"\x16\x03[\x00-\x04]..\x01", re.DOTALL)
_HTTP: Final = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) \S")


def _is_whole_rtu(data: bytes) -> bool:
    return _rtu_size(data) == len(data)


def _is_mbap(data: bytes) -> bool:
    """Protocol 0, the right length, and a function that there is."""
    size = first_size(data)
    return size > 0 and parts(data[:size])[1][0] in _FUNCTIONS


def _is_rtu(data: bytes) -> bool:
    return _rtu_size(data) > 0


def _is_ascii(data: bytes) -> bool:
    """Six characters will do: those of a header of Modbus TCP would have two zeros among them."""
    return _ASCII.match(data) is not None


def _is_tls(data: bytes) -> bool:
    """A record with the first message of a client (RFC 8446, sections 4 and 5.1)."""
    return _TLS.match(data) is not None


def _is_http(data: bytes) -> bool:
    return _HTTP.match(data) is not None


def _rtu_size(data: bytes) -> int:
    """Size of the request that `data` begins with, if its CRC is right; else 0."""
    size = request_size(data, 0)
    return size if UNKNOWN < size <= len(data) and not crc16(data[:size]) else 0


_CHECKS: Final[tuple[tuple[WireProtocol, Callable[[bytes], bool]], ...]] = (
    # One RTU frame of eight bytes may have a header of Modbus TCP, by its address and quantity.
    (WireProtocol.RTU, _is_whole_rtu),
    # Then this one, as its first bytes have the CRC of an RTU frame once in some 65 536 times.
    (WireProtocol.MODBUS_TCP, _is_mbap),
    (WireProtocol.RTU, _is_rtu),
    (WireProtocol.ASCII, _is_ascii),
    (WireProtocol.TLS, _is_tls),
    (WireProtocol.HTTP, _is_http),
)
