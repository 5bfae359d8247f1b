"""How long an RTU frame is, told from its first bytes.

RTU frames do not say where they end, but functions do. On a bus each passes twice, as a request and
as a response, which differ in length. Sizes include unit id and CRC. Where the bytes so far do not
tell yet, the size given is larger than they are: that many are needed to tell more.
"""

from collections.abc import Callable
from typing import Final

from aoba.modbus.spec import EXCEPTION_FLAG, FunctionCode

UNKNOWN: Final = 0
"""Only a gap ends a frame of a function that is not in the tables."""

_EXCEPTION: Final = 5  # unit id, function, code, CRC
_OBJECTS: Final = 8  # where the objects of a device identification begin
_READ_DEVICE_IDENTIFICATION: Final = 0x0E

_Size = Callable[[bytes, int], int]


def request_size(data: bytes, start: int) -> int:
    """Size of the request that begins at `start`, two bytes of which are there at least."""
    size = _REQUESTS.get(data[start + 1])
    return size(data, start) if size else UNKNOWN


def response_size(data: bytes, start: int) -> int:
    """The same of a response."""
    function = data[start + 1]
    if function & EXCEPTION_FLAG:
        return _EXCEPTION
    size = _RESPONSES.get(function)
    return size(data, start) if size else UNKNOWN


def response_head(request: bytes) -> bytes:
    """How the response to `request` begins, where that tells its size; else empty."""
    function = request[1]
    if function in _READ_BITS:
        count = (int.from_bytes(request[4:6], "big") + 7) // 8
    elif function in _READ_REGISTERS:
        count = 2 * int.from_bytes(request[4:6], "big")
    else:
        return b""
    return bytes((request[0], function, count)) if count <= 0xFF else b""  # noqa: PLR2004  a byte


def _fixed(size: int) -> _Size:
    return lambda _data, _start: size


def _counted(position: int, rest: int, width: int = 1) -> _Size:
    """The number of bytes that follow stands at `position`; `rest` is the size without them."""

    def size(data: bytes, start: int) -> int:
        count = data[start + position : start + position + width]
        return rest + int.from_bytes(count, "big") if len(count) == width else rest

    return size


def _identification_request(data: bytes, start: int) -> int:
    known = data[start + 2 : start + 3] in (b"", bytes((_READ_DEVICE_IDENTIFICATION,)))
    return 7 if known else UNKNOWN


def _identification_response(data: bytes, start: int) -> int:
    """Each object has a number, a size, and that many bytes (section 6.21)."""
    if not _identification_request(data, start):
        return UNKNOWN
    size = _OBJECTS
    objects = data[start + size - 1] if len(data) >= start + size else 1
    for _ in range(objects):
        length = data[start + size + 1 : start + size + 2]
        size += 2 + sum(length)
        if not length:
            break
    return size + 2


_READ_BITS: Final = (FunctionCode.READ_COILS, FunctionCode.READ_DISCRETE_INPUTS)
_READ_REGISTERS: Final = (
    FunctionCode.READ_HOLDING_REGISTERS,
    FunctionCode.READ_INPUT_REGISTERS,
    FunctionCode.READ_WRITE_MULTIPLE_REGISTERS,
)
_ALIKE: Final[dict[int, _Size]] = {
    FunctionCode.WRITE_SINGLE_COIL: _fixed(8),
    FunctionCode.WRITE_SINGLE_REGISTER: _fixed(8),
    FunctionCode.DIAGNOSTICS: _fixed(8),
    FunctionCode.READ_FILE_RECORD: _counted(2, 5),
    FunctionCode.WRITE_FILE_RECORD: _counted(2, 5),
    FunctionCode.MASK_WRITE_REGISTER: _fixed(10),
}
_REQUESTS: Final[dict[int, _Size]] = _ALIKE | {
    FunctionCode.READ_COILS: _fixed(8),
    FunctionCode.READ_DISCRETE_INPUTS: _fixed(8),
    FunctionCode.READ_HOLDING_REGISTERS: _fixed(8),
    FunctionCode.READ_INPUT_REGISTERS: _fixed(8),
    FunctionCode.READ_EXCEPTION_STATUS: _fixed(4),
    FunctionCode.GET_COMM_EVENT_COUNTER: _fixed(4),
    FunctionCode.GET_COMM_EVENT_LOG: _fixed(4),
    FunctionCode.WRITE_MULTIPLE_COILS: _counted(6, 9),
    FunctionCode.WRITE_MULTIPLE_REGISTERS: _counted(6, 9),
    FunctionCode.REPORT_SERVER_ID: _fixed(4),
    FunctionCode.READ_WRITE_MULTIPLE_REGISTERS: _counted(10, 13),
    FunctionCode.READ_FIFO_QUEUE: _fixed(6),
    FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT: _identification_request,
}
_RESPONSES: Final[dict[int, _Size]] = _ALIKE | {
    FunctionCode.READ_COILS: _counted(2, 5),
    FunctionCode.READ_DISCRETE_INPUTS: _counted(2, 5),
    FunctionCode.READ_HOLDING_REGISTERS: _counted(2, 5),
    FunctionCode.READ_INPUT_REGISTERS: _counted(2, 5),
    FunctionCode.READ_EXCEPTION_STATUS: _fixed(5),
    FunctionCode.GET_COMM_EVENT_COUNTER: _fixed(8),
    FunctionCode.GET_COMM_EVENT_LOG: _counted(2, 5),
    FunctionCode.WRITE_MULTIPLE_COILS: _fixed(8),
    FunctionCode.WRITE_MULTIPLE_REGISTERS: _fixed(8),
    FunctionCode.REPORT_SERVER_ID: _counted(2, 5),
    FunctionCode.READ_WRITE_MULTIPLE_REGISTERS: _counted(2, 5),
    FunctionCode.READ_FIFO_QUEUE: _counted(2, 6, width=2),
    FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT: _identification_response,
}
