import socket

import pytest

from aoba.links.direct import direct_writer


class Transport:
    """Has a socket, keeps what is left to it, and may be encrypted."""

    def __init__(self, connection, sslcontext=None):
        self.extra = {"socket": connection, "sslcontext": sslcontext}
        self.buffer = b""

    def get_extra_info(self, name):
        return self.extra[name]

    def write(self, data):
        self.buffer += data


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def test_writes_to_the_socket_itself(pair):
    ours, theirs = pair
    transport = Transport(ours)
    direct_writer(transport)(b"answer")

    assert theirs.recv(100) == b"answer"
    assert transport.buffer == b""


def test_leaves_to_the_transport_what_the_system_does_not_take(pair):
    ours, theirs = pair
    transport = Transport(ours)
    write = direct_writer(transport)
    data = bytes(range(256)) * 10_000
    write(data)
    write(b"more")  # would block

    assert 0 < len(transport.buffer) < len(data)
    assert transport.buffer.endswith(b"more")
    left = transport.buffer[:-4]
    got = b""
    while len(got) < len(data) - len(left):
        got += theirs.recv(len(data))
    assert got + left == data


def test_leaves_errors_to_the_transport(pair):
    ours, theirs = pair
    transport = Transport(ours)
    theirs.close()
    direct_writer(transport)(b"answer")

    assert transport.buffer == b"answer"


def test_does_not_write_past_encryption(pair):
    ours, _ = pair
    transport = Transport(ours, sslcontext=object())
    direct_writer(transport)(b"answer")

    assert transport.buffer == b"answer"
