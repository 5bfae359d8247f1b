"""Between a transport of the event loop and paho, which takes this for a socket that never blocks.

So the event loop does what paho would do in threads, or with descriptors of its own: connecting,
which can be given up at any time, TLS, and waiting. What has come is for the session to `take`;
paho receives what the session offers it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

FULL: Final = 1 << 18
"""Bytes that wait to be taken, from which on no more are asked for."""


class Wire(asyncio.Protocol):
    """`readable` is called when something has come, or the end; `writable` when there is room."""

    def __init__(self, readable: Callable[[], None], writable: Callable[[], None]) -> None:
        self.closed = asyncio.Event()
        self.has_room = asyncio.Event()
        """Whether what is sent is on its way soon; the other side may not take it."""
        self.has_room.set()
        self.error: Exception | None = None
        """How the connection ended, where that was not in good order."""
        self._readable, self._writable = readable, writable
        self._data = bytearray()
        self._offered = b""
        self._is_paused = False
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self.closed.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base

    def data_received(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > FULL and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()
        self._readable()

    def connection_lost(self, exc: Exception | None) -> None:
        self.error = exc
        self.closed.set()
        self.has_room.set()  # so that nobody waits for it
        self._readable()

    def pause_writing(self) -> None:
        self.has_room.clear()

    def resume_writing(self) -> None:
        self.has_room.set()
        self._writable()

    def take(self) -> bytearray:
        """All that has come; empty where nothing has."""
        taken, self._data = self._data, bytearray()
        if self._is_paused and self._transport and not self.closed.is_set():
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    def offer(self, packet: bytes) -> None:
        """Have paho receive `packet`."""
        self._offered = packet

    def recv(self, size: int) -> bytes:
        """As of a socket: b"" at the end, BlockingIOError where there is nothing yet."""
        if not self._offered and not (self.closed.is_set() and not self._data):
            raise BlockingIOError
        chunk, self._offered = self._offered[:size], self._offered[size:]
        return chunk

    def send(self, data: bytes | bytearray) -> int:
        """As of a socket: BlockingIOError where there is no room."""
        if self._transport is None or self.closed.is_set():
            raise BrokenPipeError
        if not self.has_room.is_set():
            raise BlockingIOError
        self._transport.write(data)
        return len(data)

    def close(self) -> None:
        """When all is sent."""
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def setblocking(self, flag: bool) -> None:
        """It never does."""

    def fileno(self) -> int:
        return -1
