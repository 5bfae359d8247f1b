"""What each function code does: one row of `FUNCTIONS`.

A new function code is a member of `FunctionCode`, a row here, and a class in `requests/` where none
of those there fits.
"""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from aoba.errors import IllegalFunction
from aoba.modbus.requests.diagnostics import Diagnostic
from aoba.modbus.requests.files import ReadFiles, WriteFiles
from aoba.modbus.requests.identification import ReadIdentification
from aoba.modbus.requests.registers import MaskWrite, ReadFifo, ReadWrite
from aoba.modbus.requests.request import Decoder, Request
from aoba.modbus.requests.status import (
    GetEventCounter,
    GetEventLog,
    ReadExceptionStatus,
    ReportServerId,
)
from aoba.modbus.requests.tables import Read, reading, single_coil, single_register, writing
from aoba.modbus.spec import (
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    FunctionCode,
    Table,
)

__all__ = ["FUNCTIONS", "Function", "Read", "Request", "decode"]


class Function(NamedTuple):
    """`section` of the specification defines it."""

    code: FunctionCode
    section: str
    decoder: Decoder


_Code = FunctionCode

FUNCTIONS: Final[dict[int, Function]] = {
    row.code: row
    for row in (
        Function(_Code.READ_COILS, "6.1", reading(Table.COILS, MAX_READ_BITS)),
        Function(_Code.READ_DISCRETE_INPUTS, "6.2", reading(Table.DISCRETE_INPUTS, MAX_READ_BITS)),
        Function(_Code.READ_HOLDING_REGISTERS, "6.3", reading(Table.HOLDING, MAX_READ_REGISTERS)),
        Function(_Code.READ_INPUT_REGISTERS, "6.4", reading(Table.INPUT, MAX_READ_REGISTERS)),
        Function(_Code.WRITE_SINGLE_COIL, "6.5", single_coil),
        Function(_Code.WRITE_SINGLE_REGISTER, "6.6", single_register),
        Function(_Code.READ_EXCEPTION_STATUS, "6.7", ReadExceptionStatus.decode),
        Function(_Code.DIAGNOSTICS, "6.8", Diagnostic.decode),
        Function(_Code.GET_COMM_EVENT_COUNTER, "6.9", GetEventCounter.decode),
        Function(_Code.GET_COMM_EVENT_LOG, "6.10", GetEventLog.decode),
        Function(_Code.WRITE_MULTIPLE_COILS, "6.11", writing(Table.COILS, MAX_WRITE_BITS)),
        Function(
            _Code.WRITE_MULTIPLE_REGISTERS,
            "6.12",
            writing(Table.HOLDING, MAX_WRITE_REGISTERS),
        ),
        Function(_Code.REPORT_SERVER_ID, "6.13", ReportServerId.decode),
        Function(_Code.READ_FILE_RECORD, "6.14", ReadFiles.decode),
        Function(_Code.WRITE_FILE_RECORD, "6.15", WriteFiles.decode),
        Function(_Code.MASK_WRITE_REGISTER, "6.16", MaskWrite.decode),
        Function(_Code.READ_WRITE_MULTIPLE_REGISTERS, "6.17", ReadWrite.decode),
        Function(_Code.READ_FIFO_QUEUE, "6.18", ReadFifo.decode),
        Function(_Code.ENCAPSULATED_INTERFACE_TRANSPORT, "6.19", ReadIdentification.decode),
    )
}
"""Every supported function code, by its number."""

_DECODERS: Final = {code: row.decoder for code, row in FUNCTIONS.items()}


def decode(pdu: bytes, allowed: AbstractSet[int] = FUNCTIONS.keys()) -> Request:
    """Decode a request PDU (1 to 253 bytes).

    Raises IllegalFunction where its function code is not among `allowed`, and what its decoder
    raises.
    """
    code = pdu[0]
    if code not in allowed:
        raise IllegalFunction(code)
    return _DECODERS[code](pdu)
