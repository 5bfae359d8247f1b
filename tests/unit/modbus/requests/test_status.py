"""Functions 7, 11, 12 and 17, by bytes."""

import pytest

from aoba.errors import IllegalDataValue
from aoba.modbus.peer import Peer
from aoba.modbus.requests.status import (
    GetEventCounter,
    GetEventLog,
    ReadExceptionStatus,
    ReportServerId,
)
from support.station import FakePort, FakeStation


@pytest.fixture
def port():
    return FakePort()


@pytest.fixture
def client(port):
    return Peer("line", port)


@pytest.mark.parametrize(
    ("coils", "status"),
    [(b"\1\0\1\0\0\0\0\1", 0x85), (b"\1\0\1", 0x05), (b"", 0x00), (b"\0" * 8 + b"\1", 0x00)],
)
def test_the_status_is_the_first_eight_coils_and_0_where_there_is_none(client, coils, status):
    request = ReadExceptionStatus.decode(b"\x07")

    assert request.carry_out(FakeStation(coils=coils), client) == bytes((7, status))


def test_events_are_told_with_messages_and_the_newest_ones(client, port):
    port.events, port.bus_messages, port.log = 2, 3, [0x80, 0x40]

    counter = GetEventCounter.decode(b"\x0b").carry_out(FakeStation(), client)
    assert counter == bytes.fromhex("0b 0000 0002")
    log = GetEventLog.decode(b"\x0c").carry_out(FakeStation(), client)
    assert log == bytes.fromhex("0c 08 0000 0002 0003 80 40")


def test_more_than_16_bits_of_a_count_begin_anew(client, port):
    port.events = 0x1_0003

    counter = GetEventCounter.decode(b"\x0b").carry_out(FakeStation(), client)
    assert counter == bytes.fromhex("0b 0000 0003")


@pytest.mark.parametrize(
    ("names", "text"), [((b"V", b"P", b"1"), b"V P 1"), ((b"V" * 244,) * 3, b"V" * 244 + b" VVVV")]
)
def test_who_a_station_is_fits_a_response(client, names, text):
    station = FakeStation()
    station.unit, station.identity = 9, dict(enumerate(names))

    response = ReportServerId.decode(b"\x11").carry_out(station, client)
    assert response == bytes((0x11, 2 + len(text), 9, 0xFF)) + text
    assert len(response) <= 253


@pytest.mark.parametrize("request_type", [ReadExceptionStatus, GetEventCounter, GetEventLog])
def test_a_request_has_nothing_behind_its_function_code(request_type):
    with pytest.raises(IllegalDataValue):
        request_type.decode(b"\x07\x00")
