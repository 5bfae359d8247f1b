"""Functions 20 and 21: file records. One request may name several groups of them.

Both figures check the byte count (03), then for each group the reference type, the file number and
the record numbers (all 02). A record is one register; a group is a run of records in one file.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from aoba.errors import IllegalDataAddress, IllegalDataValue
from aoba.modbus.peer import Peer
from aoba.modbus.requests.request import expect_at_least, expect_length
from aoba.modbus.spec import MAX_PDU, FunctionCode
from aoba.modbus.station import Station

_GROUP: Final = Struct(">BHHH")  # reference type, file number, record number, record length
_REFERENCE_TYPE: Final = 6
_HEADER: Final = 2  # function code, byte count
_MAX_READ_COUNT: Final = 0xF5
_MIN_WRITE_COUNT: Final = 0x09
_MAX_WRITE_COUNT: Final = 0xFB
_MAX_RESPONSE: Final = MAX_PDU - _HEADER


class Group(NamedTuple):
    """`length` records of file `number` from `record` on; `cells` where they are to be written."""

    number: int
    record: int
    length: int
    cells: bytes = b""


class ReadFiles(NamedTuple):
    """Read File Record (section 6.14)."""

    groups: list[Group]

    @classmethod
    def decode(cls, pdu: bytes) -> "ReadFiles":
        count = _byte_count(pdu, _GROUP.size, _MAX_READ_COUNT)
        if count % _GROUP.size:
            raise IllegalDataValue("byte count", count, f"a multiple of {_GROUP.size}")
        fields = list(_GROUP.iter_unpack(pdu[_HEADER:]))
        size = sum(2 + 2 * length for *_, length in fields)
        # Each part of the response has a byte of length before it, and one of reference type.
        if size > _MAX_RESPONSE:
            raise IllegalDataValue("response length", size, f"at most {_MAX_RESPONSE} bytes")
        for *_, length in fields:
            _expect_records(length)
        return cls([_group(*item) for item in fields])

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        parts = b"".join(
            bytes((1 + 2 * group.length, _REFERENCE_TYPE))
            + station.read_file(group.number, group.record, group.length)
            for group in self.groups
        )
        return bytes((FunctionCode.READ_FILE_RECORD, len(parts))) + parts


class WriteFiles(NamedTuple):
    """Write File Record (section 6.15); all groups or none."""

    groups: list[Group]
    echo: bytes

    @classmethod
    def decode(cls, pdu: bytes) -> "WriteFiles":
        _byte_count(pdu, _MIN_WRITE_COUNT, _MAX_WRITE_COUNT)
        parts = list(_written(pdu))
        return cls([_group(*fields, cells) for fields, cells in parts], pdu)

    def carry_out(self, station: Station, client: Peer) -> bytes:  # noqa: ARG002
        for group in self.groups:
            station.read_file(group.number, group.record, group.length)  # or nothing is written
        for group in self.groups:
            station.write_file(group.number, group.record, group.cells)
        return self.echo


def _byte_count(pdu: bytes, low: int, high: int) -> int:
    expect_at_least(pdu, _HEADER)
    count = pdu[1]
    if not low <= count <= high:
        raise IllegalDataValue("byte count", count, f"{low}..{high}")
    expect_length(pdu, _HEADER + count)
    return count


def _written(pdu: bytes) -> Iterator[tuple[tuple[int, int, int, int], bytes]]:
    """The groups of a write with the cells of each, which have to fill the request exactly."""
    start = _HEADER
    while start < len(pdu):
        expect_at_least(pdu, start + _GROUP.size)
        fields = _GROUP.unpack_from(pdu, start)
        _expect_records(fields[-1])
        start += _GROUP.size
        stop = start + 2 * fields[-1]
        expect_at_least(pdu, stop)
        yield fields, pdu[start:stop]
        start = stop


def _expect_records(count: int) -> None:
    # The figures do not say so, but a quantity of 0 is an illegal value everywhere else.
    if count == 0:
        raise IllegalDataValue("record length", count, "at least 1")


def _group(reference: int, number: int, record: int, length: int, cells: bytes = b"") -> Group:
    if reference != _REFERENCE_TYPE:
        raise IllegalDataAddress("reference type", reference)
    return Group(number, record, length, cells)
