import asyncio
import errno
import socket

import pytest

from aoba.endpoints.sockets import take_ports
from aoba.endpoints.url import parse_listen
from aoba.errors import LinkError


def take(url, open_port=lambda: None):
    """Ports of `url`: the number, and the addresses that were taken."""
    asked = []

    def note(family, address):
        asked.append((family, address[0]))
        open_port()
        taken = socket.socket(family, socket.SOCK_STREAM)
        taken.bind(address)
        return taken

    port, sockets = asyncio.run(take_ports(parse_listen(url), socket.SOCK_STREAM, note))
    for each in sockets:
        each.close()
    return port, asked


def refusal(url, number):
    def fail():
        raise OSError(number, "library's words")

    with pytest.raises(LinkError) as caught:
        take(url, fail)
    return str(caught.value)


def test_one_address_has_the_port_that_was_asked_for_or_any():
    port, asked = take("tcp://127.0.0.1:0")

    assert port > 0
    assert asked == [(socket.AF_INET, "127.0.0.1")]


@pytest.mark.parametrize("has_ipv6", [True, False])
def test_a_star_is_every_address_there_is(monkeypatch, has_ipv6):
    monkeypatch.setattr("aoba.endpoints.sockets._has_ipv6", lambda: has_ipv6)
    asked = []

    def note(family, address):
        asked.append((family, address[0]))
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    _, sockets = asyncio.run(take_ports(parse_listen("tcp://*:5020"), socket.SOCK_STREAM, note))
    for each in sockets:
        each.close()

    assert asked == [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")][: 1 + has_ipv6]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EADDRINUSE, r"Address already in use; another program has it"),
        (errno.EACCES, "Permission denied; ports below 1024 need a right"),
        (errno.EADDRNOTAVAIL, "this machine has no such address: `ip address` lists"),
        (errno.EPERM, "Operation not permitted"),
    ],
)
def test_what_to_do_is_said(number, words):
    says = refusal("tcp://127.0.0.1:502", number)

    assert says.startswith("cannot listen on tcp://127.0.0.1:502: ")
    assert words in says
    assert "\n" not in says


def test_a_host_that_nobody_knows_is_said():
    with pytest.raises(LinkError, match=r"cannot listen on tcp://nobody\.invalid:502: ."):
        take("tcp://nobody.invalid:502")
