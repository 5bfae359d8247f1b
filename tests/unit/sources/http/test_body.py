import asyncio
import gzip
import zlib
from types import SimpleNamespace

import pytest
from aiohttp import web
from multidict import CIMultiDict

from aoba.document.stream import MAX_VALUE
from aoba.errors import HttpError
from aoba.loop_share import LoopShare
from aoba.sources.http import body as http_body
from aoba.sources.http.body import Bodies
from aoba.sources.http.uploads import FREE
from support.waiting import DEADLINE

TEXT = b'{"stations": []}' * 50


class Request:
    """As much of one as is looked at; its body comes in `chunks`, then `fails`."""

    def __init__(self, *chunks, coding=None, length=None, expect=None, fails=None):
        given = {"Content-Encoding": coding, "Expect": expect}
        self.headers = CIMultiDict({name: value for name, value in given.items() if value})
        self.content_length = length
        self.content = SimpleNamespace(iter_any=self._come, total_bytes=0)
        self.writer = SimpleNamespace(write=self._write, output_size=0)
        self.written = []
        self.taken = 0
        self._chunks, self._fails = chunks, fails

    async def _come(self):
        for chunk in self._chunks:
            self.taken += len(chunk)
            self.content.total_bytes += len(chunk)
            yield chunk
        if self._fails:
            raise self._fails

    async def _write(self, data):
        self.written.append(data)
        self.writer.output_size += len(data)


def bodies():
    return Bodies(LoopShare())


def body(*chunks, **more):
    async def read():
        async with bodies().of(Request(*chunks, **more), is_trusted=False) as whole:
            return bytes(whole)

    return asyncio.run(read())


async def in_time(work):
    async with asyncio.timeout(DEADLINE):
        return await work


def refused(*chunks, **more):
    with pytest.raises(HttpError) as caught:
        body(*chunks, **more)
    return caught.value.status, str(caught.value)


def splits(data):
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    yield from ([data[:i], data[i:]] for i in range(1, len(data)))


def test_a_body_is_all_its_chunks():
    assert body() == b""
    assert body(b"one ", b"two") == b"one two"
    assert body(b"one", coding="Identity") == b"one"


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("X-GZip", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
    ],
    ids=["gzip", "its old name", "deflate"],
)
def test_a_compressed_body_is_decompressed_however_it_comes(coding, data):
    for chunks in splits(data):
        assert body(*chunks, coding=coding) == TEXT


def test_a_large_one_is_decompressed_whole():
    text = bytes(MAX_VALUE)
    data = gzip.compress(text)

    assert body(data, coding="gzip") == text


def test_what_is_too_large_by_its_own_words_is_not_read():
    request = Request(b"x", length=100 << 20, expect="100-continue")

    async def read():
        async with bodies().of(request, is_trusted=False):
            pass

    with pytest.raises(HttpError, match="expected 16 MiB at most, got 104857600 bytes") as caught:
        asyncio.run(read())

    assert (caught.value.status, request.taken, request.written) == (413, 0, [])


def test_what_turns_out_to_be_too_large_is_not_read_any_further():
    megabyte = bytes(1 << 20)
    request = Request(*[megabyte] * 100)

    async def read():
        async with bodies().of(request, is_trusted=False):
            pass

    with pytest.raises(HttpError, match="expected 16 MiB at most, got more"):
        asyncio.run(read())

    assert request.taken == 17 << 20


def test_a_bomb_is_too_large():
    bomb = gzip.compress(bytes(100 << 20))

    assert refused(bomb, coding="gzip") == (413, "expected 16 MiB at most, got more")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"not gzip", "the body is not gzip: incorrect header check"),
        (gzip.compress(TEXT)[:-1], "the body is not gzip: it ends early"),
        (b"", "the body is not gzip: it ends early"),
        (gzip.compress(TEXT) + b"x", "the body is not gzip: there is more behind its end"),
        (gzip.compress(TEXT)[:-8] + bytes(8), "the body is not gzip: incorrect data check"),
    ],
    ids=["other data", "its end is missing", "nothing", "more data", "another checksum"],
)
def test_broken_gzip_is_refused(data, says):
    assert refused(data, coding="gzip") == (400, says)


