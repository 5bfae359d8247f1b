import asyncio
import socket

import pytest

from aoba.endpoints.url import parse_listen
from aoba.links.access import AccessRules
from aoba.links.connection import Connection
from aoba.links.forwarded_writes import ForwardedWrites
from aoba.links.link_log import LinkLog
from aoba.links.rtu_tcp import RtuConnection
from aoba.links.serial_session import SerialSession
from aoba.links.session import MAX_REQUESTS, MbapSession
from aoba.modbus import rtu
from aoba.modbus.counters import Counters
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from builders import FakeDevice, a_range, a_station, decoded, stations

READ = b"\x03\0\0\0\1"
OTHER = b"\x03\0\x09\0\1"


def frame(transaction, pdu=READ):
    return transaction.to_bytes(2, "big") + b"\0\0" + bytes((0, 1 + len(pdu), 1)) + pdu


def answer(transaction):
    return frame(transaction, b"\x03\2\0\7")


class Link:
    def __init__(self):
        image = Image()
        image.apply("a", decoded(stations(a_station(holding=[a_range(0, [7])]))))
        image.delegate("device", FakeDevice())
        image.apply("device", decoded(stations(a_station(2, holding=[a_range(0, [9])]))))
        self.image = image
        self.counters = Counters()
        self.log = LinkLog("tcp://127.0.0.1:5020")
        self.forwarded_writes = ForwardedWrites()
        self.access_rules = AccessRules(parse_listen("tcp://127.0.0.1:0"))
        self.open_session = lambda client: MbapSession(image.stations, client, image.cache)
        self.room = True
        self.left = 0

    def accept(self, connection, host):
        assert host == "127.0.0.1"
        connection.heard = False
        return self.room

    def leave(self, _):
        self.left += 1


class Transport(asyncio.Transport):
    """Takes `room` bytes, and then pauses its protocol, as with a high-water mark of 0."""

    def __init__(self, protocol, connection):
        self.protocol = protocol
        self.extra = {
            "peername": ("127.0.0.1", 49152),
            "socket": connection,
            "sslcontext": True,  # so that all is written to the transport
        }
        self.room = 1_000_000
        self.written = self.late = b""
        self.reading = True
        self.closed = None
        self.limit = None

    def get_extra_info(self, name, default=None):
        return self.extra.get(name, default)

    def set_write_buffer_limits(self, high=None, low=None):
        assert (high, low) == (0, None)

    def write(self, data):
        self.late += data if self.closed else b""
        assert not self.closed
        self.written += data
        self.room -= len(data)
        if self.room < 0:
            self.protocol.pause_writing()

    def take(self):
        """What was written; there is room again."""
        taken, self.written, paused = self.written, b"", self.room < 0
        self.room = 1_000_000
        if paused:
            self.protocol.resume_writing()
        return taken

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return bool(self.closed)

    def close(self):
        self.closed = "close"

    def abort(self):
        self.closed = "abort"


@pytest.fixture
def link():
    return Link()


@pytest.fixture
def transport(link):
    protocol = Connection(link)
    with socket.socket() as connection:
        transport = Transport(protocol, connection)
        protocol.connection_made(transport)
        yield transport


@pytest.fixture
def connection(transport):
    return transport.protocol


def test_answers_the_first_time_and_from_memory(connection, transport, link):
    for transaction in range(3):
        connection.heard = False
        connection.data_received(frame(transaction))
        assert transport.take() == answer(transaction)
        assert connection.heard
    assert link.counters.requests[3] == 3


def test_answers_from_memory_and_others_are_counted_alike(connection, link):
    for transaction in range(3):
        connection.data_received(frame(transaction))
        assert link.counters.messages == link.counters.bus_messages == transaction + 1


def test_nothing_is_carried_out_for_a_client_that_is_being_parted_from(connection, transport):
    connection.data_received(frame(1))
    assert transport.take() == answer(1)
    connection.close()
    connection.data_received(frame(2, b"\x06\0\0\0\x09"))
    assert transport.late == b""
    assert connection._link.image.stations[1].read(Table.HOLDING, 0, 1) == b"\0\7"


def test_half_a_request_is_nothing_heard(connection, transport):
    connection.data_received(frame(1)[:9])
    assert not connection.heard
    assert transport.take() == b""
    connection.data_received(frame(1)[9:] + frame(2))
    assert connection.heard
    assert transport.take() == answer(1) + answer(2)


def test_who_does_not_read_is_not_read_from(connection, transport):
    transport.room = 0
    connection.data_received(frame(1))
    assert not transport.reading
    connection.data_received(frame(2, OTHER))  # was on its way already
    connection.data_received(frame(3))
    assert transport.take() == answer(1)
    assert transport.reading
    assert transport.take() == frame(2, b"\x83\2") + answer(3)


