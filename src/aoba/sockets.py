"""Takes a port at each address of a host, for whatever is to listen there."""

import asyncio
import os
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from aoba.errors import LinkError

TakePort = Callable[[socket.AddressFamily, tuple[str, int]], socket.socket]


class Place(Protocol):
    """Shows itself, as text, by its URL."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int:
        """0: any one."""
        ...


async def take_ports(
    place: Place, kind: socket.SocketKind, take: TakePort
) -> tuple[int, list[socket.socket]]:
    """The real port, and what `take` gives for each address of the host.

    Raises LinkError where that is impossible.
    """
    taken: list[socket.socket] = []
    port = place.port
    try:
        found = await asyncio.get_running_loop().getaddrinfo(place.host, port, type=kind)
        for family, address in dict.fromkeys((family, info[0]) for family, *_, info in found):
            taken.append(take(family, (str(address), port)))
            port = taken[-1].getsockname()[1]  # one for all addresses where 0 was asked for
    except OSError as error:
        for each in taken:
            each.close()
        raise LinkError(f"cannot listen on {place}: {_reason(error)}") from None
    return port, taken


def address_of(host: str) -> IPv4Address | IPv6Address:
    """Of the `host` that a socket shows."""
    address = ip_address(host.partition("%")[0])  # behind it, the interface it was seen on
    # A socket for both versions shows an IPv4 client as ::ffff:192.0.2.7.
    return getattr(address, "ipv4_mapped", None) or address


def _reason(error: OSError) -> str | None:
    # The socket module adds the address, and has numbers of its own for names that are not known.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror
