"""A channel with connections that are none; what it asks for is noted, and answered by the test."""

import asyncio
from itertools import count

import pytest

from aoba.client import channel as channel_module
from aoba.client import reconnector
from aoba.client.channel import Channel, is_silence
from aoba.client.connection import LINGER
from aoba.client.request_queue import MAX_WRITES
from aoba.endpoints.device import parse_target
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import (
    BadAnswer,
    DeviceBusy,
    DeviceError,
    DeviceException,
    NoAnswer,
    NoConnection,
    UsageError,
)

POLICY = RetryPolicy(1.5, 2)
TCP = "tcp://10.0.0.5"


class World:
    """Connections by number, the time, and why none can be opened."""

    def __init__(self):
        self.opened, self.closed, self.states = [], [], {}
        self.lingered = []
        self.now = 100.0
        self.refusal = None
        self._numbers = count(1)

    def monotonic(self):
        return self.now

    async def connect(self, state, timeout, retries):
        assert state is self.states.setdefault(state.target, state)
        assert (timeout, retries) == POLICY[:2]
        if self.refusal:
            raise self.refusal
        connection = FakeConnection(self, next(self._numbers))
        self.opened.append(connection.number)
        return connection


class FakeConnection:
    def __init__(self, world, number):
        self.world, self.number = world, number
        self.timeout = self.retries = None
        self.is_lost = False
        self.is_spent = False

    async def close(self, linger=0.0):
        self.world.closed.append(self.number)
        self.world.lingered.append(linger)

    def is_over(self, error):
        return self.is_spent or isinstance(error, NoConnection | BadAnswer)


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(reconnector, "Connection", world)
    monkeypatch.setattr(channel_module, "time", world)
    return world


async def number_of(connection):
    """A request: which connection it goes over."""
    return connection.number


def raising(error):
    async def request(_):
        raise error

    return request


def with_channel(talk, target=TCP):
    """What `talk` of a channel gives, which is then closed."""

    async def main():
        channel = Channel(parse_target(target))
        try:
            return await talk(channel)
        finally:
            await channel.close()

    return asyncio.run(main())


async def outcome(channel, request, unit=1, *, is_write=False):
    try:
        return await channel.ask(unit, request, POLICY, is_write=is_write)
    except DeviceError as error:
        return type(error)


def outcomes(*requests, target=TCP):
    async def talk(channel):
        return [await outcome(channel, request) for request in requests]

    return with_channel(talk, target)


def test_all_requests_go_over_one_connection(world):
    assert outcomes(number_of, number_of) == [1, 1]
    assert (world.opened, world.closed) == ([1], [1])


def test_each_request_has_the_patience_of_its_own(world):
    async def patience(connection):
        return connection.timeout, connection.retries

    async def talk(channel):
        await channel.ask(1, number_of, POLICY)
        return await channel.ask(1, patience, RetryPolicy(9.0, 4))

    assert with_channel(talk) == (9.0, 4)
    assert world.opened == [1]


def test_requests_go_one_after_the_other_and_writes_first(world):
    assert world.opened == []
    done = []

    def noting(name):
        async def request(_):
            done.append(f"{name} begins")
            await asyncio.sleep(0)
            done.append(f"{name} ends")

        return request

    async def talk(channel):
        reads = [channel.ask(unit, noting(f"read {unit}"), POLICY) for unit in (1, 2)]
        write = channel.ask(3, noting("write"), POLICY, is_write=True)
        await asyncio.gather(*reads, write)

    with_channel(talk)
    assert done == [
        *("write begins", "write ends"),
        *("read 1 begins", "read 1 ends", "read 2 begins", "read 2 ends"),
    ]


@pytest.mark.parametrize("error", [NoConnection("cut"), BadAnswer("nonsense")])
def test_a_connection_that_is_of_no_use_is_replaced(world, error):
    assert outcomes(raising(error), number_of) == [type(error), 2]
    assert world.closed == [1, 2]


@pytest.mark.parametrize(
    ("is_write", "lost_with", "comes"),
    [(False, [1], 2), (False, [1, 2], NoConnection), (True, [1], NoConnection)],
)
def test_who_closes_between_two_requests_is_asked_again_for_reads(
    world, is_write, lost_with, comes
):
    async def request(connection):
        if connection.number in lost_with:
            connection.is_lost = True
            raise NoConnection("the device closed the connection")
        return connection.number

    async def talk(channel):
        await outcome(channel, number_of)
        return await outcome(channel, request, is_write=is_write)

    assert with_channel(talk) == comes
    assert world.opened == ([1] if is_write else [1, 2])