def test_what_is_recalled_goes_behind_what_waits(connection, transport):
    """Also where answers do not take the way through the transport's buffer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        transport.extra |= {"socket": ours, "sslcontext": None}
        connection.resume_writing()
        connection.data_received(frame(1))
        connection.data_received(frame(2))
        assert theirs.recv(100) == answer(1) + answer(2)

        transport.room = 0
        transport.write(b"waits")
        connection.data_received(frame(3))
        assert transport.take() == b"waits" + answer(3)
        connection.data_received(frame(4))
        assert theirs.recv(100) == answer(4)


def test_a_turn_is_bounded(connection, transport):
    async def several_turns():
        connection.data_received(b"".join(map(frame, range(MAX_REQUESTS + 1))))
        assert transport.take() == b"".join(map(answer, range(MAX_REQUESTS)))
        assert not transport.reading
        await asyncio.sleep(0)
        assert transport.take() == answer(MAX_REQUESTS)
        assert transport.reading

    asyncio.run(several_turns())


def test_who_has_ended_gets_the_answers(connection, transport):
    connection.data_received(frame(1))
    assert connection.eof_received()
    assert transport.take() == answer(1)
    assert transport.closed == "close"


def test_who_ends_without_a_word_is_parted_from(connection, transport):
    assert connection.eof_received()
    assert transport.closed == "close"


def test_parting_from_who_does_not_read_is_abrupt(connection, transport):
    transport.room = 0
    connection.data_received(frame(1))
    connection.close()
    assert transport.closed == "abort"


def test_parting_from_others_is_not(connection, transport):
    connection.close()
    assert transport.closed == "close"


def test_who_is_not_admitted_is_gone(link):
    link.room = False
    protocol = Connection(link)
    transport = Transport(protocol, None)
    protocol.connection_made(transport)
    assert transport.closed == "abort"
    protocol.connection_lost(None)
    assert link.left == 1


def to_device(transaction, pdu=b"\x06\0\0\0\5"):
    return transaction.to_bytes(2, "big") + b"\0\0" + bytes((0, 1 + len(pdu), 2)) + pdu


async def until_nothing_waits(link):
    for _ in range(10):  # turns of the loop, of which a device that answers at once needs some
        await asyncio.sleep(0)
    assert not link.forwarded_writes


def test_who_waits_for_a_device_is_not_read_from(connection, transport, link):
    async def write_and_read():
        connection.data_received(frame(1) + to_device(2) + frame(3))
        assert transport.take() == answer(1)
        assert not transport.reading
        connection.data_received(frame(4))  # was on its way already
        assert transport.take() == b""
        await until_nothing_waits(link)
        assert transport.take() == to_device(2) + answer(3) + answer(4)
        assert transport.reading

    asyncio.run(write_and_read())


def test_who_ends_while_waiting_gets_the_answer(connection, transport, link):
    async def write_and_end():
        connection.data_received(to_device(1))
        assert connection.eof_received()
        assert not transport.closed
        assert connection.heard
        connection.heard = False  # as a sweep has it
        await until_nothing_waits(link)
        assert connection.heard
        assert transport.take() == to_device(1)
        assert transport.closed == "close"

    asyncio.run(write_and_end())


def test_who_has_gone_meanwhile_has_written_all_the_same(connection, transport, link):
    async def write_and_go():
        connection.data_received(to_device(1))
        transport.abort()
        connection.connection_lost(None)
        await until_nothing_waits(link)
        assert transport.late == b""  # its descriptor may be somebody else's by now

    asyncio.run(write_and_go())
    assert link.image.stations[2].read(Table.HOLDING, 0, 1) == b"\0\5"


def test_an_answer_that_has_waited_goes_behind_what_waits(connection, transport, link):
    async def write_and_not_read():
        connection.data_received(to_device(1))
        transport.room = 0
        transport.write(b"waits")
        await until_nothing_waits(link)
        assert transport.take() == b"waits" + to_device(1)
        assert transport.reading

    asyncio.run(write_and_not_read())


def test_writes_that_nobody_waits_for_are_bounded_too(link):
    def session_of(client):
        reader = rtu.RtuReader(link.image.stations, link.counters)
        return SerialSession(link.image.stations, client, reader, rtu.encode)

    async def flood(connection):
        connection.data_received(20 * MAX_REQUESTS * rtu.encode(2, b"\x06\0\0\0\5"))
        requests = link.counters.requests
        while requests[6] < 20 * MAX_REQUESTS:
            before = requests[6]
            await asyncio.sleep(0)
            assert before < requests[6] <= before + MAX_REQUESTS
        await until_nothing_waits(link)
        assert connection.transport.reading

    link.open_session = session_of
    connection = RtuConnection(link)
    with socket.socket() as some_socket:
        connection.connection_made(Transport(connection, some_socket))
        asyncio.run(flood(connection))
