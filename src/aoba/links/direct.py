"""Writing to a connection without the detour through the loop's buffer, a fiftieth of a request."""

import asyncio
import os
from collections.abc import Callable


def direct_writer(transport: asyncio.Transport) -> Callable[[bytes], None]:
    """Return what writes to `transport`; only to be called while nothing waits in its buffer.

    What the system does not take at once goes into the buffer, errors are the transport's to find.
    Encrypted connections are written to by their transport alone.
    """
    if transport.get_extra_info("sslcontext") is not None:
        return transport.write
    descriptor: int = transport.get_extra_info("socket").fileno()
    write_rest = transport.write

    def write(data: bytes) -> None:
        try:
            sent = os.write(descriptor, data)
        except OSError:
            sent = 0
        if sent < len(data):
            write_rest(data[sent:])

    return write
