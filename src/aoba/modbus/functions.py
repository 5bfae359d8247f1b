"""What each function code does: one row of `FUNCTIONS`.

A new function code is a member of `FunctionCode`, a row here, and a class in `requests/` where none
of those there fits.
"""

from collections.abc import Set as AbstractSet
from typing import Final

from aoba.errors import IllegalFunction
from aoba.modbus.peer import Peer
from aoba.modbus.requests.diagnostics import Diagnostic
from aoba.modbus.requests.files import ReadFiles, WriteFiles
from aoba.modbus.requests.identification import ReadIdentification
from aoba.modbus.requests.registers import MaskWrite, ReadFifo, ReadWrite
from aoba.modbus.requests.request import Function, by_object
from aoba.modbus.requests.status import (
    GetEventCounter,
    GetEventLog,
    ReadExceptionStatus,
    ReportServerId,
)
from aoba.modbus.requests.tables import reading, single_coil, single_register, writing
from aoba.modbus.spec import (
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    FunctionCode,
    Table,
)
from aoba.modbus.station import Station

_C = FunctionCode

FUNCTIONS: Final[dict[int, Function]] = {
    row.code: row
    for row in (
        reading(_C.READ_COILS, "6.1", Table.COILS, MAX_READ_BITS),
        reading(_C.READ_DISCRETE_INPUTS, "6.2", Table.DISCRETE_INPUTS, MAX_READ_BITS),
        reading(_C.READ_HOLDING_REGISTERS, "6.3", Table.HOLDING, MAX_READ_REGISTERS),
        reading(_C.READ_INPUT_REGISTERS, "6.4", Table.INPUT, MAX_READ_REGISTERS),
        single_coil(_C.WRITE_SINGLE_COIL, "6.5"),
        single_register(_C.WRITE_SINGLE_REGISTER, "6.6"),
        by_object(_C.READ_EXCEPTION_STATUS, "6.7", ReadExceptionStatus.decode),
        by_object(_C.DIAGNOSTICS, "6.8", Diagnostic.decode),
        by_object(_C.GET_COMM_EVENT_COUNTER, "6.9", GetEventCounter.decode),
        by_object(_C.GET_COMM_EVENT_LOG, "6.10", GetEventLog.decode),
        writing(_C.WRITE_MULTIPLE_COILS, "6.11", Table.COILS, MAX_WRITE_BITS),
        writing(_C.WRITE_MULTIPLE_REGISTERS, "6.12", Table.HOLDING, MAX_WRITE_REGISTERS),
        by_object(_C.REPORT_SERVER_ID, "6.13", ReportServerId.decode),
        by_object(_C.READ_FILE_RECORD, "6.14", ReadFiles.decode),
        by_object(_C.WRITE_FILE_RECORD, "6.15", WriteFiles.decode),
        by_object(_C.MASK_WRITE_REGISTER, "6.16", MaskWrite.decode),
        by_object(_C.READ_WRITE_MULTIPLE_REGISTERS, "6.17", ReadWrite.decode),
        by_object(_C.READ_FIFO_QUEUE, "6.18", ReadFifo.decode),
        by_object(_C.ENCAPSULATED_INTERFACE_TRANSPORT, "6.19", ReadIdentification.decode),
    )
}
"""Every supported function code, by its number."""

_CARRY_OUT: Final = {int(code): row.carry_out for code, row in FUNCTIONS.items()}


def carry_out(pdu: bytes, station: Station, client: Peer) -> bytes:
    """Carry out a request PDU (1 to 253 bytes), and return that of the response.

    It is empty where there is to be none. Raises RequestError; and ForwardWrite where devices have
    to be asked. Then nothing has changed.
    """
    code = pdu[0]
    if code not in client.functions:
        raise IllegalFunction(code)
    return _CARRY_OUT[code](pdu, station, client)


def decode(pdu: bytes, allowed: AbstractSet[int] = FUNCTIONS.keys()) -> object:
    """What a request PDU (1 to 253 bytes) asks for, to be told to people.

    Raises IllegalFunction where its function code is not among `allowed`, and what its decoder
    raises.
    """
    code = pdu[0]
    if code not in allowed:
        raise IllegalFunction(code)
    return FUNCTIONS[code].decode(pdu)
