"""Modbus over UDP: which datagrams are answered, and to whom."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.documents import document, printing
from support.server import Server, run_aoba
from support.waiting import DEADLINE
from support.wire import frame, read_pdu, write_register_pdu

VALUES = list(range(1000, 1125))
READ = read_pdu("holding", 0, 1)
ANSWER = b"\x03\x02\x03\xe8"


class Peer(socket.socket):
    def __init__(self, port: int) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.settimeout(DEADLINE)
        self.connect(("127.0.0.1", port))

    def probe(self, transaction: int = 0x7777) -> None:
        """A good request is answered, and nothing else was before it."""
        self.send(frame(transaction, READ))
        assert self.recv(1000) == frame(transaction, ANSWER)

    def is_refused(self) -> bool:
        self.send(frame(1, READ))
        self.settimeout(0.3)
        try:
            self.recv(1000)
        except TimeoutError:
            return True
        finally:
            self.settimeout(DEADLINE)
        return False


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("udp") / "values.py"
    path.write_text(printing(document(holding=VALUES, interval=60_000)))
    return str(path)


@pytest.fixture(scope="module")
def server(shared_serve: Callable[..., Server], script: str) -> Server:
    return shared_serve(script, listen="udp://127.0.0.1:0")


@pytest.fixture
def peer(server: Server) -> Iterator[Peer]:
    with Peer(server.port) as peer:
        yield peer


def test_two_servers_do_not_answer_each_other_for_ever(server: Server, script: str) -> None:
    """As where somebody asks one of them in the name of the other."""
    other = Server(script, listen="udp://127.0.0.1:0")
    with other, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as between:
        ports = server.port, other.port
        between.bind(("127.0.0.1", 0))
        between.settimeout(0.5)
        request = frame(1, write_register_pdu(200, 9))  # is refused, and what refuses it is, too
        between.sendto(request, ("127.0.0.1", ports[0]))
        passed = 0
        with contextlib.suppress(TimeoutError):
            while passed < 5000:
                data, (_, port) = between.recvfrom(300)
                between.sendto(data, ("127.0.0.1", ports[port == ports[0]]))
                passed += 1
        assert 500 < passed < 5000
        log = "\n".join(server.log + other.log)
    assert log.count("gives back what is sent, as another server would") == 1


def test_each_gets_its_own_answers(server: Server) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(server.port)) for _ in range(20)]
        for i, peer in enumerate(peers):
            peer.send(frame(i, read_pdu("holding", i, 1)))
        for i, peer in enumerate(peers):
            assert peer.recv(1000) == frame(i, b"\x03\x02" + VALUES[i].to_bytes(2, "big"))


def test_unit_ids_are_those_of_tcp(peer: Peer) -> None:
    for unit, answer in ((1, ANSWER), (0, ANSWER), (255, ANSWER), (9, b"\x83\x0b")):
        peer.send(frame(unit, READ, unit=unit))
        assert peer.recv(1000) == frame(unit, answer, unit=unit)


WRITE = frame(1, write_register_pdu(0, 666))
DROPPED = {
    "nothing": b"",
    "a header that is cut off": WRITE[:5],
    "a request that is cut off": WRITE[:-1],
    "two requests": WRITE + WRITE,
    "a request and a byte": WRITE + b"\0",
    "another protocol": frame(1, write_register_pdu(0, 666), protocol=1),
    "a length of 1": b"\0\1\0\0\0\1\1",
    "a length beyond 254": b"\0\1\0\0\0\xff" + bytes(255),
    "noise": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("data", DROPPED.values(), ids=DROPPED)
def test_what_is_not_one_frame_is_neither_executed_nor_answered(peer: Peer, data: bytes) -> None:
    peer.send(data)
    peer.probe()


def test_the_longest_answer(peer: Peer) -> None:
    peer.send(frame(5, read_pdu("holding", 0, 125)))
    answer = peer.recv(1000)
    assert answer[7:9] == b"\x03\xfa"
    assert len(answer) == 259


def test_repeated_requests_are_counted_and_answered_with_their_own_ids(peer: Peer) -> None:
    for transaction in range(50):
        peer.probe(transaction)


def test_protection(serve: Callable[..., Server], script: str) -> None:
    options = "?max_clients=2&idle=500ms&readonly=true"
    server = serve(script, listen=f"udp://127.0.0.1:0{options}")
    with Peer(server.port) as one, Peer(server.port) as two, Peer(server.port) as three:
        one.probe()
        two.send(WRITE)
        assert two.recv(1000) == frame(1, b"\x86\x01")
        assert three.is_refused() or not server.logged("has 2 clients")
        server.wait_for_log(r"WARNING udp://\S+ has 2 clients, more are turned away")
        while three.is_refused():  # until the others are forgotten
            pass
        three.probe()


def test_networks(serve: Callable[..., Server], script: str) -> None:
    server = serve(script, listen="udp://127.0.0.1:0?allow=10.0.0.0/8")
    with Peer(server.port) as peer:
        assert peer.is_refused()
    server.wait_for_log(r"WARNING udp://\S+: 127\.0\.0\.1 is not allowed")


def test_a_port_that_is_taken(server: Server, script: str) -> None:
    done = run_aoba("serve", script, "--listen", f"udp://127.0.0.1:{server.port}")
    assert done.returncode == 1
    assert ": Address already in use; another program has it" in done.stderr
