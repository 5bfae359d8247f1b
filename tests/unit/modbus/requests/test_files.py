"""Functions 20 and 21, by bytes: several groups in one request, all of them or none."""

import pytest

from aoba.errors import IllegalDataAddress, IllegalDataValue
from aoba.modbus.requests.files import Group, ReadFiles, WriteFiles
from support.station import FakeStation


@pytest.fixture
def station():
    station = FakeStation()
    station.files = {4: bytearray(b"\0\0\x0d\xfe\x00\x20"), 3: bytearray(b"\x33\xcd\x00\x40")}
    return station


def test_groups_are_read_one_after_the_other(station):
    request = ReadFiles.decode(bytes.fromhex("14 0e 06 0004 0001 0002 06 0003 0000 0002"))

    assert request.groups == [Group(4, 1, 2), Group(3, 0, 2)]
    response = bytes.fromhex("14 0c 05 06 0dfe 0020 05 06 33cd 0040")  # as in section 6.14
    assert request.carry_out(station, None) == response


def test_groups_are_written_and_echoed(station):
    pdu = bytes.fromhex("15 14 06 0004 0001 0001 06af 06 0003 0000 0002 04be 100d")

    assert WriteFiles.decode(pdu).carry_out(station, None) == pdu
    assert station.files == {4: b"\0\0\x06\xaf\0\x20", 3: b"\x04\xbe\x10\x0d"}


def test_where_one_group_is_refused_none_is_written(station):
    pdu = bytes.fromhex("15 12 06 0004 0001 0001 06af 06 0009 0000 0001 04be")
    with pytest.raises(IllegalDataAddress):
        WriteFiles.decode(pdu).carry_out(station, None)

    assert station.files[4] == b"\0\0\x0d\xfe\0\x20"
    assert [call for call in station.calls if call.startswith("write")] == []


@pytest.mark.parametrize(
    ("decode", "pdu", "error"),
    [
        (ReadFiles.decode, "14", IllegalDataValue),
        (ReadFiles.decode, "14 06 06 0004 0001 00", IllegalDataValue),  # no multiple of 7
        (ReadFiles.decode, "14 07 06 0004 0001 0000", IllegalDataValue),  # no record
        (ReadFiles.decode, "14 07 06 0004 0001 007d", IllegalDataValue),  # 252 bytes of response
        (ReadFiles.decode, "14 07 05 0004 0001 0001", IllegalDataAddress),  # reference type
        (ReadFiles.decode, "14 07 06 0004 0001 0001 00", IllegalDataValue),  # a byte too many
        (WriteFiles.decode, "15 08 06 0004 0001 0001 06", IllegalDataValue),  # below the least
        (WriteFiles.decode, "15 09 06 0004 0001 0002 06af", IllegalDataValue),  # a cell is missing
        (WriteFiles.decode, "15 09 07 0004 0001 0001 06af", IllegalDataAddress),
    ],
)
def test_what_is_no_request(decode, pdu, error):
    with pytest.raises(error):
        decode(bytes.fromhex(pdu))
