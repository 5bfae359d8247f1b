"""What is asked of a device, one request or as many as it takes.

Values are cells, as everywhere: a bit is one byte, a register two, the high one first. All raise
DeviceError.
"""

import struct
from collections.abc import AsyncIterator
from typing import Any, Final

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from aoba.client.blocks import Block, to_read, to_write
from aoba.client.connection import Connection
from aoba.endpoints.device import has_broadcast
from aoba.endpoints.request_options import RequestOptions
from aoba.errors import BadAnswer, DeviceException
from aoba.modbus.spec import ExceptionCode, Table

BROADCAST: Final = 0

_READS: Final[dict[Table, type[ModbusPDU]]] = {
    Table.COILS: ReadCoilsRequest,
    Table.DISCRETE_INPUTS: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
_WRITES: Final[dict[tuple[Table, bool], type[ModbusPDU]]] = {
    (Table.COILS, False): WriteMultipleCoilsRequest,
    (Table.COILS, True): WriteSingleCoilRequest,
    (Table.HOLDING, False): WriteMultipleRegistersRequest,
    (Table.HOLDING, True): WriteSingleRegisterRequest,
}
"""By table, and whether the function is the one for a single address."""

_BASIC: Final = 1
_REGULAR: Final = 2
"""Which objects are asked for, the regular ones with the basic ones (section 6.21)."""
_BASIC_OBJECTS: Final = range(3)
_MOST_OBJECTS: Final = 256


async def read(connection: Connection, block: Block, step: int = 1) -> bytes:
    """The cells of a block; a value has `step` addresses, and is read at one go.

    How many registers one request may have, the URL of the device says.
    """
    parts = to_read(block, step, connection.target.requests.max_registers)
    return b"".join([await read_once(connection, part) for part in parts])


async def write(  # noqa: PLR0913  the last two are for few
    connection: Connection,
    block: Block,
    cells: bytes,
    step: int = 1,
    *,
    single: bool = False,
    options: RequestOptions | None = None,
) -> AsyncIterator[Block]:
    """Write the cells of a block, and say of each part when it is written.

    With `single`, one address after the other, by the functions for that, unless `options` say
    otherwise; those of the connection, where none are given.
    """
    width = len(cells) // block.size
    options = options or connection.target.requests
    single = options.one_by_one(block.size, asked_single=single)
    most = options.max_registers
    for part in to_write(block, step, single=single, max_registers=most):
        first, last = (width * (at - block.span.start) for at in part.span)
        await write_once(connection, part, cells[first:last], single=single)
        yield part


async def read_once(connection: Connection, block: Block) -> bytes:
    request = _READS[block.table](dev_id=block.unit, address=block.span.start, count=block.size)
    answer = await connection.ask(block, request)
    if block.table.is_bits:
        return bytes(answer.bits[: block.size])
    return struct.pack(f">{block.size}H", *answer.registers)


async def write_once(
    connection: Connection, block: Block, cells: bytes, *, single: bool = False
) -> None:
    """A broadcast is carried out by all and answered by none."""
    kind, start = _WRITES[block.table, single], block.span.start
    if block.table.is_bits:
        request = kind(dev_id=block.unit, address=start, bits=[cell != 0 for cell in cells])
    else:
        registers = struct.unpack(f">{block.size}H", cells)
        request = kind(dev_id=block.unit, address=start, registers=registers)
    if block.unit == BROADCAST and has_broadcast(connection.target):
        await connection.tell_all(request)
    else:
        await connection.ask(block, request)


async def mask_write(connection: Connection, block: Block, and_mask: int, or_mask: int) -> None:
    """Change bits of the holding register that is `block` (section 6.16)."""
    request = MaskWriteRegisterRequest(
        address=block.span.start, and_mask=and_mask, or_mask=or_mask, dev_id=block.unit
    )
    await connection.ask(block, request)


async def identify(connection: Connection, unit: int) -> dict[int, bytes]:
    """Objects of the device identification (section 6.21), by their ids.

    Regular ones are to include basic ones, which every device has that has any. Some devices know
    only those, or tell them only when they are asked for nothing else.
    """
    found: dict[int, bytes] = {}
    try:
        found = await _objects(connection, unit, _REGULAR)
    except DeviceException as error:
        if error.code == ExceptionCode.ILLEGAL_FUNCTION:
            raise
    if all(number in found for number in _BASIC_OBJECTS):
        return found
    try:
        return await _objects(connection, unit, _BASIC) | found
    except (DeviceException, BadAnswer):
        if not found:
            raise
    return found


async def _objects(connection: Connection, unit: int, read_code: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    following = 0
    while len(found) < _MOST_OBJECTS:
        request = ReadDeviceInformationRequest(
            read_code=read_code, object_id=following, dev_id=unit
        )
        what = f"device identification of station {unit}"
        answer: Any = await connection.ask(what, request)
        if not hasattr(answer, "information"):
            raise BadAnswer(f"{connection.target}: station {unit} answers with no identification")
        news = {key: value for key, value in answer.information.items() if key not in found}
        found |= {key: value for key, value in news.items() if isinstance(value, bytes)}
        if not (answer.more_follows and news):
            break
        following = answer.next_object_id
    return found