def test_who_closes_a_new_connection_is_not_asked_again(world):
    assert outcomes(raising(NoConnection("cut"))) == [NoConnection]
    assert world.opened == [1]


def test_an_exception_is_an_answer(world):
    refusal = raising(DeviceException(2, "no"))

    assert outcomes(refusal, refusal, number_of) == [DeviceException, DeviceException, 1]
    assert world.opened == [1]


def test_a_connection_of_no_more_use_is_replaced_after_a_silence(world):
    async def silence(connection):
        connection.is_spent = connection.number == 1
        raise NoAnswer("")

    assert outcomes(silence, silence, number_of) == [NoAnswer, NoAnswer, 2]
    assert world.closed == [1, 2]


def test_late_answers_are_waited_for_at_the_end_only(world):
    outcomes(raising(NoConnection("cut")), number_of)

    assert world.lingered == [0.0, LINGER]


def test_one_that_was_lost_while_nobody_asked_is_replaced_before_the_next_request(world):
    async def lose(connection):
        connection.is_lost = True
        return connection.number

    assert outcomes(lose, number_of) == [1, 2]
    assert world.closed == [1, 2]


PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0)


def test_while_there_is_no_connection_attempts_have_pauses(world):
    world.refusal = NoConnection("nobody listens there")

    async def talk(channel):
        attempts = []
        for pause in PAUSES:
            assert await outcome(channel, number_of) is NoConnection
            world.refusal = AssertionError("too early")
            world.now += pause - 0.01
            attempts.append(await outcome(channel, number_of))
            world.refusal = NoConnection("nobody listens there")
            world.now += 0.02
        world.refusal = None
        return [*attempts, await outcome(channel, number_of)]

    assert with_channel(talk) == [NoConnection] * len(PAUSES) + [1]


def test_certificates_that_have_become_useless_are_no_connection(world):
    world.refusal = UsageError("ca.pem cannot be used")

    assert outcomes(number_of) == [NoConnection]


def test_a_defect_of_one_request_leaves_the_line_alive(world):
    async def talk(channel):
        with pytest.raises(ZeroDivisionError):
            await channel.ask(1, raising(ZeroDivisionError()), POLICY)
        return await channel.ask(1, number_of, POLICY)

    assert with_channel(talk) == 1
    assert world.opened == [1]


def test_what_nobody_waits_for_any_more_is_not_asked(world):
    async def talk(channel):
        asked = []

        async def note(connection):
            asked.append(connection.number)
            await asyncio.sleep(0.01)

        under_way = asyncio.create_task(channel.ask(1, note, POLICY))
        given_up = asyncio.create_task(channel.ask(1, note, POLICY))
        await asyncio.sleep(0)
        given_up.cancel()
        await under_way
        await channel.ask(1, number_of, POLICY)
        return asked

    assert with_channel(talk) == [1]
    assert world.opened == [1]


def test_writes_that_wait_are_bounded(world):
    assert not world.opened

    async def talk(channel):
        writes = [
            asyncio.create_task(channel.ask(1, number_of, POLICY, is_write=True))
            for _ in range(MAX_WRITES + 1)
        ]
        return await asyncio.gather(*writes, return_exceptions=True)

    *good, last = with_channel(talk)
    assert good == [1] * MAX_WRITES
    assert isinstance(last, DeviceBusy)


def test_what_is_under_way_at_the_end_is_broken_off(world):
    async def talk(channel):
        started = asyncio.Event()

        async def never(_):
            started.set()
            await asyncio.Event().wait()

        asking = asyncio.create_task(channel.ask(1, never, POLICY))
        await started.wait()
        return asking

    assert with_channel(talk).cancelled()  # with the loop; the channel has not waited for it
    assert world.closed == [1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoAnswer(""), True),
        (DeviceException(0x0A, ""), True),
        (DeviceException(0x0B, ""), True),
        (DeviceException(0x06, ""), False),
        (NoConnection(""), False),
    ],
)
def test_what_silence_is(error, expected):
    assert is_silence(error) is expected


def test_what_a_silent_station_costs():
    assert POLICY.cost == 4.5
