"""The reading end of a pipe from another process, read without blocking and watched by the loop.

It is told to the loop once, and not anew for each read: at a hundred runs a second that shows.
"""

import asyncio
import os
from collections.abc import Callable
from typing import IO, Final

CHUNK: Final = 32 * 1024
"""Bytes that are handled in one go, while Modbus clients wait."""


class Pipe:
    """The reading end of a pipe, without blocking; what it reads from is closed with it.

    Takes a descriptor, or an unbuffered stream.
    """

    def __init__(self, source: int | IO[bytes]) -> None:
        self.closed = False
        self.received = 0
        """Bytes that have come so far."""
        self._source = source
        self._descriptor = source if isinstance(source, int) else source.fileno()
        self._loop = asyncio.get_running_loop()
        self._callback: Callable[[], object] | None = None
        self._watched = False
        self._just_read = False  # and the loop may not know of that
        self._unread = b""
        os.set_blocking(self._descriptor, False)

    def read(self) -> bytes | None:
        """Some bytes, or None where there are none now. At the end the pipe closes itself."""
        if self._unread:
            chunk, self._unread = self._unread, b""
            return chunk
        if self.closed:
            return None
        self._callback = None
        self._just_read = True
        try:
            chunk = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return None
        if not chunk:
            self.close()
            return None
        self.received += len(chunk)
        return chunk

    def put_back(self, chunk: bytes) -> None:
        """Have the next `read` give `chunk`, which the last one gave."""
        self._unread = chunk

    def watch(self, callback: Callable[[], object]) -> None:
        """Call `callback` once there is something to read, until the next `read`."""
        self._callback = callback
        if not self.closed and not self._watched:
            self._watched = True
            self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        # The loop goes on watching, which it would have to be told anew, unless nobody reads.
        callback, self._callback = self._callback, None
        if callback:
            callback()
        elif self._just_read:  # in the same turn of the loop
            self._just_read = False
        else:
            self._ignore()

    def _ignore(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._descriptor)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._ignore()
            if isinstance(self._source, int):
                os.close(self._source)
            else:
                self._source.close()
