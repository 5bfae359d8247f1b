"""RTU frames in a TCP stream: serial rules, and the way back from garbage."""

from collections.abc import Callable, Iterator

import pytest

from support.documents import document, printing, station
from support.lines import rtu
from support.server import Server
from support.wire import Client, read_pdu, write_register_pdu

READ = rtu(1, read_pdu("holding", 0, 1))
ANSWER = rtu(1, b"\x03\x02\x00\x0a")


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    path = tmp_path_factory.mktemp("rtu-tcp") / "values.py"
    two = document(station(1, holding=[10]), station(2, holding=[20]), interval=60_000)
    path.write_text(printing(two))
    return shared_serve(path, listen="rtu+tcp://127.0.0.1:0")


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.port) as client:
        yield client


def assert_answered(client: Client, times: int = 1) -> None:
    assert client.receive(times * len(ANSWER)) == times * ANSWER


def test_requests_behind_each_other(client: Client) -> None:
    client.send(READ * 500)
    assert_answered(client, 500)


def test_a_request_in_single_bytes(client: Client) -> None:
    for byte in READ:
        client.send(bytes((byte,)))
    assert_answered(client)


def test_others_are_passed_over_and_nobody_answers_to_all(client: Client) -> None:
    everybody = rtu(0, write_register_pdu(0, 10))
    client.send(rtu(9, read_pdu("holding", 0, 1)) + everybody + READ)
    assert_answered(client)
    client.send(rtu(2, read_pdu("holding", 0, 1)))
    assert client.receive(7) == rtu(2, b"\x03\x02\x00\x0a")
    client.send(rtu(2, write_register_pdu(0, 20)))
    assert client.receive(8) == rtu(2, write_register_pdu(0, 20))


@pytest.mark.parametrize(
    "garbage", [b"\x00", READ[:-1] + b"?", READ[:5], b"GET / HTTP/1.1\r\n\r\n", bytes(1000)]
)
def test_behind_garbage_a_request_is_found(client: Client, garbage: bytes) -> None:
    client.send(garbage + READ)
    assert_answered(client)
    client.send(READ)
    assert_answered(client)


def test_a_request_of_no_known_length_is_answered(client: Client) -> None:
    client.send(rtu(1, b"\x41\x01"))
    assert client.receive(5) == rtu(1, b"\xc1\x01")
    client.send(rtu(1, b"\x03\0\0"))
    assert client.receive(5) == rtu(1, b"\x83\x03")


def test_several_clients(server: Server, client: Client) -> None:
    with Client(server.port) as other:
        client.send(READ[:4])
        other.send(READ)
        assert_answered(other)
        client.send(READ[4:])
        assert_answered(client)
