"""Requests and responses in the words of the specification, for people.

    Read Holding Registers 0..9          10 registers 0001 0002 ...
    Write Single Coil 4 = 1              done
    Read Coils: quantity: expected ...   exception 03, illegal data value

Registers are shown in hexadecimal, addresses in decimal. A request is decoded as for being carried
out, so what is wrong with one is told by the rules that refuse it.
"""

from collections.abc import Callable
from typing import Any, Final

from aoba.errors import RequestError
from aoba.modbus.functions import decode
from aoba.modbus.pdu import unpack_bits
from aoba.modbus.requests.diagnostics import Diagnostic
from aoba.modbus.requests.files import Group, ReadFiles, WriteFiles
from aoba.modbus.requests.identification import ReadIdentification
from aoba.modbus.requests.registers import MaskWrite, ReadFifo, ReadWrite
from aoba.modbus.requests.tables import Read, Write
from aoba.modbus.spec import EXCEPTION_FLAG, FunctionCode, ReadDeviceId

EXCEPTIONS: Final = {
    0x01: "illegal function",
    0x02: "illegal data address",
    0x03: "illegal data value",
    0x04: "server device failure",
    0x05: "acknowledge",
    0x06: "server device busy",
    0x08: "memory parity error",
    0x0A: "gateway path unavailable",
    0x0B: "gateway target device failed to respond",
}
"""Section 7."""

_NAMES: Final[dict[int, str]] = {
    int(code): code.name.replace("_", " ").title() for code in FunctionCode
} | {
    FunctionCode.REPORT_SERVER_ID: "Report Server ID",
    FunctionCode.READ_WRITE_MULTIPLE_REGISTERS: "Read/Write Multiple Registers",
    FunctionCode.READ_FIFO_QUEUE: "Read FIFO Queue",
    FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT: "Read Device Identification",
}


def exception_name(code: int) -> str:
    return EXCEPTIONS.get(code, "which the specification does not know")


def exception_words(code: int) -> str:
    """`exception 02, illegal data address`; a code of the maker's own has no name."""
    return f"exception {code:02X}, {exception_name(code)}"


def function_name(code: int) -> str:
    """`Read Coils`; by its number where it is in no table."""
    return _NAMES.get(code, f"function {code:02X}")


def request_words(pdu: bytes) -> str:
    """Words for a request PDU, which may be anything of one byte or more."""
    name = function_name(pdu[0])
    try:
        request = decode(pdu)
    except RequestError as error:
        return f"{name}: {error}"
    describe: Callable[[Any], str] | None = _REQUESTS.get(type(request))
    return f"{name} {describe(request)}" if describe else name


def response_words(request: bytes, response: bytes) -> str:
    """Words for what a request was answered with, which may be anything of one byte or more."""
    try:
        if response[0] & EXCEPTION_FLAG:
            return exception_words(response[1])
        describe = _RESPONSES.get(response[0])
        return describe(request, response) if describe else "done"
    except IndexError:
        return f"an answer that is too short: {_words(response)}"


def overheard_words(pdu: bytes) -> str:
    """Words for a PDU that may be a request or a response: what nobody but the two can tell."""
    code = pdu[0] & ~EXCEPTION_FLAG
    if pdu[0] & EXCEPTION_FLAG and len(pdu) > 1:
        return f"{function_name(code)}, {exception_words(pdu[1])}"
    return " ".join((function_name(pdu[0]), _words(pdu[1:]))).rstrip()


def _words(data: bytes) -> str:
    """Registers in hexadecimal, `0001 0002`; an odd byte at the front stands alone."""
    return data.hex(" ", 2).upper()


def _digits(cells: bytes) -> str:
    return "".join("01"[cell] for cell in cells)


def _span(address: int, quantity: int) -> str:
    return f"{address}..{address + quantity - 1}" if quantity > 1 else str(address)


def _counted(quantity: int, what: str, shown: str) -> str:
    return f"{quantity} {what}{'' if quantity == 1 else 's'} {shown}".rstrip()


def _write(request: Write) -> str:
    bits = request.table.is_bits
    count = len(request.cells) // (1 if bits else 2)
    shown = _digits(request.cells) if bits else _words(request.cells)
    return f"{_span(request.address, count)} = {shown}"


