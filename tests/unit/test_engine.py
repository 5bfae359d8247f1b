"""Engines on real sockets, in loops of their own: what starts, what changes, what is left alone."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager

import pytest

from aoba.config.model import Config, LinkConfig, named
from aoba.endpoints.url import parse_listen
from aoba.engine import Engine
from aoba.errors import LinkError, UsageError
from aoba.logs.trace_level import TraceLevel
from aoba.sources.registry import parse_spec

FREE = LinkConfig(parse_listen("tcp://127.0.0.1:0"))


@pytest.fixture
def source(tmp_path):
    """A file of documents, and its SPEC: station `unit` has one holding register."""

    def write(unit, value, options=""):
        path = tmp_path / f"{unit}.json"
        ranges = [{"address_start": 0, "initial_values": [value]}]
        path.write_text(json.dumps([{"id": unit, "mode": "master", "map": {"holding": ranges}}]))
        return parse_spec(f"file:{path}{options}")

    return write


def config(*sources, links=(FREE,), **others):
    return Config(named(sources), tuple(links), **others)


@asynccontextmanager
async def running(it):
    engine = Engine(it)
    run = asyncio.create_task(engine.run())
    serving = asyncio.create_task(engine.serving.wait())
    await asyncio.wait((run, serving), return_when=asyncio.FIRST_COMPLETED)
    if run.done():
        run.result()
    try:
        yield engine
    finally:
        engine.stop()
        await run


async def read(port, unit, streams=None):
    """The holding register 0 of `unit`, or the code of the exception."""
    reader, writer = streams or await asyncio.open_connection("127.0.0.1", port)
    # transaction, protocol, length, unit, function 3, address, quantity
    writer.write(b"\0\1\0\0\0\6" + bytes([unit]) + b"\3\0\0\0\1")
    header = await reader.readexactly(8)
    rest = await reader.readexactly(header[5] - 2)
    if not streams:
        writer.close()
    return f"exception {rest[0]}" if header[7] & 0x80 else int.from_bytes(rest[1:], "big")


def ports(caplog):
    """At which links listen, in the order in which they began."""
    return [int(r.getMessage().rpartition(":")[2]) for r in caplog.records if "listening" in r.msg]


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level("INFO")


def test_it_serves_what_there_is_and_is_told_to_stop(source, caplog):
    async def run():
        async with running(config(source(1, 11), source(2, 22))) as engine:
            (port,) = ports(caplog)
            assert [await read(port, 1), await read(port, 2)] == [11, 22]
        assert engine.serving.is_set()
        with pytest.raises(ConnectionRefusedError):
            await read(port, 1)

    asyncio.run(run())


def test_it_runs_in_a_thread(source, caplog):
    values = []

    async def run():
        async with running(config(source(1, 11))):
            values.append(await read(*ports(caplog), 1))

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    thread.join(30)

    assert values == [11]


def test_a_port_in_use_ends_it_before_anything_is_served(source, caplog):
    async def run():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        taken = LinkConfig(parse_listen(f"tcp://127.0.0.1:{port}"))
        async with server:
            with pytest.raises(LinkError, match=str(port)):
                async with running(config(source(1, 11), links=(FREE, taken))):
                    pass

    asyncio.run(run())
    assert not ports(caplog)


def test_a_source_that_cannot_be_is_told_at_once(source):
    async def run():
        Engine(
            config(source(1, 1, "?health=9:input:0"), source(2, 2, "?health=9:input:0")),
        )

    with pytest.raises(UsageError, match="station 9 input 0"):
        asyncio.run(run())


def test_what_is_in_both_configurations_is_left_alone(source, caplog):
    async def run():
        one, two, three = source(1, 11), source(2, 22), source(3, 33)
        async with running(config(one, two)) as engine:
            (port,) = ports(caplog)
            streams = await asyncio.open_connection("127.0.0.1", port)
            assert await read(port, 1, streams) == 11

            assert await engine.change(config(one, three)) == []

            assert await read(port, 1, streams) == 11  # over the same connection
            assert await read(port, 2, streams) == "exception 11"
            assert await read(port, 3, streams) == 33
            streams[1].close()
        assert ports(caplog) == [port]

    asyncio.run(run())


def test_links_come_and_go(source, caplog):
    async def run():
        async with running(config(source(1, 11))) as engine:
            (old,) = ports(caplog)

            assert await engine.change(config(source(1, 11), links=(FREE, FREE))) == []

            new = ports(caplog)[1]
            assert [await read(old, 1), await read(new, 1)] == [11, 11]
            await engine.change(config(source(1, 11), links=()))
            for port in (old, new):
                with pytest.raises(ConnectionRefusedError):
                    await read(port, 1)

    asyncio.run(run())


def test_a_link_with_other_options_has_its_port_again(source, caplog):
    async def run():
        async with running(config(source(1, 11))) as engine:
            (port,) = ports(caplog)
            await engine.change(config(source(1, 11), links=()))
            links = [LinkConfig(parse_listen(f"tcp://127.0.0.1:{port}"))]
            await engine.change(config(source(1, 11), links=links))
            streams = await asyncio.open_connection("127.0.0.1", port)
            assert await read(port, 1, streams) == 11

            links = [LinkConfig(parse_listen(f"tcp://127.0.0.1:{port}?readonly=true"))]
            assert await engine.change(config(source(1, 11), links=links)) == []

            assert await streams[0].read() == b""  # this client was parted from
            streams[1].close()
            assert await read(port, 1) == 11

    asyncio.run(run())


def test_what_cannot_begin_is_told_and_all_else_goes_on(source, caplog):
    async def run():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        taken = LinkConfig(parse_listen(f"tcp://127.0.0.1:{port}"))
        async with server, running(config(source(1, 11))) as engine:
            (free,) = ports(caplog)

            failures = await engine.change(config(source(2, 22), links=(FREE, taken)))

            assert [str(port) in str(failure) for failure in failures] == [True]
            assert [await read(free, 1), await read(free, 2)] == ["exception 11", 22]

    asyncio.run(run())


def test_where_the_trace_changes_all_is_new(source, caplog):
    async def run():
        async with running(config(source(1, 11))) as engine:
            assert await engine.change(config(source(1, 11), trace=TraceLevel.APP)) == []
            old, new = ports(caplog)
            with pytest.raises(ConnectionRefusedError):
                await read(old, 1)
            assert await read(new, 1) == 11
            assert any(
                "Read Holding Registers" in r.getMessage() and "served" not in r.msg
                for r in caplog.records
            )

    asyncio.run(run())


def test_a_source_that_comes_later_listens_too(source, caplog):
    async def run():
        async with running(config(source(1, 11))) as engine:
            posts = parse_spec("http://127.0.0.1:0/values")

            assert await engine.change(config(source(1, 11), posts)) == []
            told = [
                r.getMessage() for r in caplog.records if "waiting for documents" in r.getMessage()
            ]
            assert len(told) == 1
            port = int(told[0].rpartition(":")[2].partition("/")[0])
            (await asyncio.open_connection("127.0.0.1", port))[1].close()

            await engine.change(config(source(1, 11)))
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(run())
