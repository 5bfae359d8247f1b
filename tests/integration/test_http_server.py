"""The HTTP server by itself, with limits that a test can wait for."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from unittest.mock import Mock

import pytest
from aiohttp import web

from aoba.errors import HttpError
from aoba.loop_share import LoopShare
from aoba.registers.buses import Buses
from aoba.sources.http import body as http_body
from aoba.sources.http import connections as http_connections
from aoba.sources.http import uploads as http_uploads
from aoba.sources.http.answers import answer
from aoba.sources.http.connections import Connection, Connections
from aoba.sources.http.server import Endpoint, HttpServer
from aoba.sources.http.spec import parse_http
from aoba.sources.registry import open_source
from aoba.sources.shared import Shared
from support.waiting import DEADLINE, soon

pytestmark = pytest.mark.of_python

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
GOOD = (200, {"state": "good"})
TOO_SLOW = "others wait for the place of this body, which comes too slowly"
POST = b"POST /plant HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
GET = b"GET /plant HTTP/1.1\r\nHost: x\r\n\r\n"


async def plant(_: web.BaseRequest) -> web.Response:
    return answer({"state": "good"})


def served(
    test: Callable[[HttpServer, Connect], Awaitable[None]],
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
    async def test(server: HttpServer, connect: Connect) -> None:
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
    monkeypatch.setattr(http_connections, "SILENCE", 0.05)

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        silent, slow, served_before = [await connect() for _ in range(3)]
        slow[1].write(GET[:20])
        assert await reply(served_before) == (200, {"state": "good"})
        for reader, _ in (silent, slow, served_before):
            assert await reader.read() == b""

    served(test)


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three places, which can be lost quickly."""
    monkeypatch.setattr(http_connections, "MAX_CONNECTIONS", 3)
    monkeypatch.setattr(http_connections, "IDLE_AFTER", 0.05)
    monkeypatch.setattr(http_connections, "_LOOK", 0.01)
    monkeypatch.setattr(http_uploads, "SLOW_AFTER", 0.05)


@pytest.mark.usefixtures("crowded")
def test_who_has_never_asked_makes_way_before_those_who_have() -> None:
    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        old, late = [await connect() for _ in range(2)]
        assert await reply(old) == await reply(late) == GOOD
        silent = await connect()
        silent[1].write(GET[:20])
        await soon(lambda: len(server._connections._present) == 3)
        await asyncio.sleep(2 * http_connections.IDLE_AFTER)  # which it has had then
        assert await reply(await connect()) == GOOD
        assert await silent[0].read() == b""
        assert await reply(late) == await reply(old) == GOOD

    served(test)


@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize("come", [GET, GET[:20]])
def test_who_asks_again_does_not_make_way_before_it_is_looked_at(come: bytes) -> None:
    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        streams = await connect()
        assert await reply(streams) == GOOD
        (connection,) = server._connections._present
        await asyncio.sleep(2 * http_connections.IDLE_AFTER)  # it could make way then
        connection.data_received(come)
        assert not server._connections._part_from_one()
        connection.data_received(GET[len(come) :])
        assert await response(streams[0]) == GOOD
        await asyncio.sleep(2 * http_connections.IDLE_AFTER)
        assert server._connections._part_from_one()

    served(test)


@pytest.mark.usefixtures("crowded")
def test_where_all_are_busy_others_wait_and_nobody_is_dropped() -> None:
    leave = asyncio.Event()
    all_here = asyncio.Event()
    count = 0

    async def busy(_: web.BaseRequest) -> web.Response:
        nonlocal count
        count += 1
        if count == 3:
            all_here.set()
        await leave.wait()
        return answer({})

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        working = [asyncio.create_task(reply(await connect())) for _ in range(3)]
        await all_here.wait()
        waiting = [asyncio.create_task(reply(await connect())) for _ in range(9)]
        done, _ = await asyncio.wait((*working, *waiting), timeout=0.2)
        assert not done
        leave.set()
        assert await asyncio.gather(*working, *waiting) == [(200, {})] * 12

    served(test, busy)


@pytest.mark.usefixtures("crowded")
def test_connections_end_with_their_answer_as_long_as_all_places_are_taken() -> None:
    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        asking = [await connect() for _ in range(3)]
        heads = []
        for reader, writer in asking:
            writer.write(GET)
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readuntil(b"}\n")
        assert [b"Connection: close" in head for head in heads] == [True, False, False]
        assert await asking[0][0].read() == b""
        assert await reply(asking[1]) == GOOD

    served(test)


def sending(bodies: list[http_body.Bodies], *, is_trusted: bool) -> Endpoint:
    """An endpoint that reads the bodies of its requests."""

    async def take(request: web.BaseRequest) -> web.Response:
        async with bodies[0].of(request, is_trusted=is_trusted) as body:
            return answer({"bytes": len(body)})

    return take


@pytest.mark.usefixtures("crowded")
def test_who_sends_slowly_makes_way_and_is_told_so() -> None:
    bodies: list[http_body.Bodies] = []

    async def test(server: HttpServer, connect: Connect) -> None:
        bodies.append(server.bodies)
        await server.open()
        slow = [await connect() for _ in range(3)]
        for number, (_, writer) in enumerate(slow):
            writer.write(POST + b"-" * number)
        assert await reply(await connect(), POST + b"0123456789") == (200, {"bytes": 10})
        status, content = await response(slow[0][0])  # the slowest
        assert status == 503
        assert content == {"error": TOO_SLOW}
        for reader, writer in slow[1:]:
            writer.write(b"-" * 10)
            assert (await response(reader))[0] == 200

    served(test, sending(bodies, is_trusted=False))


