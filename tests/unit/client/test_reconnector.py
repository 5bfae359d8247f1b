"""One connection at a time; they are made up."""

import asyncio
from types import SimpleNamespace

import pytest

from aoba.client import reconnector as module
from aoba.client.channel_state import ChannelState
from aoba.client.reconnector import Reconnector
from aoba.endpoints.device import parse_target
from aoba.endpoints.request_options import RetryPolicy
from aoba.errors import NoAnswer, NoConnection

STATE = ChannelState(parse_target("tcp://10.0.0.5"))


class World:
    def __init__(self):
        self.opened, self.closed, self.refusal = [], [], None

    async def connect(self, *arguments):
        if self.refusal:
            raise self.refusal
        self.opened.append(arguments)

        async def close(linger):
            self.closed.append(linger)

        return SimpleNamespace(is_over=lambda error: isinstance(error, NoConnection), close=close)


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(module, "Connection", world)
    return world


@pytest.fixture
def reconnector():
    return Reconnector(STATE)


def opened(reconnector):
    return asyncio.run(reconnector.open(RetryPolicy(1.5, 2, 9)))


def test_it_is_opened_when_it_is_needed(world, reconnector):
    assert reconnector.connection is None

    connection = opened(reconnector)
    assert world.opened == [(STATE, 1.5, 2)]
    assert opened(reconnector) is reconnector.connection is connection


def test_one_that_may_still_be_of_use_stays(world, reconnector):
    connection = opened(reconnector)
    asyncio.run(reconnector.failed(NoAnswer("")))

    assert reconnector.connection is connection
    assert world.closed == []


def test_one_that_is_spent_makes_way_for_another(world, reconnector):
    connection = opened(reconnector)
    asyncio.run(reconnector.failed(NoConnection("")))

    assert (reconnector.connection, world.closed) == (None, [0.0])
    assert opened(reconnector) is not connection


def test_none_is_left_where_none_can_be_opened(world, reconnector):
    world.refusal = NoConnection("nobody listens there")

    with pytest.raises(NoConnection):
        opened(reconnector)
    asyncio.run(reconnector.failed(world.refusal))
    asyncio.run(reconnector.close())
    assert (reconnector.connection, world.closed) == (None, [])


def test_late_answers_are_waited_for_where_somebody_says_so(world, reconnector):
    opened(reconnector)
    asyncio.run(reconnector.close(2.5))

    assert world.closed == [2.5]
