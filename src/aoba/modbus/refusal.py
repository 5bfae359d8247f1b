"""A request that was answered with an exception, in words for the log of the server.

    station 1 input 0..99 refused with 02: 34..99 are in no range
    station 9 holding 5 refused with 0B: unit 9 is nobody's; there are 1, 2
    station 1 Read Coils refused with 03: quantity: expected 1..2000, got 0

`kind` says which refusals are of one kind, so that it is enough to log the first of them.
"""

from collections.abc import Callable
from typing import Final

from aoba.errors import RequestError
from aoba.modbus.describe import function_name
from aoba.modbus.functions import decode
from aoba.modbus.manuals import manual_hint
from aoba.modbus.requests.registers import MaskWrite, ReadWrite
from aoba.modbus.requests.tables import Read, Write
from aoba.modbus.spec import ExceptionCode, FunctionCode, Table
from aoba.spans import Span

_BROADCAST: Final = 0

_Code = FunctionCode

_TABLES: Final[dict[int, Table]] = {
    _Code.READ_COILS: Table.COILS,
    _Code.WRITE_SINGLE_COIL: Table.COILS,
    _Code.WRITE_MULTIPLE_COILS: Table.COILS,
    _Code.READ_DISCRETE_INPUTS: Table.DISCRETE_INPUTS,
    _Code.READ_INPUT_REGISTERS: Table.INPUT,
    _Code.READ_HOLDING_REGISTERS: Table.HOLDING,
    _Code.WRITE_SINGLE_REGISTER: Table.HOLDING,
    _Code.WRITE_MULTIPLE_REGISTERS: Table.HOLDING,
    _Code.MASK_WRITE_REGISTER: Table.HOLDING,
    _Code.READ_WRITE_MULTIPLE_REGISTERS: Table.HOLDING,
}
"""The others have to do with no table, or with none in particular."""

Kind = tuple[int, int, int]


def kind(unit: int, pdu: bytes, code: int) -> Kind:
    """Station, table and code; in place of a table it may be the function, as a negative number."""
    return unit, _TABLES.get(pdu[0], -pdu[0]), code


def refusal_words(unit: int, pdu: bytes, code: int, reason: Callable[[], str]) -> str:
    """Words for a refused request, which may be anything of one byte or more."""
    who = "broadcast," if unit == _BROADCAST else f"station {unit}"
    what, hint = function_name(pdu[0]), ""
    table, spans = _TABLES.get(pdu[0]), _spans(pdu)
    if table is not None and spans:
        what = f"{table.label} {' and '.join(map(str, spans))}"
        is_place = code == ExceptionCode.ILLEGAL_DATA_ADDRESS
        hint = manual_hint(table, spans[0].start) if is_place else ""
    return f"{who} {what} refused with {code:02X}: {reason()}{hint}"


def _spans(pdu: bytes) -> list[Span]:
    """The addresses that a request names; empty where it names none, or is wrong before that."""
    try:
        request = decode(pdu)
    except RequestError:
        return []
    match request:
        case Read(address=start, quantity=count):
            return [Span(start, start + count)]
        case Write(table=table, address=start, cells=cells):
            return [Span(start, start + len(cells) // (1 if table.is_bits else 2))]
        case MaskWrite(address=start):
            return [Span(start, start + 1)]
        case ReadWrite(address=start, quantity=count, write_address=first, cells=cells):
            return [Span(start, start + count), Span(first, first + len(cells) // 2)]
        case _:
            return []
