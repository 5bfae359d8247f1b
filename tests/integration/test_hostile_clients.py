"""Clients that send too much, too little, or no Modbus at all, against one server.

Each test ends with a look at what another client gets meanwhile.
"""

import contextlib
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.documents import document, printing
from support.server import PROC, Server
from support.wire import Client, frame, read_pdu, write_register_pdu

VALUES = list(range(1000, 1125))
MIB = 1024 * 1024
QUICK = 0.5  # seconds, on a busy machine


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    path = tmp_path_factory.mktemp("hostile") / "values.py"
    path.write_text(printing(document(holding=VALUES, interval=60_000)))
    return shared_serve(path)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.port) as client:
        yield client


@pytest.fixture
def bystander(server: Server) -> Iterator[Client]:
    """Another client, connected before, that is served quickly also after the test."""
    with Client(server.port) as bystander:
        yield bystander
        assert_served_quickly(bystander)


def assert_served_quickly(client: Client) -> None:
    for _ in range(20):
        asked = time.monotonic()
        assert client.holding(0, 125) == VALUES
        assert time.monotonic() - asked < QUICK


def request(i: int) -> bytes:
    """Request `i`: its transaction id is `i`, and so is, up to 124, its address."""
    return frame(i & 0xFFFF, read_pdu("holding", i % 125, 1))


def assert_answered(client: Client, numbers: range) -> None:
    for i in numbers:
        value = VALUES[i % 125]
        assert client.answer() == (i & 0xFFFF, 1, b"\x03\x02" + value.to_bytes(2, "big"))


def test_pipelined_requests_are_answered_in_order_with_their_own_ids(client: Client) -> None:
    client.send(b"".join(map(request, range(500))))
    assert_answered(client, range(500))


def test_a_request_in_single_bytes(client: Client) -> None:
    for i in range(3):
        for byte in request(i):
            client.send(bytes([byte]))
    assert_answered(client, range(3))


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_request_in_two_halves(client: Client, bystander: Client, cut: int) -> None:
    data = request(7)
    client.send(data[:cut])
    assert bystander.holding() == VALUES[:1]  # the server has had its time to see the first half
    client.send(data[cut:])
    assert_answered(client, range(7, 8))


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
@pytest.mark.usefixtures("bystander")
def test_an_impossible_length_closes_the_connection(
    server: Server, client: Client, length: int
) -> None:
    bad = b"\0\x01\0\0" + length.to_bytes(2, "big") + b"\x01\x03\0\0\0\x01"
    client.send(request(5) + bad + request(6))
    assert_answered(client, range(5, 6))
    assert client.is_closed()
    server.wait_for_log(rf"WARNING client .* MBAP length: .* got {length}; connection closed")


def test_a_frame_of_another_protocol_is_passed_over(client: Client) -> None:
    other = frame(1, write_register_pdu(0, 9), protocol=1)
    client.send(other + request(2) + other + request(3))
    assert_answered(client, range(2, 4))
    assert client.holding() == VALUES[:1]


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (b"\x2b\x0d\x01\x00", 1),
        (b"\x03\0\0", 3),
        (b"\x03\0\0\0\x01\0", 3),
        (b"\x06\0\0", 3),
        (b"\x10\0\0\0\x01\x04\0\x09\0\x09", 3),
        (b"\x10\0\0\0\x02\x04\0\x09\0", 3),
        (b"\x10\0\x7c\0\x02\x04\0\x09\0\x09", 2),
        (b"\x83\0\0\0\x01", 1),
        (b"\0", 1),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else None,
)
def test_a_request_that_is_none_is_refused_and_changes_nothing(
    client: Client, pdu: bytes, code: int
) -> None:
    assert client.ask(pdu) == bytes([pdu[0] | 0x80, code])
    assert client.holding(0, 125) == VALUES


@pytest.mark.skipif(not PROC, reason="there is no /proc here")
def test_a_client_that_never_reads_takes_neither_memory_nor_time(
    server: Server, client: Client, bystander: Client
) -> None:
    flood = frame(1, read_pdu("holding", 0, 125)) * 1000
    before = server.rss()
    client.socket.settimeout(0.2)
    with contextlib.suppress(TimeoutError):  # the server does not read any more either
        for _ in range(100):
            client.send(flood)
    assert_served_quickly(bystander)
    assert server.peak_rss() - before < 40 * MIB


def test_a_client_that_reads_late_gets_every_answer(client: Client, bystander: Client) -> None:
    client.send(b"".join(map(request, range(20_000))))
    assert_served_quickly(bystander)
    assert_answered(client, range(20_000))


def test_a_client_that_has_sent_all_it_will_still_gets_all_answers(client: Client) -> None:
    client.send(b"".join(map(request, range(1000))))
    client.socket.shutdown(socket.SHUT_WR)
    assert_answered(client, range(1000))
    assert client.is_closed()


@pytest.mark.usefixtures("bystander")
def test_a_client_that_leaves_in_the_middle_of_a_request(client: Client) -> None:
    client.send(request(0)[:9])
    client.socket.shutdown(socket.SHUT_WR)
    assert client.is_closed()


def test_two_thousand_connections_at_once(server: Server, bystander: Client) -> None:
    with ExitStack() as stack, descriptors(4096):
        before = server.rss() if PROC else 0
        clients = [stack.enter_context(Client(server.port)) for _ in range(2000)]
        for i, client in enumerate(clients):
            client.send(request(i))
        assert_served_quickly(bystander)
        for i, client in enumerate(clients):
            assert_answered(client, range(i, i + 1))
        if PROC:
            assert server.rss() - before < 20 * MIB


@contextlib.contextmanager
def descriptors(count: int) -> Iterator[None]:
    """Have so many for the test itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"this machine gives {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_hundred_clients_that_send_a_byte_now_and_then(server: Server, bystander: Client) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(100)]
        for at in range(12):
            for client in clients:
                client.send(request(3)[at : at + 1])
            assert bystander.holding(0, 125) == VALUES
        for client in clients:
            assert_answered(client, range(3, 4))


@pytest.mark.skipif(not PROC, reason="there is no /proc here")
def test_fifty_clients_that_never_read_cost_what_one_read_of_each_may(
    server: Server, bystander: Client
) -> None:
    flood = frame(1, read_pdu("holding", 0, 125)) * 10_000
    with ExitStack() as stack:
        before = server.rss()
        clients = [stack.enter_context(Client(server.port)) for _ in range(50)]
        for client in clients:
            client.socket.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                for _ in range(100):
                    client.send(flood)
        assert_served_quickly(bystander)
        assert server.rss() - before < 20 * MIB


def test_connections_that_come_and_go(server: Server, bystander: Client) -> None:
    for i in range(500):
        with Client(server.port) as client:
            if i % 3:
                client.send(request(0)[: i % 12])
            if i % 2:
                client.socket.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4)
                )
    assert_served_quickly(bystander)
    assert not server.logged("ERROR|Traceback")