def test_an_unknown_coding_is_refused():
    status, says = refused(b"x", coding="br")

    assert (status, says) == (415, "unknown Content-Encoding 'br'; expected gzip, deflate or none")


@pytest.mark.parametrize("reason", [web.RequestPayloadError("x"), ConnectionResetError("x")])
def test_a_body_that_breaks_off_is_refused(reason):
    assert refused(b"four", fails=reason) == (400, "the body breaks off after 4 bytes")


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(http_body, "BODY_TIMEOUT", 0.01)

    class Silent(Request):
        async def _come(self):
            yield b"x"
            await asyncio.Event().wait()

    async def read():
        async with bodies().of(Silent(), is_trusted=False):
            pass

    with pytest.raises(HttpError, match=r"did not come within 0\.01 s") as caught:
        asyncio.run(read())
    assert caught.value.status == 408


def test_who_asks_whether_to_send_it_is_told():
    request = Request(b"x", expect="100-Continue")

    async def read():
        async with bodies().of(request, is_trusted=False) as whole:
            return bytes(whole)

    assert asyncio.run(read()) == b"x"
    assert request.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    assert request.writer.output_size == 0


def test_compressed_nothing_without_end_is_too_large():
    begin = b"\x78\x9c"  # header of zlib (RFC 1950, section 2.2)
    empty = b"\x00\x00\x00\xff\xff" * 2**18  # stored blocks of no bytes (RFC 1951, section 3.2.4)
    request = Request(begin, *[empty] * 100, coding="deflate")

    async def read():
        async with bodies().of(request, is_trusted=False):
            pass

    with pytest.raises(HttpError, match="expected 16 MiB at most, got more"):
        asyncio.run(read())

    assert request.taken < 2 * MAX_VALUE


def test_who_had_gone_before_its_body_was_read_is_no_defect():
    request = Request(fails=RuntimeError("Connection closed."))
    request.transport = None

    async def read():
        async with bodies().of(request, is_trusted=False):
            pass

    with pytest.raises(HttpError, match="the body breaks off after 0 bytes"):
        asyncio.run(read())


class Slow(Request):
    """Its `first` bytes come at once, then nothing, until it is stopped."""

    def __init__(self, first, length):
        super().__init__(length=length)
        self.first, self.has_come = first, asyncio.Event()
        self._stopped = asyncio.get_running_loop().create_future()
        self.content.set_exception = self._stopped.set_exception

    async def _come(self):
        yield self.first
        self.has_come.set()
        await self._stopped


def test_who_has_a_token_takes_the_room_of_those_who_have_none():
    async def read(request, every, *, is_trusted):
        async with every.of(request, is_trusted=is_trusted) as whole:
            return len(whole)

    async def several():
        every = bodies()
        slow = Slow(bytes(FREE + 1), length=MAX_VALUE)
        stopped = asyncio.create_task(read(slow, every, is_trusted=False))
        await slow.has_come.wait()
        large = Request(bytes(FREE + 1), bytes(MAX_VALUE - FREE - 1), length=MAX_VALUE)
        assert await read(large, every, is_trusted=True) == MAX_VALUE
        with pytest.raises(HttpError, match="comes too slowly") as caught:
            await stopped
        return caught.value

    error = asyncio.run(in_time(several()))

    assert (error.status, error.headers) == (503, {"Retry-After": "1"})


def test_where_there_is_no_room_for_long_it_is_said(monkeypatch):
    monkeypatch.setattr(http_body, "WAIT", 0.01)

    async def several():
        every = bodies()
        slow = Slow(bytes(FREE + 1), length=MAX_VALUE)

        async def hold():
            async with every.of(slow, is_trusted=True):
                pass

        holding = asyncio.create_task(hold())
        await slow.has_come.wait()
        with pytest.raises(HttpError, match="too many large documents at a time") as caught:
            async with every.of(Request(bytes(FREE + 1), length=MAX_VALUE), is_trusted=False):
                pass
        async with every.of(Request(bytes(FREE)), is_trusted=False) as small:
            assert len(small) == FREE
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        async with every.of(Request(bytes(MAX_VALUE)), is_trusted=False):
            pass  # nothing is held any more
        return caught.value

    error = asyncio.run(in_time(several()))

    assert (error.status, error.headers) == (503, {"Retry-After": "1"})
