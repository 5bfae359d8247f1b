"""Requests that write to what belongs to a device, from the request to the response."""

import asyncio

import pytest

from aoba.errors import IllegalDataAddress
from aoba.modbus.answer import answer, broadcast
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.modbus.pending import Pending
from aoba.modbus.spec import ExceptionCode, Table
from aoba.registers.image import Image
from aoba.registers.journal import Journal
from builders import FakeDevice, a_range, a_station, decoded, stations

READ = b"\x03\0\0\0\x04"
WRITE = b"\x06\0\x01\x12\x34"


@pytest.fixture
def device():
    return FakeDevice()


@pytest.fixture
def image(device):
    """In coils and holding, 0..3 belong to a device, 4..5 to a script, 6..7 to another device."""
    image = Image()
    for name, start, size in (("one", 0, 4), ("script.py", 4, 2), ("two", 6, 2)):
        if name != "script.py":
            image.delegate(name, device)
        ranges = [a_range(start, [1] * size)]
        document = stations(a_station(5, coils=ranges, holding=ranges))
        image.apply(name, decoded(document))
    return image


@pytest.fixture
def client():
    return Peer("a client", Counters())


def ask(image, pdu, client):
    """The response, as a link gets it."""
    pending = answer(image.stations[5], pdu, client)
    assert isinstance(pending, Pending)
    assert (pending.unit, pending.pdu) == (5, pdu)
    return pending.finish(asyncio.run(pending.ask()))


CASES = [  # request, response, what is then written: table, address, cells
    ("05 0001 0000", "05 0001 0000", (Table.COILS, 1, "00")),
    ("06 0001 1234", "06 0001 1234", (Table.HOLDING, 1, "1234")),
    ("0F 0001 0003 01 02", "0F 0001 0003", (Table.COILS, 1, "000100")),
    ("10 0002 0002 04 AAAA BBBB", "10 0002 0002", (Table.HOLDING, 2, "AAAA BBBB")),
    # The mask write: 1 AND F0F0, and of the other bits those of 0A0A.
    ("16 0003 F0F0 0A0A", "16 0003 F0F0 0A0A", (Table.HOLDING, 3, "0A0A")),
    # Reads 0..1, writes 1 before.
    ("17 0000 0002 0001 0001 02 1234", "17 04 0001 1234", (Table.HOLDING, 1, "1234")),
]


@pytest.mark.parametrize("case", CASES)
def test_each_function_writes_when_the_device_has_agreed(image, device, client, case):
    pdu, response, (table, address, cells) = case
    cells = bytes.fromhex(cells)
    before = image.stations[5].read(table, 0, 8)
    pending = answer(image.stations[5], bytes.fromhex(pdu), client)
    assert image.stations[5].read(table, 0, 8) == before

    assert pending.finish(asyncio.run(pending.ask())).hex() == bytes.fromhex(response).hex()
    assert device.asked == [(5, table, address, cells)]
    quantity = len(cells) // (1 if table.is_bits else 2)
    assert image.stations[5].read(table, address, quantity) == cells


@pytest.mark.parametrize("code", [*ExceptionCode, 0x07, 0xFF])
def test_the_refusal_of_the_device_is_the_answer(image, device, client, code):
    device.codes = [code]

    assert ask(image, WRITE, client) == bytes((0x86, code))
    assert image.stations[5].read(Table.HOLDING, 1, 1) == b"\0\x01"
    assert client.counters.refusals == {code: 1}


def test_the_port_is_told_of_the_response_once(image, client):
    pending = answer(image.stations[5], WRITE, client)
    assert (client.counters.messages, client.counters.events) == (1, 0)

    pending.finish(None)
    assert (client.counters.messages, client.counters.events, client.counters.silences) == (1, 1, 0)


def test_where_nobody_waits_any_more_the_port_is_told_nothing(image, client):
    pending = answer(image.stations[5], WRITE, client)

    pending.settle(None)
    assert client.counters.events == 0
    assert image.stations[5].read(Table.HOLDING, 1, 1) == b"\x12\x34"


