"""The body of a request -> bytes, bounded in size, in time, and in what all bodies hold together.

The size is that of the document, also where the body is compressed: what is decompressed is
counted piece by piece, and between two of them Modbus clients have their turn.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from aoba.document.stream import MAX_VALUE
from aoba.errors import HttpError
from aoba.loop_share import LoopShare
from aoba.sources.http.uploads import FREE, Upload, Uploads

BODY_TIMEOUT: Final = 60.0
"""Seconds that a client has for its body,"""
SLOWEST: Final = 50_000
"""and one more for each so many bytes of it that have come."""

WAIT: Final = 10.0
"""Seconds that a large body waits for its room."""
_LOOK: Final = 0.1  # seconds after which it is seen whether somebody has to make way

MAX_SHOWN: Final = 100
"""Characters of a header in an answer and in the log."""

_PIECE: Final = 64 * 1024
_EITHER: Final = 32 + zlib.MAX_WBITS  # the format of gzip or of zlib, whichever there is
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Bodies:
    """Of all requests of one server; `share` is what they have of the loop's time."""

    def __init__(self, share: LoopShare) -> None:
        self.uploads = Uploads()
        self._share = share
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def of(self, request: web.BaseRequest, *, is_trusted: bool) -> AsyncIterator[bytearray]:
        """The body of `request`, to be held no longer than this context.

        `is_trusted` says that the request has shown a token. Raises HttpError where the body is too
        large, too slow, broken, or one too many.
        """
        upload = Upload(time.monotonic(), is_trusted, lambda: _stop(request))
        self.uploads.begin(upload)
        try:
            yield await _Reader(request, upload, self).read()
        finally:
            self.uploads.end(upload)
            self._changed.set()

    async def turn(self) -> None:
        await self._share.turn()

    async def reserve(self, upload: Upload, size: int) -> None:
        """Wait until it may become `size` bytes. Raises HttpError where that takes too long."""
        ends = time.monotonic() + WAIT
        while not self.uploads.reserve(upload, size, now := time.monotonic()):
            if now > ends or upload.is_stopped:
                raise HttpError(503, "too many large documents at a time", Retry_After="1")
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._changed.wait()


class _Reader:
    """Of one body."""

    def __init__(self, request: web.BaseRequest, upload: Upload, bodies: Bodies) -> None:
        self._request, self._upload, self._bodies = request, upload, bodies
        self._coding = request.headers.get("Content-Encoding", "identity").lower()
        self._body = bytearray()

    async def read(self) -> bytearray:
        decoder = _decoder(self._coding)
        length = self._request.content_length or 0
        if length > MAX_VALUE:
            raise _too_large(f"{length} bytes")
        try:
            if self._request.headers.get("Expect", "").lower() == "100-continue":
                await self._request.writer.write(_CONTINUE)
                self._request.writer.output_size = 0  # that was not yet the answer
            async with asyncio.timeout(BODY_TIMEOUT) as patience:
                begun = asyncio.get_running_loop().time()
                async for chunk in self._request.content.iter_any():
                    if self._upload.received:
                        await self._bodies.turn()
                    await self._take(decoder, chunk)
                    received = self._upload.received
                    patience.reschedule(begun + BODY_TIMEOUT + received / SLOWEST)
            await self._hold(decoder.end())
        except TimeoutError:
            raise HttpError(408, f"the body did not come within {BODY_TIMEOUT:g} s") from None
        except (web.RequestPayloadError, ConnectionError):
            raise self._broken_off() from None
        except RuntimeError:
            if self._request.transport is not None:
                raise
            raise self._broken_off() from None  # the client had gone before it was read
        except zlib.error as error:
            why = f"the body is not {self._coding}: {str(error).rpartition(': ')[2]}"
            raise HttpError(400, why) from None
        self._upload.is_complete = True
        return self._body

    async def _take(self, decoder: "_Plain | _Compressed", chunk: bytes) -> None:
        self._upload.received += len(chunk)
        if self._upload.received > MAX_VALUE:  # compressed, it may be nothing for ever
            raise _too_large("more")
        for number, piece in enumerate(decoder.feed(chunk)):
            if number:
                await self._bodies.turn()
            await self._hold(piece)

    async def _hold(self, piece: bytes) -> None:
        size = len(self._body) + len(piece)
        if size > MAX_VALUE:
            raise _too_large("more")
        if size > max(FREE, self._upload.reserved):
            await self._bodies.reserve(self._upload, self._most())
        self._body += piece

    def _most(self) -> int:
        """Bytes that it can become."""
        length = self._request.content_length
        return length if length and self._coding == "identity" else MAX_VALUE

    def _broken_off(self) -> HttpError:
        # As many as came; those that were not yet read are gone with the connection.
        came = self._request.content.total_bytes
        return HttpError(400, f"the body breaks off after {came} bytes")


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
        why = f"unknown Content-Encoding {coding[:MAX_SHOWN]!r}; expected gzip, deflate or none"
        raise HttpError(415, why, Accept_Encoding="gzip, deflate")
    return _DECODERS[coding]()


def _stop(request: web.BaseRequest) -> None:
    why = "others wait for the place of this body, which comes too slowly"
    request.content.set_exception(HttpError(503, why, Retry_After="1"))


def _too_large(got: str) -> HttpError:
    return HttpError(413, f"expected {MAX_VALUE >> 20} MiB at most, got {got}")
