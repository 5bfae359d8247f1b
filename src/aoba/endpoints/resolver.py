"""The name of a host -> its addresses, in a thread of its own, and a socket connected to one.

The system looks a name up in a call that may take minutes. Event loops leave it to a handful of
threads, all of which are soon waiting for a name server that does not answer, also for names
that need none; and at the end the process waits for them. Here a name has a thread of its own,
one however often it is asked for, which nobody has to wait for.
"""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

Address = tuple[int, int, int, str, Any]
"""As `socket.getaddrinfo` has it."""

_Key = tuple[str, int, socket.SocketKind]

_under_way: Final[dict[_Key, "Future[list[Address]]"]] = {}


async def resolve(
    host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM
) -> list[Address]:
    """The addresses of `host`. Raises OSError; may take minutes where no name server answers."""
    with suppress(socket.gaierror):  # raised for what is no address
        return _lookup((host, port, kind), socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Address]] = loop.create_future()

    def take(found: "Future[list[Address]]") -> None:
        if not answer.done():
            if error := found.exception():
                answer.set_exception(error)
            else:
                answer.set_result(found.result())

    def tell(found: "Future[list[Address]]") -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(take, found)

    _look_up((host, port, kind)).add_done_callback(tell)
    return await answer


async def connect(addresses: Iterable[Address]) -> socket.socket:
    """A socket that is connected to the first of `addresses` that lets it. Raises OSError."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, protocol, _, address in addresses:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failure = failure or error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


def _look_up(key: _Key) -> "Future[list[Address]]":
    found = _under_way.get(key)
    if found is None:
        found = _under_way[key] = Future()
        thread = threading.Thread(target=_run, args=(key, found), name="resolver", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # there are too many
            del _under_way[key]
            found.set_exception(OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))
    return found


def _run(key: _Key, found: "Future[list[Address]]") -> None:
    try:
        addresses = _lookup(key)
    except Exception as error:  # noqa: BLE001  whoever waits gets it
        del _under_way[key]
        found.set_exception(error)
    else:
        del _under_way[key]
        found.set_result(addresses)


def _lookup(key: _Key, flags: int = 0) -> list[Address]:
    host, port, kind = key
    return list(socket.getaddrinfo(host, port, type=kind, flags=flags))