def test_ready_answers_are_forgotten_when_the_device_has_agreed(image, client):
    pending = answer(image.stations[5], WRITE, client)
    image.cache.keep(b"request", b"answer")

    pending.finish(4)
    assert image.cache.find(b"request")
    pending.finish(None)
    assert image.cache.find(b"request") is None


def test_a_write_across_owners_asks_each_device_and_is_then_carried_out_whole(
    image, device, client
):
    journal = Journal(image, "script.py", lambda: 0.0)
    cells = bytes(range(10))

    ask(image, b"\x10\0\x02\0\x05\x0a" + cells, client)
    assert device.asked == [(5, Table.HOLDING, 2, cells[:4]), (5, Table.HOLDING, 6, cells[8:])]
    assert image.stations[5].read(Table.HOLDING, 2, 5) == cells
    (write,) = journal.take().writes
    assert (write.address, write.cells, write.client) == (4, cells[4:8], "a client")


def test_after_a_refusal_nobody_else_is_asked_and_nothing_is_written(image, device, client):
    device.codes = [6]

    assert ask(image, b"\x10\0\x02\0\x05\x0a" + bytes(10), client) == b"\x90\x06"
    assert len(device.asked) == 1
    assert image.stations[5].read(Table.HOLDING, 2, 5) == b"\0\x01" * 5


def test_what_is_no_devices_is_written_at_once(image, device, client):
    assert answer(image.stations[5], b"\x06\0\x04\x12\x34", client) == b"\x06\0\x04\x12\x34"
    assert device.asked == []


@pytest.mark.parametrize("pdu", ["06 0008 0001", "10 0007 0002 04 00000000", "06 0001"])
def test_what_is_wrong_without_the_device_is_not_passed_on(image, device, client, pdu):
    assert answer(image.stations[5], bytes.fromhex(pdu), client)[0] & 0x80
    assert device.asked == []


def test_where_a_device_takes_no_writes_nobody_is_asked(image, device, client):
    device.refusal = IllegalDataAddress("holding", 6)

    assert answer(image.stations[5], WRITE, client) == b"\x86\x02"
    assert device.asked == []


def test_the_station_is_the_same_when_another_source_has_started_over(image, client):
    pending = answer(image.stations[5], WRITE, client)
    new = stations(a_station(5, holding=[a_range(4, [7])]))
    image.apply("script.py", decoded(new), replace=True)

    pending.finish(None)
    assert image.stations[5].read(Table.HOLDING, 0, 5) == bytes.fromhex("0001 1234 0001 0001 0007")
    assert isinstance(answer(image.stations[5], WRITE, client), Pending)


def test_where_the_script_has_taken_addresses_back_the_answer_says_so(image, client):
    pending = answer(image.stations[5], b"\x10\0\x03\0\x02\x04\0\0\0\0", client)
    image.apply("script.py", decoded(stations()), replace=True)

    assert pending.finish(None) == b"\x90\x02"


def test_what_a_device_no_longer_defines_is_nobodys(image, client):
    image.apply("one", decoded(stations()), replace=True)

    assert answer(image.stations[5], WRITE, client) == b"\x86\x02"
    assert answer(image.stations[5], b"\x06\0\x04\0\0", client) == b"\x06\0\x04\0\0"
    image.apply("other.py", decoded(stations(a_station(5, holding=[a_range(0, [1, 1])]))))
    assert answer(image.stations[5], WRITE, client) == WRITE


def test_a_broadcast_gives_what_devices_are_to_be_asked(image, client):
    image.apply("other.py", decoded(stations(a_station(6, holding=[a_range(1, [9])]))))

    (pending,) = broadcast(image.stations.values(), WRITE, client)
    assert image.stations[6].read(Table.HOLDING, 1, 1) == b"\x12\x34"
    assert (client.counters.silences, client.counters.events) == (1, 1)
    pending.settle(asyncio.run(pending.ask()))
    assert image.stations[5].read(Table.HOLDING, 1, 1) == b"\x12\x34"
    assert (client.counters.silences, client.counters.events) == (1, 1)


def test_reads_never_wait(image, client):
    assert answer(image.stations[5], READ, client) == b"\x03\x08" + b"\0\x01" * 4