def _read_write(request: ReadWrite) -> str:
    written = _span(request.write_address, len(request.cells) // 2)
    read = _span(request.address, request.quantity)
    return f"reads {read}, writes {written} = {_words(request.cells)}"


def _groups(request: ReadFiles | WriteFiles) -> str:
    return ", ".join(map(_group, request.groups))


def _group(group: Group) -> str:
    values = f" = {_words(group.cells)}" if group.cells else ""
    return f"file {group.number} record {_span(group.record, group.length)}{values}"


def _diagnostic(request: Diagnostic) -> str:
    name = request.sub_function.code.name.replace("_", " ").title()
    return f"{request.sub_function.code}, {name}: {_words(request.data)}"


def _identification(request: ReadIdentification) -> str:
    if request.code is ReadDeviceId.INDIVIDUAL:
        return f"object {request.object_id:02X}"
    return f"{request.code.name.lower()}, from object {request.object_id:02X}"


_REQUESTS: Final[dict[type, Callable[[Any], str]]] = {
    Read: lambda it: _span(it.address, it.quantity),
    Write: _write,
    MaskWrite: lambda it: f"{it.address}: AND {it.and_mask:04X}, OR {it.or_mask:04X}",
    ReadWrite: _read_write,
    ReadFifo: lambda it: f"of pointer {it.address}",
    ReadFiles: _groups,
    WriteFiles: _groups,
    Diagnostic: _diagnostic,
    ReadIdentification: _identification,
}
"""What a request says beyond its name; those that are not here consist of nothing else."""


def _bits(request: bytes, response: bytes) -> str:
    quantity = int.from_bytes(request[3:5], "big")
    return _counted(quantity, "bit", _digits(unpack_bits(response[2:], quantity)))


def _registers(_: bytes, response: bytes) -> str:
    return _counted(len(response[2:]) // 2, "register", _words(response[2:]))


def _event_counter(_: bytes, response: bytes) -> str:
    return f"status {_words(response[1:3])}, events {int.from_bytes(response[3:5], 'big')}"


def _event_log(_: bytes, response: bytes) -> str:
    events, messages = (int.from_bytes(response[i : i + 2], "big") for i in (4, 6))
    shown = f"status {_words(response[2:4])}, events {events}, messages {messages}, log "
    return shown + (response[8:].hex(" ").upper() or "empty")


def _server_id(_: bytes, response: bytes) -> str:
    state = "running" if response[3] else "not running"
    return f"server id {response[2]:02X}, {state}, {_text(response[4:])}"


def _files(_: bytes, response: bytes) -> str:
    groups: list[str] = []
    start = 2
    while start < len(response):  # its length, the reference type, records
        end = start + 1 + response[start]
        groups.append(_words(response[start + 2 : end]))
        start = end
    return f"records {', '.join(groups)}"


def _fifo(_: bytes, response: bytes) -> str:
    return _counted(len(response[5:]) // 2, "register", _words(response[5:]))


def _objects(_: bytes, response: bytes) -> str:
    objects: list[str] = []
    start = 7
    while start < len(response):  # its id, its length, text
        end = start + 2 + response[start + 1]
        objects.append(f"{response[start]:02X} {_text(response[start + 2 : end])}")
        start = end
    more = f", more from {response[5]:02X} on" if response[4] else ""
    return f"objects {', '.join(objects)}{more}"


def _text(data: bytes) -> str:
    return f'"{data.decode("ascii", "backslashreplace")}"'


_Code = FunctionCode

_RESPONSES: Final[dict[int, Callable[[bytes, bytes], str]]] = {
    _Code.READ_COILS: _bits,
    _Code.READ_DISCRETE_INPUTS: _bits,
    _Code.READ_HOLDING_REGISTERS: _registers,
    _Code.READ_INPUT_REGISTERS: _registers,
    _Code.READ_EXCEPTION_STATUS: lambda _, response: f"status {response[1]:08b}",
    _Code.DIAGNOSTICS: lambda _, response: f"data {_words(response[3:])}",
    _Code.GET_COMM_EVENT_COUNTER: _event_counter,
    _Code.GET_COMM_EVENT_LOG: _event_log,
    _Code.REPORT_SERVER_ID: _server_id,
    _Code.READ_FILE_RECORD: _files,
    _Code.READ_WRITE_MULTIPLE_REGISTERS: _registers,
    _Code.READ_FIFO_QUEUE: _fifo,
    _Code.ENCAPSULATED_INTERFACE_TRANSPORT: _objects,
}
"""What a response says; those that are not here repeat the request."""
