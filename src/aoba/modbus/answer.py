"""One request against one station. The order in which exceptions are found lives here.

The state diagrams of section 6 check, in this order: the function code (01); quantity, byte count
and value (03); address and address + quantity (02); the execution itself (04). `decode` raises the
first two, the station the others, and a write that is refused has changed nothing.
"""

from typing import Protocol

from aoba.errors import RequestError
from aoba.modbus.client import Client
from aoba.modbus.pdu import Read, decode, exception
from aoba.modbus.spec import Table


class Station(Protocol):
    """What a request needs of a station. Cells are described in `aoba.modbus.pdu`.

    Both methods raise IllegalDataAddress, before anything has changed, where one of the addresses
    from `address` (zero-based) on is not defined. `read` raises ServerDeviceFailure where they are,
    but have no value at present.
    """

    def read(self, table: Table, address: int, quantity: int) -> bytes: ...

    def write(self, table: Table, address: int, cells: bytes, client: Client) -> None: ...


def answer(station: Station, pdu: bytes, client: Client) -> bytes:
    """Carry out one request PDU (1 to 253 bytes) and return the response PDU; never raises."""
    try:
        request = decode(pdu)
        if isinstance(request, Read):
            return request.response(station.read(request.table, request.address, request.quantity))
        station.write(request.table, request.address, request.cells, client)
        return request.response()
    except RequestError as error:
        return exception(pdu[0], error.code)
