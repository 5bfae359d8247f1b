"""The body of a request -> bytes, bounded in size, in time, and in what all bodies hold together.

The size is that of the document, also where the body is compressed: what is decompressed is
counted piece by piece, and between two of them Modbus clients have their turn.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from aoba.document.stream import MAX_VALUE
from aoba.errors import HttpError

MAX_HELD: Final = 4 * MAX_VALUE
"""Bytes that the bodies of all requests of a server may hold at a time."""

PATIENCE: Final = 60.0
"""Seconds that a client has for its body."""

_PIECE: Final = 256 * 1024
_EITHER: Final = 32 + zlib.MAX_WBITS  # the format of gzip or of zlib, whichever there is
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Bodies:
    """Of all requests of one server."""

    def __init__(self) -> None:
        self._held = 0

    @asynccontextmanager
    async def of(self, request: web.BaseRequest) -> AsyncIterator[bytearray]:
        """The body of `request`, to be held no longer than this context.

        Raises HttpError where it is too large, too slow, broken, or one too many.
        """
        body = bytearray()
        try:
            await self._read(request, body)
            yield body
        finally:
            self._held -= len(body)

    async def _read(self, request: web.BaseRequest, body: bytearray) -> None:
        coding = request.headers.get("Content-Encoding", "identity").lower()
        decoder = _decoder(coding)
        if (request.content_length or 0) > MAX_VALUE:
            raise _too_large(f"{request.content_length} bytes")
        try:
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(_CONTINUE)
                request.writer.output_size = 0  # that was not yet the answer
            async with asyncio.timeout(PATIENCE):
                async for chunk in request.content.iter_any():
                    for piece in decoder.feed(chunk):
                        self._hold(body, piece)
                        await asyncio.sleep(0)
            self._hold(body, decoder.end())
        except TimeoutError:
            raise HttpError(408, f"the body did not come within {PATIENCE:g} s") from None
        except (web.RequestPayloadError, ConnectionError):
            raise HttpError(400, f"the body breaks off after {len(body)} bytes") from None
        except zlib.error as error:
            raise HttpError(
                400, f"the body is not {coding}: {str(error).rpartition(': ')[2]}"
            ) from None

    def _hold(self, body: bytearray, piece: bytes) -> None:
        if len(body) + len(piece) > MAX_VALUE:
            raise _too_large("more")
        if self._held + len(piece) > MAX_HELD:
            raise HttpError(503, "too many large documents at a time", Retry_After="1")
        self._held += len(piece)
        body += piece


class _Plain:
    def feed(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def end(self) -> bytes:
        return b""


class _Compressed:
    """Raises zlib.error where the data is not of its format, or does not end where it should."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_EITHER)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            yield self._zlib.decompress(chunk, _PIECE)
            chunk = self._zlib.unconsumed_tail
        if self._zlib.unused_data:
            raise zlib.error("there is more behind its end")

    def end(self) -> bytes:
        rest = self._zlib.flush()
        if not self._zlib.eof:
            raise zlib.error("it ends early")
        return rest


_DECODERS: Final[dict[str, type[_Plain | _Compressed]]] = {
    "identity": _Plain,
    "gzip": _Compressed,
    "x-gzip": _Compressed,
    "deflate": _Compressed,
}


def _decoder(coding: str) -> _Plain | _Compressed:
    if coding not in _DECODERS:
        why = f"unknown Content-Encoding {coding!r}; expected gzip, deflate or none"
        raise HttpError(415, why, Accept_Encoding="gzip, deflate")
    return _DECODERS[coding]()


def _too_large(got: str) -> HttpError:
    return HttpError(413, f"expected {MAX_VALUE >> 20} MiB at most, got {got}")
