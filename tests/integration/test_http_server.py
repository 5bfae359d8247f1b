"""The HTTP server by itself, with limits that a test can wait for."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from aoba.errors import HttpError
from aoba.registers.image import Image
from aoba.sources.http import server as http_server
from aoba.sources.http.server import MAX_CONNECTIONS, HttpServer, answer
from aoba.sources.http.spec import parse_http
from aoba.sources.open import Shared, open_source
from support.waiting import DEADLINE

pytestmark = pytest.mark.of_python

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GET = b"GET /plant HTTP/1.1\r\nHost: x\r\n\r\n"


async def plant(_: web.BaseRequest) -> web.Response:
    return answer({"state": "good"})


def served(
    test: Callable[[HttpServer, Callable[[], Awaitable[Streams]]], Awaitable[None]],
    endpoint: Callable[[web.BaseRequest], Awaitable[web.Response]] = plant,
) -> None:
    """Have `test` use a server and `connect` to it."""

    async def run() -> None:
        server = HttpServer(parse_http("http://127.0.0.1:0"))
        server.add("/plant", endpoint)
        await server.bind()
        clients: list[Streams] = []

        async def connect() -> Streams:
            port = int(server.url.rpartition(":")[2])
            clients.append(await asyncio.open_connection("127.0.0.1", port))
            return clients[-1]

        try:
            async with asyncio.timeout(DEADLINE):
                await test(server, connect)
        finally:
            await server.close()
            for _, writer in clients:
                writer.transport.abort()

    asyncio.run(run())


async def reply(streams: Streams, request: bytes = GET) -> tuple[int, object]:
    reader, writer = streams
    writer.write(request)
    return await response(reader)


async def response(reader: asyncio.StreamReader) -> tuple[int, object]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


def test_clients_wait_at_the_port_until_all_paths_are_ready() -> None:
    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        server.add("/tank", plant)
        streams = await connect()
        await server.open()
        asking = asyncio.create_task(reply(streams))
        await asyncio.sleep(0)
        assert not asking.done()
        await server.open()
        assert await asking == (200, {"state": "good"})

    served(test)


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "SILENCE", 0.05)

    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        silent, slow, served_before = [await connect() for _ in range(3)]
        slow[1].write(GET[:20])
        assert await reply(served_before) == (200, {"state": "good"})
        for reader, _ in (silent, slow, served_before):
            assert await reader.read() == b""

    served(test)


def test_a_new_connection_takes_the_place_of_an_idle_one() -> None:
    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        idle = [await connect() for _ in range(MAX_CONNECTIONS)]
        assert await reply(idle[-1]) == (200, {"state": "good"})  # so all have been let in
        assert await reply(await connect()) == (200, {"state": "good"})
        assert await idle[0][0].read() == b""
        assert await reply(idle[1]) == (200, {"state": "good"})

    served(test)


def test_whoever_has_a_request_under_way_keeps_its_place() -> None:
    leave = asyncio.Event()
    all_here = asyncio.Barrier(MAX_CONNECTIONS + 1)

    async def busy(_: web.BaseRequest) -> web.Response:
        await all_here.wait()
        await leave.wait()
        return answer({})

    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        working = [asyncio.create_task(reply(await connect())) for _ in range(MAX_CONNECTIONS)]
        await all_here.wait()
        refused, _ = await connect()
        assert await refused.read() == b""
        leave.set()
        assert await asyncio.gather(*working) == [(200, {})] * MAX_CONNECTIONS

    served(test, busy)


def test_many_requests_in_one_piece_are_answered_in_order() -> None:
    count = iter(range(500))

    async def counting(_: web.BaseRequest) -> web.Response:
        return answer({"number": next(count)})

    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET * 500)
        for number in range(500):
            assert await response(reader) == (200, {"number": number})

    served(test, counting)


def test_a_defect_is_told_the_log_and_not_the_client(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: web.BaseRequest) -> web.Response:
        raise ZeroDivisionError

    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        assert await reply(await connect()) == (
            500,
            {"error": "a defect in Aoba; its log says more"},
        )

    served(test, broken)

    (record,) = caplog.records
    assert (record.name, record.levelno, record.exc_info[0]) == (
        "aoba.http",
        logging.ERROR,
        ZeroDivisionError,
    )


def test_a_refusal_has_its_headers() -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        raise HttpError(503, "too many", Retry_After="1")

    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET)
        head = await reader.read()  # to the end: what is left of a body is nobody's business
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in head

    served(test, refuse)


def test_what_is_under_way_at_the_end_is_cut_off_in_time() -> None:
    begun = asyncio.Event()

    async def forever(_: web.BaseRequest) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def test(server: HttpServer, connect: Callable[[], Awaitable[Streams]]) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET)
        await begun.wait()
        async with asyncio.timeout(3):
            await server.close()
        assert await reader.read() == b""

    served(test, forever)


def test_a_source_has_settled_when_it_waits() -> None:
    async def test() -> None:
        shared = Shared(Image())
        source = open_source("plant", parse_http("http://127.0.0.1:0/plant"), shared)
        await shared.bind()
        assert not source.settled.is_set()
        life = asyncio.create_task(source.live())
        async with asyncio.timeout(DEADLINE):
            await source.settled.wait()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        await shared.close()
        assert shared.image.stations == {}

    asyncio.run(test())
