"""What comes from a broker, in steps that end, over a wire without a socket."""

import asyncio

import pytest

from aoba.errors import FrameError
from aoba.mqtt import receiver as receivers
from aoba.mqtt.backlog import MAX_MESSAGES, Backlog
from aoba.mqtt.receiver import Receiver
from aoba.mqtt.wire import Wire
from support.waiting import DEADLINE, soon

QOS_2 = bytes.fromhex(
    "34"  # PUBLISH, QoS 2 (section 3.3.1)
    "06"  # remaining length
    "0001 61"  # topic a
    "0007"  # packet identifier
    "78"  # payload x
)
QOS_1 = b"\x32" + QOS_2[1:]
QOS_0 = bytes.fromhex("30 04 0001 61 78")
AGAIN = b"\x3c" + QOS_2[1:]  # DUP
PUBREL = bytes.fromhex("62 02 0007")
PUBREC = bytes.fromhex("50 02 0007")
PUBACK = bytes.fromhex("40 02 0007")


class Transport(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.written = b""

    def write(self, data):
        self.written += data

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class Broker:
    """What is on the other side; `packets` are those that paho was given."""

    def __init__(self):
        self.wire = Wire(self._readable, lambda: None)
        self.transport = Transport()
        self.wire.connection_made(self.transport)
        self.passed_over, self.packets = 0, []
        self.messages = Backlog(self._pass_over)
        self.receiver = Receiver(self.wire, self.messages, self._read_packet, is_version_5=False)
        self.life = asyncio.create_task(self.receiver.run())

    def _readable(self):
        self.receiver.readable()

    def _pass_over(self):
        self.passed_over += 1

    def _read_packet(self):
        self.packets.append(self.wire.recv(1000))

    async def says(self, data, until):
        self.wire.data_received(data)
        await soon(until)

    async def ends(self):
        self.wire.connection_lost(None)
        async with asyncio.timeout(DEADLINE):
            await self.life


def with_broker(test):
    async def run():
        broker = Broker()
        try:
            await test(broker)
        finally:
            broker.life.cancel()

    asyncio.run(run())


def test_messages_are_acknowledged_as_their_qos_demands():
    async def test(broker):
        await broker.says(QOS_0 + QOS_1 + QOS_2, lambda: len(broker.messages) == 3)
        assert broker.transport.written == PUBACK + PUBREC
        await broker.ends()

    with_broker(test)


def test_a_message_of_qos_2_is_handed_on_once_until_it_is_released():
    async def test(broker):
        await broker.says(QOS_2 + AGAIN + AGAIN, lambda: broker.transport.written == 3 * PUBREC)
        assert len(broker.messages) == 1
        await broker.says(PUBREL + QOS_2, lambda: len(broker.messages) == 2)
        assert broker.packets == [PUBREL]  # paho answers it

    with_broker(test)


def test_of_messages_that_are_never_released_nothing_but_the_identifier_stays():
    async def test(broker):
        payload = bytes(1000)
        for number in range(1, 20_001):
            head = b"\x34\xed\x07" + QOS_2[2:5] + number.to_bytes(2, "big")
            broker.wire.data_received(head + payload)
        await soon(lambda: len(broker.receiver._unreleased) == 20_000)
        assert len(broker.messages) < 2 * MAX_MESSAGES
        assert broker.receiver._unreleased == set(range(1, 20_001))
        assert len(broker.receiver._reader._buffer) == 0

    with_broker(test)


def test_nothing_is_taken_from_who_does_not_take_acknowledgements():
    async def test(broker):
        await broker.says(QOS_1, lambda: len(broker.messages) == 1)
        broker.wire.pause_writing()
        broker.wire.data_received(QOS_1 * 100)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(broker.messages) == 1
        broker.wire.resume_writing()
        await soon(lambda: len(broker.messages) == 101)

    with_broker(test)


def test_where_there_is_no_room_more_is_left_where_it_is():
    """Of so many topics that each has its newest message."""

    async def test(broker):
        for number in range(10_000):
            broker.wire.data_received(b"\x30\x07\x00\x05%05d" % number)
        await soon(lambda: not broker.messages.has_room.is_set())
        taken = []
        while len(taken) < 10_000:
            await soon(lambda: len(broker.messages))
            assert len(broker.messages) <= 2 * MAX_MESSAGES
            taken.append(int(broker.messages.take().topic))
        assert taken == list(range(10_000))
        assert broker.passed_over == 0

    with_broker(test)


def test_others_have_their_turn_between_steps(monkeypatch):
    monkeypatch.setattr(receivers, "STEP", 0)

    async def test(broker):
        turns = 0
        broker.wire.data_received(QOS_0 * 100)
        while len(broker.messages) < 100:
            await asyncio.sleep(0)
            turns += 1
        assert turns > 100

    with_broker(test)


def test_the_end_comes_behind_all_that_came_before():
    async def test(broker):
        broker.wire.data_received(QOS_0 * 100 + PUBREL)
        await broker.ends()
        assert len(broker.messages) == 100
        assert broker.packets == [PUBREL, b""]

    with_broker(test)


def test_what_is_no_mqtt_is_raised():
    async def test(broker):
        broker.wire.data_received(b"\x36\x05\x00\x01a\x00\x01")  # QoS 3
        with pytest.raises(FrameError):
            await broker.life

    with_broker(test)
