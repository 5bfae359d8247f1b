import asyncio

import pytest

from aoba.links.handshake_limit import LifoSemaphore


class Guests:
    """Tasks that have a place until they are told to go."""

    def __init__(self, places):
        self.turnstile = LifoSemaphore(places)
        self.inside = []
        self._doors = {}
        self._tasks = {}

    async def comes(self, name, patience=60):
        self._doors[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._visit(name, patience))
        await settle()

    async def goes(self, name):
        self._doors[name].set()
        await self._tasks[name]
        await settle()

    async def gives_up(self, name):
        self._tasks[name].cancel()
        await asyncio.wait([self._tasks[name]])
        await settle()

    async def _visit(self, name, patience):
        until = asyncio.get_running_loop().time() + patience
        async with self.turnstile.place(until):
            self.inside.append(name)
            await self._doors[name].wait()
            self.inside.remove(name)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_number_of_places_and_the_last_to_come_is_the_next():
    async def scene():
        guests = Guests(2)
        assert not guests.turnstile.is_crowded
        for name in "abcd":
            await guests.comes(name)
        assert guests.inside == ["a", "b"]
        assert guests.turnstile.is_crowded
        await guests.goes("a")
        assert guests.inside == ["b", "d"]
        await guests.goes("b")
        assert guests.inside == ["d", "c"]
        await guests.goes("d")
        await guests.goes("c")
        await guests.comes("e")
        assert guests.inside == ["e"]
        await guests.goes("e")
        assert not guests.turnstile.is_crowded

    asyncio.run(scene())


def test_who_gives_up_takes_no_place():
    async def scene():
        guests = Guests(1)
        for name in "abc":
            await guests.comes(name)
        await guests.gives_up("c")
        await guests.goes("a")
        assert guests.inside == ["b"]
        await guests.goes("b")
        await guests.comes("d")
        assert guests.inside == ["d"]
        await guests.goes("d")

    asyncio.run(scene())


def test_nobody_waits_for_longer_than_he_likes():
    async def scene():
        guests = Guests(1)
        await guests.comes("a")
        with pytest.raises(TimeoutError):
            async with guests.turnstile.place(asyncio.get_running_loop().time()):
                pytest.fail("there is no place")
        await guests.goes("a")
        await guests.comes("b")
        assert guests.inside == ["b"]
        await guests.goes("b")

    asyncio.run(scene())
