"""Requests over connections to a device that is near: what is sent, what is said, what is over."""

import asyncio
import time

import pytest

from aoba.client.blocks import Block
from aoba.client.channel_state import ChannelState
from aoba.client.connection import Connection
from aoba.client.poll import poll
from aoba.client.requests import identify, read_once
from aoba.client.transport_adapter import MAX_UNASKED
from aoba.endpoints.device import parse_target
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import BadAnswer, DeviceError, NoAnswer, NoConnection, Unasked
from aoba.logs.trace_level import TraceLevel
from aoba.modbus.spec import Table
from aoba.spans import Span
from support.lines import rtu
from support.near import NearDevice

RTU = "rtu+tcp://10.0.0.5:502"
TIMEOUT = 10.0
"""Seconds; nothing here waits for so long."""
ONE = Block(1, Table.HOLDING, Span(0, 1))


def registers(request):
    """The answer to one that reads them, as RTU."""
    size = 2 * request[5]
    return rtu(request[0], bytes((request[1], size)) + bytes(size))


def states(url):
    return ChannelState(parse_target(url))


def test_a_poll_goes_on_where_more_came_than_anybody_asked_for(monkeypatch):
    device = NearDevice(monkeypatch, lambda request: [registers(request)])

    async def main():
        state, got = states(RTU), []
        polling = poll(state, RetryPolicy(TIMEOUT, 0), lambda it: read_once(it, ONE), 0.001)
        async for one in polling:
            got.append(type(one))
            if len(got) == 1:
                device.adapters[0].data_received(bytes(MAX_UNASKED + 1))
            if len(got) == 3:
                break
        await polling.aclose()
        return got

    assert asyncio.run(main()) == [bytes, Unasked, bytes]
    assert len(device.adapters) == 2


def test_nobody_waits_for_late_answers_where_the_connection_is_lost(monkeypatch):
    device = NearDevice(monkeypatch, lambda _: [])

    async def main():
        state = states(RTU)
        connection = await Connection.connect(state, TIMEOUT)
        state.matcher.asks(1, b"\x03\0\x10\0\1")
        state.matcher.sent(TIMEOUT, time.monotonic())
        state.matcher.done()
        asking = asyncio.create_task(read_once(connection, ONE))
        await asyncio.sleep(0)
        device.adapters[0].connection_lost(ConnectionResetError())
        async with asyncio.timeout(TIMEOUT):
            await asking

    with pytest.raises(NoConnection):
        asyncio.run(main())
    assert device.requests == []


def errors_of(state, *blocks, timeout=0.05):
    """What is said of each block, asked one after the other over one connection."""

    async def main():
        said = []
        connection = await Connection.connect(state, TIMEOUT)
        connection.timeout = timeout
        for block in blocks:
            with pytest.raises(DeviceError) as error:
                await read_once(connection, block)
            said.append(error.value)
        return said

    return asyncio.run(main())


LATE = {
    "good": rtu(1, b"\x03\x02\0\x05"),
    "damaged": rtu(1, b"\x03\x02\0\x05")[:-1] + b"\xff",
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_what_came_before_a_request_was_sent_says_nothing_about_it(monkeypatch, late):
    device = NearDevice(monkeypatch, lambda _: [])
    state = states(RTU)
    state.matcher.asks(1, device_request := b"\x03\0\0\0\1")
    state.matcher.sent(TIMEOUT, time.monotonic())
    state.matcher.done()

    async def main():
        connection = await Connection.connect(state, TIMEOUT)
        connection.timeout = 0.05
        adapter = device.adapters[0]
        adapter._reader.expect(rtu(1, device_request), echo=False)
        asking = asyncio.create_task(read_once(connection, Block(1, Table.HOLDING, Span(10, 14))))
        await asyncio.sleep(0)
        assert device.requests == []
        adapter.data_received(late)
        await asking

    with pytest.raises(NoAnswer, match="no answer within"):
        asyncio.run(main())
    assert len(device.requests) == 1


def test_the_late_answer_of_another_station_says_nothing_either(monkeypatch):
    NearDevice(monkeypatch, lambda it: [LATE["good"]] if it[0] == 2 else [])
    said = errors_of(states(RTU), ONE, ONE._replace(unit=2))

    assert ["no answer within" in str(error) for error in said] == [True, True]


def test_half_an_answer_is_told(monkeypatch):
    NearDevice(monkeypatch, lambda _: [LATE["good"][:4]])
    (said,) = errors_of(states(RTU), ONE)

    assert "only 4 bytes that are no frame (01 03 02 00) came within 0.05 s" in str(said)


def test_an_answer_that_is_too_short_to_be_described_breaks_no_connection(monkeypatch):
    device = NearDevice(monkeypatch, lambda it: [it[:4] + b"\0\3\1\x2b\x0e"])
    state = ChannelState(parse_target("tcp://10.0.0.5"), TraceLevel.APP)

    async def main():
        connection = await Connection.connect(state, TIMEOUT)
        await identify(connection, 1)

    with pytest.raises(BadAnswer):
        asyncio.run(main())
    assert isinstance(device.adapters[0].lost.result(), BadAnswer)  # on purpose, then


def test_datagrams_that_nobody_asked_for_end_a_connection(monkeypatch):
    device = NearDevice(monkeypatch, lambda _: [])

    async def main():
        connection = await Connection.connect(states("udp://10.0.0.5"), TIMEOUT)
        for _ in range(2 + MAX_UNASKED // 1000):
            device.adapters[0].datagram_received(bytes(1000), None)
        await read_once(connection, ONE)

    with pytest.raises(Unasked, match="more than 64 KiB came unasked"):
        asyncio.run(main())
