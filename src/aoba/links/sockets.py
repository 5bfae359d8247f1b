"""Takes the port of a network link at each address of its host."""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import replace

from aoba.errors import LinkError
from aoba.links.url import NetworkUrl

TakePort = Callable[[socket.AddressFamily, tuple[str, int]], socket.socket]


async def take_ports(
    url: NetworkUrl, kind: socket.SocketKind, take: TakePort
) -> tuple[NetworkUrl, list[socket.socket]]:
    """`url` with its real port, and what `take` gives for each address.

    Raises LinkError where that is impossible.
    """
    taken: list[socket.socket] = []
    port = url.port
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=kind)
        for family, address in dict.fromkeys((family, info[0]) for family, *_, info in found):
            taken.append(take(family, (str(address), port)))
            port = taken[-1].getsockname()[1]  # one for all addresses where 0 was asked for
    except OSError as error:
        for each in taken:
            each.close()
        raise LinkError(f"cannot listen on {url}: {_reason(error)}") from None
    return replace(url, port=port), taken


def _reason(error: OSError) -> str | None:
    # The socket module adds the address, and has numbers of its own for names that are not known.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror
