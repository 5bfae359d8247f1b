"""Takes a port at each address of a host, for whatever is to listen there."""

import errno
import os
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol

from aoba.endpoints.resolver import resolve
from aoba.errors import LinkError

ANY: Final = "*"
"""The host that stands for all addresses, of IPv4 and IPv6."""

_WHAT_TO_DO: Final = {
    errno.EADDRINUSE: (
        "another program has it, perhaps another Aoba: stop that one, which `ss -lntup` names, "
        "or choose another port"
    ),
    errno.EACCES: (
        "ports below 1024 need a right: choose one above, such as 5020, or have root say "
        "`sysctl net.ipv4.ip_unprivileged_port_start=502`, "
        "or in a systemd unit AmbientCapabilities=CAP_NET_BIND_SERVICE"
    ),
    errno.EADDRNOTAVAIL: (
        "this machine has no such address: `ip address` lists those it has, and * stands for all"
    ),
}

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
    place: Place,
    kind: socket.SocketKind,
    take: TakePort,
    *,
    host: str | None = None,
    ports: Iterable[int] = (),
) -> tuple[int, list[socket.socket]]:
    """The real port, and what `take` gives for each address of the host; `*` means all there are.

    `host` and `ports` stand in for those of `place`, where they are given; the port that is
    returned is the first one. Raises LinkError where that is impossible.
    """
    taken: list[socket.socket] = []
    host, port = host or place.host, place.port
    try:
        for family, address in await _addresses(host, port, kind):
            for number in ports or (port,):
                taken.append(take(family, (address, number)))  # noqa: PERF401  all are closed
            port = taken[0].getsockname()[1]  # one for all addresses where 0 was asked for
    except OSError as error:
        for each in taken:
            each.close()
        raise LinkError(f"cannot listen on {place}: {_reason(error)}") from None
    return port, taken


async def _addresses(
    host: str, port: int, kind: socket.SocketKind
) -> list[tuple[socket.AddressFamily, str]]:
    if host == ANY:  # the resolver would take it for this machine alone
        return [(socket.AF_INET, "0.0.0.0"), *[(socket.AF_INET6, "::")] * _has_ipv6()]  # noqa: S104
    found = await resolve(host, port, kind)
    both = ((socket.AddressFamily(family), str(info[0])) for family, *_, info in found)
    return list(dict.fromkeys(both))


def _has_ipv6() -> bool:
    """Whether this machine has it, which Python may have been built for all the same."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def address_of(host: str) -> IPv4Address | IPv6Address:
    """Of the `host` that a socket shows."""
    address = ip_address(host.partition("%")[0])  # behind it, the interface it was seen on
    # A socket for both versions shows an IPv4 client as ::ffff:192.0.2.7.
    return getattr(address, "ipv4_mapped", None) or address


def _reason(error: OSError) -> str:
    # The socket module adds the address, and has numbers of its own for names that are not known.
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror
    return "; ".join(filter(None, (reason, _WHAT_TO_DO.get(number))))
