"""Functions 7, 11, 12 and 17: requests of one byte that ask how the device is, or who it is."""

from struct import Struct
from typing import Final, NamedTuple

from aoba.errors import IllegalDataAddress
from aoba.modbus.pdu import pack_bits
from aoba.modbus.peer import Peer
from aoba.modbus.requests.request import expect_length
from aoba.modbus.spec import MAX_PDU, FunctionCode, ObjectId, Table
from aoba.modbus.station import Station

_STATUSES: Final = 8
_READY: Final = 0  # the status word of 6.9; FFFF would be: a program command is being processed
_EVENT_COUNTER: Final = Struct(">BHH")  # function code, status, event count
_EVENT_LOG: Final = Struct(">BBHHH")  # function code, byte count, status, event and message count
_COUNTS: Final = 6  # bytes of the last three, which the byte count of a log includes
_RUNNING: Final = 0xFF
_HEADER: Final = 4  # function code, byte count, server id, run indicator
_NAMES: Final = (ObjectId.VENDOR_NAME, ObjectId.PRODUCT_CODE, ObjectId.REVISION)


class ReadExceptionStatus(NamedTuple):
    """Read Exception Status (section 6.7): coils 0 to 7, and 0 for one that is not defined.

    What the eight outputs are is left to the device.
    """

    @classmethod
    def decode(cls, pdu: bytes) -> "ReadExceptionStatus":
        expect_length(pdu, 1)
        return cls()

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        cells = b"".join(_coil(station, address) for address in range(_STATUSES))
        return bytes((FunctionCode.READ_EXCEPTION_STATUS,)) + pack_bits(cells)


class GetEventCounter(NamedTuple):
    """Get Comm Event Counter (section 6.9)."""

    @classmethod
    def decode(cls, pdu: bytes) -> "GetEventCounter":
        expect_length(pdu, 1)
        return cls()

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        events = client.counters.events & 0xFFFF
        return _EVENT_COUNTER.pack(FunctionCode.GET_COMM_EVENT_COUNTER, _READY, events)


class GetEventLog(NamedTuple):
    """Get Comm Event Log (section 6.10); event 0, of this request itself, is the newest."""

    @classmethod
    def decode(cls, pdu: bytes) -> "GetEventLog":
        expect_length(pdu, 1)
        return cls()

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        counters = client.counters
        count = _COUNTS + len(counters.log)
        numbers = _READY, counters.events & 0xFFFF, counters.bus_messages & 0xFFFF
        return _EVENT_LOG.pack(FunctionCode.GET_COMM_EVENT_LOG, count, *numbers) + bytes(
            counters.log
        )


class ReportServerId(NamedTuple):
    """Report Server ID (section 6.13), whose data is left to the device.

    The server id is the unit id, and the additional data the basic identification as text.
    """

    @classmethod
    def decode(cls, pdu: bytes) -> "ReportServerId":
        expect_length(pdu, 1)
        return cls()

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        text = b" ".join(station.identity[name] for name in _NAMES)[: MAX_PDU - _HEADER]
        data = bytes((station.unit, _RUNNING)) + text
        return bytes((FunctionCode.REPORT_SERVER_ID, len(data))) + data


def _coil(station: Station, address: int) -> bytes:
    try:
        return station.read(Table.COILS, address, 1)
    except IllegalDataAddress:
        return b"\x00"