@pytest.mark.usefixtures("crowded")
def test_who_has_a_token_does_not() -> None:
    bodies: list[http_body.Bodies] = []

    async def test(server: HttpServer, connect: Connect) -> None:
        bodies.append(server.bodies)
        await server.open()
        slow = [await connect() for _ in range(3)]
        for _, writer in slow:
            writer.write(POST)
        late = asyncio.create_task(reply(await connect(), POST + b"0123456789"))
        await asyncio.wait((late,), timeout=0.3)
        assert not late.done()
        for reader, writer in slow:
            writer.write(b"0123456789")
            assert await response(reader) == (200, {"bytes": 10})
        assert await late == (200, {"bytes": 10})

    served(test, sending(bodies, is_trusted=True))


def test_whoever_is_refused_early_hears_it_although_it_goes_on_sending() -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        raise HttpError(401, "no")

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(b"POST /plant HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n")
        writer.write(bytes(3_000_000))
        assert await response(reader) == (401, {"error": "no"})
        assert await reader.read() == b""
        await writer.drain()

    served(test, refuse)


def test_whoever_does_not_read_its_answers_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "SILENCE", 0.2)

    async def large(_: web.BaseRequest) -> web.Response:
        return answer({"large": "x" * 60_000_000})

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET)
        writer.transport.pause_reading()
        await asyncio.sleep(0.5)
        writer.transport.resume_reading()
        assert len(await reader.read()) < 60_000_000

    served(test, large)


@pytest.mark.parametrize("piece", [b"a" * 8000 + b":b\r\n", b"a: " + b"b" * 8000 + b"\r\n"])
def test_a_head_without_end_is_refused(piece: bytes) -> None:
    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET[:-2])
        for _ in range(40):
            writer.write(piece)
        status, content = await response(reader)
        assert (status, list(content)) in [(431, ["error"]), (400, ["error"])]
        assert await reader.read() == b""

    served(test)


def test_requests_sent_ahead_are_not_taken_in() -> None:
    """They wait in the socket, and as much of them as a client likes."""
    leave = asyncio.Event()

    async def busy(_: web.BaseRequest) -> web.Response:
        await leave.wait()
        return answer({})

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        reader, writer = await connect()
        many = GET[:-2] + b"a: " + b"b" * 8000 + b"\r\n\r\n"
        writer.write(many * 2000)
        with pytest.raises(TimeoutError):  # 16 MB
            async with asyncio.timeout(0.5):
                await writer.drain()
        leave.set()
        for _ in range(2000):
            assert (await response(reader))[0] == 200

    served(test, busy)


def test_whoever_goes_while_its_body_is_read_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    bodies: list[http_body.Bodies] = []

    async def test(server: HttpServer, connect: Connect) -> None:
        bodies.append(server.bodies)
        await server.open()
        for _ in range(20):
            _, writer = await connect()
            writer.write(POST + b"01234")
            await asyncio.sleep(0)
            writer.transport.abort()
        assert await reply(await connect(), POST + b"0123456789") == (200, {"bytes": 10})

    served(test, sending(bodies, is_trusted=False))
    assert caplog.records == []


def test_who_has_gone_before_its_turn_is_no_defect() -> None:
    async def main() -> None:
        connections = Connections(plant, lambda: False, LoopShare())
        connection = Connection(connections, "127.0.0.1", loop=asyncio.get_running_loop())
        connection.connection_made(Mock(asyncio.Transport))
        connection.connection_lost(None)
        await connection.start()

    asyncio.run(main())


def test_many_requests_in_one_piece_are_answered_in_order() -> None:
    count = iter(range(500))

    async def counting(_: web.BaseRequest) -> web.Response:
        return answer({"number": next(count)})

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET * 500)
        for number in range(500):
            assert await response(reader) == (200, {"number": number})

    served(test, counting)


def test_a_defect_is_told_the_log_and_not_the_client(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: web.BaseRequest) -> web.Response:
        raise ZeroDivisionError

    async def test(server: HttpServer, connect: Connect) -> None:
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


def test_the_same_defect_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: web.BaseRequest) -> web.Response:
        raise ZeroDivisionError

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        for _ in range(20):
            assert (await reply(await connect()))[0] == 500

    served(test, broken)

    assert caplog.text.count("Traceback") == 1
    assert caplog.messages == [
        "defect in Aoba: ZeroDivisionError()",
        "same defect, 19 times: defect in Aoba: ZeroDivisionError()",
    ]


def test_a_refusal_has_its_headers() -> None:
    async def refuse(_: web.BaseRequest) -> web.Response:
        raise HttpError(503, "too many", Retry_After="1")

    async def test(server: HttpServer, connect: Connect) -> None:
        await server.open()
        reader, writer = await connect()
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in head

    served(test, refuse)


def test_what_is_under_way_at_the_end_is_cut_off_in_time() -> None:
    begun = asyncio.Event()

    async def forever(_: web.BaseRequest) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def test(server: HttpServer, connect: Connect) -> None:
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
        shared = Shared(Buses())
        source = open_source("plant", parse_http("http://127.0.0.1:0/plant"), shared)
        await shared.bind()
        assert not source.settled.is_set()
        life = asyncio.create_task(source.live())
        async with asyncio.timeout(DEADLINE):
            await source.settled.wait()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        await shared.close()
        assert shared.buses.main.stations == {}

    asyncio.run(test())
