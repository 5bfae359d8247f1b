"""What is asked of a device, one request or as many as it takes.

Values are cells, as everywhere: a bit is one byte, a register two, the high one first. All raise
DeviceError.
"""

import struct
from collections.abc import AsyncIterator
from typing import Any, Final

from aoba.client.blocks import Block, to_read, to_write
from aoba.client.connection import Connection
from aoba.client.target import has_broadcast
from aoba.errors import BadAnswer
from aoba.modbus.spec import FunctionCode, Table

BROADCAST: Final = 0

_READS: Final = {
    Table.COILS: ("read_coils", FunctionCode.READ_COILS),
    Table.DISCRETE_INPUTS: ("read_discrete_inputs", FunctionCode.READ_DISCRETE_INPUTS),
    Table.HOLDING: ("read_holding_registers", FunctionCode.READ_HOLDING_REGISTERS),
    Table.INPUT: ("read_input_registers", FunctionCode.READ_INPUT_REGISTERS),
}
_WRITES: Final = {
    (Table.COILS, False): ("write_coils", FunctionCode.WRITE_MULTIPLE_COILS),
    (Table.COILS, True): ("write_coil", FunctionCode.WRITE_SINGLE_COIL),
    (Table.HOLDING, False): ("write_registers", FunctionCode.WRITE_MULTIPLE_REGISTERS),
    (Table.HOLDING, True): ("write_register", FunctionCode.WRITE_SINGLE_REGISTER),
}
"""By table, and whether the function is the one for a single address."""

_REGULAR: Final = 2
"""Basic and regular objects, as many as the device has (section 6.21)."""
_MOST_OBJECTS: Final = 256


async def read(connection: Connection, block: Block, step: int = 1) -> bytes:
    """The cells of a block; a value has `step` addresses, and is read at one go."""
    return b"".join([await read_once(connection, part) for part in to_read(block, step)])


async def write(
    connection: Connection, block: Block, cells: bytes, step: int = 1, *, single: bool = False
) -> AsyncIterator[Block]:
    """Write the cells of a block, and say of each part when it is written.

    With `single`, one address after the other, by the functions for that.
    """
    width = len(cells) // block.size
    for part in to_write(block, step, single=single):
        first, last = (width * (at - block.span.start) for at in part.span)
        await write_once(connection, part, cells[first:last], single=single)
        yield part


async def read_once(connection: Connection, block: Block) -> bytes:
    (method, code), start = _READS[block.table], block.span.start
    answer = await connection.ask(block, method, start, count=block.size, device_id=block.unit)
    _expect_function(connection, block, answer, code)
    if block.table.is_bits:
        whole = -(-block.size // 8) * 8
        _expect(connection, block, "bits", len(answer.bits), whole)
        return bytes(answer.bits[: block.size])
    _expect(connection, block, "registers", len(answer.registers), block.size)
    return struct.pack(f">{block.size}H", *answer.registers)


async def write_once(
    connection: Connection, block: Block, cells: bytes, *, single: bool = False
) -> None:
    """A broadcast is carried out by all and answered by none."""
    if block.table.is_bits:
        values: list[Any] = [cell != 0 for cell in cells]
    else:
        values = list(struct.unpack(f">{block.size}H", cells))
    (method, code), start = _WRITES[block.table, single], block.span.start
    value = values[0] if single else values
    if block.unit == BROADCAST and has_broadcast(connection.target):
        await connection.tell_all(len(cells), method, start, value, device_id=BROADCAST)
        return
    answer = await connection.ask(block, method, start, value, device_id=block.unit)
    _expect_function(connection, block, answer, code)
    _expect(connection, block, "address", answer.address, block.span.start)


async def mask_write(connection: Connection, block: Block, and_mask: int, or_mask: int) -> None:
    """Change bits of the holding register that is `block` (section 6.16)."""
    answer = await connection.ask(
        block,
        "mask_write_register",
        address=block.span.start,
        and_mask=and_mask,
        or_mask=or_mask,
        device_id=block.unit,
    )
    _expect_function(connection, block, answer, FunctionCode.MASK_WRITE_REGISTER)


async def identify(connection: Connection, unit: int) -> dict[int, bytes]:
    """Objects of the device identification (section 6.21), by their ids."""
    found: dict[int, bytes] = {}
    following = 0
    while len(found) < _MOST_OBJECTS:
        answer: Any = await connection.ask(
            f"device identification of station {unit}",
            "read_device_information",
            read_code=_REGULAR,
            object_id=following,
            device_id=unit,
        )
        if not hasattr(answer, "information"):
            raise BadAnswer(f"{connection.target}: station {unit} answers with no identification")
        news = {key: value for key, value in answer.information.items() if key not in found}
        found |= {key: value for key, value in news.items() if isinstance(value, bytes)}
        if not (answer.more_follows and news):
            break
        following = answer.next_object_id
    return found


def _expect_function(connection: Connection, block: Block, answer: Any, code: int) -> None:
    # Where there are no transaction ids, it may be a late answer to an earlier request.
    _expect(connection, block, "function", answer.function_code, code)


def _expect(connection: Connection, block: Block, what: str, got: int, expected: int) -> None:
    if got != expected:
        raise BadAnswer(
            f"{connection.target}: the answer is not the one to what was asked, {block}: "
            f"expected {what} {expected}, got {got}"
        )
