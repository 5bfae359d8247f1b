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

    def __init__(self, number: int) -> None:
        self.label = self.name.lower()
        """The table's name in documents and messages: `coils`, `discrete_inputs`, ..."""
        self.is_bits = number <= 1  # kept, since each request asks for it


class FunctionCode(IntEnum):
    """Public function codes (section 5.1)."""

    READ_COILS = 0x01
    READ_DISCRETE_INPUTS = 0x02
    READ_HOLDING_REGISTERS = 0x03
    READ_INPUT_REGISTERS = 0x04
    WRITE_SINGLE_COIL = 0x05
    WRITE_SINGLE_REGISTER = 0x06
    READ_EXCEPTION_STATUS = 0x07
    DIAGNOSTICS = 0x08
    GET_COMM_EVENT_COUNTER = 0x0B
    GET_COMM_EVENT_LOG = 0x0C
    WRITE_MULTIPLE_COILS = 0x0F
    WRITE_MULTIPLE_REGISTERS = 0x10
    REPORT_SERVER_ID = 0x11
    READ_FILE_RECORD = 0x14
    WRITE_FILE_RECORD = 0x15
    MASK_WRITE_REGISTER = 0x16
    READ_WRITE_MULTIPLE_REGISTERS = 0x17
    READ_FIFO_QUEUE = 0x18
    ENCAPSULATED_INTERFACE_TRANSPORT = 0x2B


SERIAL_ONLY: Final = frozenset(
    (FunctionCode.GET_COMM_EVENT_COUNTER, FunctionCode.GET_COMM_EVENT_LOG)
)
"""Functions for serial lines, which are not answered on a network.

Sections 6.7, 6.8 and 6.13 say that of 7, 8 and 17 too; these are of use everywhere, and answered.
"""

WRITING: Final = frozenset(
    (
        FunctionCode.WRITE_SINGLE_COIL,
        FunctionCode.WRITE_SINGLE_REGISTER,
        FunctionCode.WRITE_MULTIPLE_COILS,
        FunctionCode.WRITE_MULTIPLE_REGISTERS,
        FunctionCode.WRITE_FILE_RECORD,
        FunctionCode.MASK_WRITE_REGISTER,
        FunctionCode.READ_WRITE_MULTIPLE_REGISTERS,
    )
)
"""Functions that change values, and are refused to those who may only read.

Diagnostics is none of them: it changes counters.
"""


RECALLED: Final = frozenset(
    (
        FunctionCode.READ_COILS,
        FunctionCode.READ_DISCRETE_INPUTS,
        FunctionCode.READ_HOLDING_REGISTERS,
        FunctionCode.READ_INPUT_REGISTERS,
    )
)
"""Functions whose answers depend on nothing but the stations, and may be remembered."""


class DiagnosticCode(IntEnum):
    """Sub-functions of Diagnostics (section 6.8.1)."""

    RETURN_QUERY_DATA = 0
    RESTART_COMMUNICATIONS_OPTION = 1
    RETURN_DIAGNOSTIC_REGISTER = 2
    FORCE_LISTEN_ONLY_MODE = 4
    CLEAR_COUNTERS_AND_DIAGNOSTIC_REGISTER = 10
    RETURN_BUS_MESSAGE_COUNT = 11
    RETURN_BUS_COMMUNICATION_ERROR_COUNT = 12
    RETURN_BUS_EXCEPTION_ERROR_COUNT = 13
    RETURN_SERVER_MESSAGE_COUNT = 14
    RETURN_SERVER_NO_RESPONSE_COUNT = 15
    RETURN_SERVER_NAK_COUNT = 16
    RETURN_SERVER_BUSY_COUNT = 17
    RETURN_BUS_CHARACTER_OVERRUN_COUNT = 18
    CLEAR_OVERRUN_COUNTER_AND_FLAG = 20


class ReadDeviceId(IntEnum):
    """What Read Device Identification is to read (section 6.21)."""

    BASIC = 1
    REGULAR = 2
    EXTENDED = 3
    INDIVIDUAL = 4


class ObjectId(IntEnum):
    """Identification objects that have a meaning (section 6.21); 0x80 to 0xFF are the user's."""

    VENDOR_NAME = 0x00
    PRODUCT_CODE = 0x01
    REVISION = 0x02
    VENDOR_URL = 0x03
    PRODUCT_NAME = 0x04
    MODEL_NAME = 0x05
    USER_APPLICATION_NAME = 0x06


class ExceptionCode(IntEnum):
    """Exception codes (section 7)."""

    ILLEGAL_FUNCTION = 0x01
    ILLEGAL_DATA_ADDRESS = 0x02
    ILLEGAL_DATA_VALUE = 0x03
    SERVER_DEVICE_FAILURE = 0x04
    ACKNOWLEDGE = 0x05
    SERVER_DEVICE_BUSY = 0x06
    MEMORY_PARITY_ERROR = 0x08
    GATEWAY_PATH_UNAVAILABLE = 0x0A
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

MAX_READ_WRITE_REGISTERS: Final = 121
"""0x79, registers that one Read/Write Multiple Registers can write (section 6.17)."""

MAX_EVENTS: Final = 64
"""Events that the communication event log holds (section 6.10)."""

RECORD_COUNT: Final = 10_000
"""Records of a file; numbers 0 to 0x270F (section 6.14)."""

MAX_FIFO: Final = 31
"""Registers in a FIFO queue (section 6.18)."""

READ_DEVICE_IDENTIFICATION: Final = 0x0E
"""The MEI type of Read Device Identification (section 6.21)."""

MIN_EXTENDED_OBJECT: Final = 0x80
MAX_EXTENDED_OBJECT: Final = 0xFF
"""Ids of extended identification objects (section 6.21)."""

MAX_OBJECT: Final = 244
"""Bytes of an identification object, so that any one fits into a response (section 6.21)."""

COIL_ON: Final = 0xFF00
COIL_OFF: Final = 0x0000
"""The two values of Write Single Coil (section 6.5)."""

MIN_UNIT_ID: Final = 1
MAX_UNIT_ID: Final = 247
"""Unit ids of single stations ("MODBUS over Serial Line V1.02", section 2.2)."""

ANY_UNIT_IDS: Final = frozenset((0, 255))
"""Unit ids that on TCP address the device itself (TCP 4.4.2.4): our only station."""
