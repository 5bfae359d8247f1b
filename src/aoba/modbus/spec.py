"""Names and limits of the Modbus specifications.

Sections without a title are of "MODBUS Application Protocol Specification V1.1b3"; those marked
TCP are of "MODBUS Messaging on TCP/IP Implementation Guide V1.0b".
"""

from enum import IntEnum
from typing import Final


class Table(IntEnum):
    """The four tables of a station (section 4.3). Addresses are zero-based, 0..65535."""

    COILS = 0
    DISCRETE_INPUTS = 1
    HOLDING = 2
    INPUT = 3

    @property
    def label(self) -> str:
        """The table's name in documents and messages: `coils`, `discrete_inputs`, ..."""
        return self.name.lower()

    @property
    def is_bits(self) -> bool:
        return self <= Table.DISCRETE_INPUTS


class FunctionCode(IntEnum):
    """Public function codes (section 5.1)."""

    READ_COILS = 0x01
    READ_DISCRETE_INPUTS = 0x02
    READ_HOLDING_REGISTERS = 0x03
    READ_INPUT_REGISTERS = 0x04
    WRITE_SINGLE_COIL = 0x05
    WRITE_SINGLE_REGISTER = 0x06
    WRITE_MULTIPLE_COILS = 0x0F
    WRITE_MULTIPLE_REGISTERS = 0x10


class ExceptionCode(IntEnum):
    """Exception codes (section 7)."""

    ILLEGAL_FUNCTION = 0x01
    ILLEGAL_DATA_ADDRESS = 0x02
    ILLEGAL_DATA_VALUE = 0x03
    SERVER_DEVICE_FAILURE = 0x04
    GATEWAY_TARGET_FAILED_TO_RESPOND = 0x0B


EXCEPTION_FLAG: Final = 0x80
"""Set in the function code of an exception response (section 4.1)."""

ADDRESS_COUNT: Final = 65536
"""Data items a table can have (section 4.4)."""

MAX_PDU: Final = 253
"""Bytes of the longest PDU (section 4.1)."""

MAX_READ_BITS: Final = 2000
"""0x7D0, sections 6.1 and 6.2."""

MAX_READ_REGISTERS: Final = 125
"""0x7D, sections 6.3 and 6.4."""

MAX_WRITE_BITS: Final = 1968
"""0x7B0, section 6.11."""

MAX_WRITE_REGISTERS: Final = 123
"""0x7B, section 6.12."""

COIL_ON: Final = 0xFF00
COIL_OFF: Final = 0x0000
"""The two values of Write Single Coil (section 6.5)."""

MIN_UNIT_ID: Final = 1
MAX_UNIT_ID: Final = 247
"""Unit ids of single stations ("MODBUS over Serial Line V1.02", section 2.2)."""

ANY_UNIT_IDS: Final = frozenset((0, 255))
"""Unit ids that on TCP address the device itself (TCP 4.4.2.4): our only station."""
