"""Names that are looked up in threads, by a system that takes its time."""

import asyncio
import socket
import threading
from unittest.mock import Mock

import pytest

from aoba.endpoints.resolver import connect, resolve
from support.waiting import DEADLINE, soon

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 1883))]


def run(work):
    async def in_time():
        async with asyncio.timeout(DEADLINE):
            return await work()

    return asyncio.run(in_time())


@pytest.fixture
def system(monkeypatch):
    """Looks nothing up before it is `released`; `asked` are the names."""

    class System:
        def __init__(self):
            self.released = threading.Event()
            self.asked = []
            self._real = socket.getaddrinfo

        def __call__(self, host, port, **more):
            if more.get("flags"):
                return self._real(host, port, **more)
            self.asked.append(host)
            assert self.released.wait(DEADLINE)
            if host == "nowhere":
                raise socket.gaierror(socket.EAI_NONAME, "unknown")
            return FOUND

    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system)
    yield system
    system.released.set()


def test_an_address_needs_no_lookup(system):
    async def work():
        return [found[4] for found in await resolve("127.0.0.1", 7)]

    assert run(work) == [("127.0.0.1", 7)]
    assert system.asked == []


def test_a_name_that_takes_long_is_looked_up_once_however_many_ask(system):
    async def work():
        for _ in range(10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await resolve("slow", 1883)
        asking = [asyncio.create_task(resolve("slow", 1883)) for _ in range(10)]
        await asyncio.sleep(0)
        asking[0].cancel()
        system.released.set()
        found = await asyncio.gather(*asking, return_exceptions=True)
        return found[1:]

    assert run(work) == [FOUND] * 9
    assert system.asked == ["slow"]


def test_another_name_does_not_wait_for_it(system):
    async def work():
        slow = [asyncio.create_task(resolve(f"slow{number}", 1)) for number in range(20)]
        await asyncio.sleep(0)
        await soon(lambda: len(system.asked) == 20)
        for each in slow:
            each.cancel()
        assert not system.released.is_set()

    run(work)  # and its end does not wait for them either


def test_what_the_system_raises_is_raised_and_the_next_one_asks_again(system):
    system.released.set()

    async def work():
        for _ in range(2):
            with pytest.raises(socket.gaierror):
                await resolve("nowhere", 1)

    run(work)
    assert system.asked == ["nowhere"] * 2


def test_where_there_are_too_many_threads_it_is_an_error_of_the_system(system, monkeypatch):
    thread = Mock(side_effect=RuntimeError("can't start new thread"))
    monkeypatch.setattr(threading.Thread, "start", thread)

    async def work():
        for _ in range(2):
            with pytest.raises(OSError, match="temporarily unavailable"):
                await resolve("slow", 1)

    run(work)
    assert system.asked == []


def test_the_first_address_that_takes_us_is_connected_to():
    async def work():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            nobody = socket.create_server(("127.0.0.1", 0))
            places = [nobody.getsockname()[1], listener.getsockname()[1]]
            nobody.close()
            found = [each for port in places for each in await resolve("127.0.0.1", port)]
            with await connect(found) as connection:
                assert connection.getpeername() == listener.getsockname()
            with pytest.raises(ConnectionRefusedError):
                await connect(found[:1])
            with pytest.raises(OSError, match="Cannot assign"):
                await connect([])

    run(work)
