"""Programs that post too much, too slowly, or from elsewhere, against one server.

Each test ends with a look at what others get meanwhile.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import urlsplit

import pytest

from support.documents import document, station
from support.http import send, waiting
from support.server import PROC, Server
from support.waiting import DEADLINE, eventually
from support.wire import Client

ANYWHERE = "http://127.0.0.1:0"
PLANT = f"{ANYWHERE}/plant"
MIB = 1024 * 1024
MOST = 32 * MIB
"""Of memory, that any of this may cost."""

Serve = Callable[..., Server]


@pytest.fixture
def server(serve: Serve) -> Iterator[Server]:
    """Of two sources at one port, the other one with a token; Modbus clients are served at last."""
    server = serve(PLANT, f"{ANYWHERE}/locked?token=s3cret")
    assert send(waiting(server), document(holding=[1])).status == 200
    before = server.rss() if PROC else 0
    yield server
    with Client(server.port) as client:
        assert client.holding(0, 1)
    assert not server.logged("Traceback|defect|from None")
    if PROC:
        assert server.peak_rss() < before + MOST


def address_of(server: Server) -> tuple[str, int]:
    place = urlsplit(waiting(server))
    assert place.hostname is not None
    assert place.port is not None
    return place.hostname, place.port


def head(path: str, length: int, *more: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more)
    return "\r\n".join((*lines, "", "")).encode()


class Slow:
    """Connections whose bodies begin, as far as they are taken, and do not go on."""

    def __init__(self, address: tuple[str, int], count: int, begin: bytes) -> None:
        self.connections = [socket.create_connection(address) for _ in range(count)]
        for each in self.connections:
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sent = 0
                while sent < len(begin):
                    sent += each.send(begin[sent:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.connections:
            each.close()


async def post_all(address: tuple[str, int], sessions: int, posts: int) -> list[bytes]:
    """Each session has a connection, for as long as that is kept; the first lines of all answers.

    Raises IncompleteReadError where a post is not answered.
    """
    body = document(holding=[1]).encode()

    async def session() -> list[bytes]:
        answers: list[bytes] = []
        reader = writer = None
        while len(answers) < posts:
            if writer is None:
                reader, writer = await asyncio.open_connection(*address)
            writer.write(head("/plant", len(body)) + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            await reader.readuntil(b"}\n")
            answers.append(lines[0])
            if b"connection: close" in lines:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()
        return answers

    async with asyncio.timeout(DEADLINE):
        every = await asyncio.gather(*(session() for _ in range(sessions)))
    return [line for answers in every for line in answers]


def test_no_post_of_hundreds_of_sessions_is_lost(server: Server) -> None:
    answers = asyncio.run(post_all(address_of(server), sessions=300, posts=4))

    assert answers == [b"http/1.1 200 ok"] * 1200
    assert send(waiting(server), method="GET").content["documents"] == 1201


def test_slow_bodies_cost_little_and_keep_nobody_out(server: Server) -> None:
    begin = head("/plant", 16_000_000) + bytes(1_000_000)
    with Slow(address_of(server), 80, begin):
        answers = asyncio.run(post_all(address_of(server), sessions=100, posts=2))
        assert answers == [b"http/1.1 200 ok"] * 200
        large = document(station(2, holding=[7]))
        large += " " * (2_000_000 - len(large))
        reply = send(waiting(server, "locked"), large, token="s3cret")
        assert reply.status == 200


def test_so_do_those_who_take_all_places(server: Server) -> None:
    with Slow(address_of(server), 260, head("/plant", 1000) + b"{") as slow:
        assert send(waiting(server), document(holding=[1])).status == 200
        answered = eventually(lambda: next(filter(readable, slow.connections), None))
        assert answered.recv(65536).startswith(b"HTTP/1.1 503 ")


def readable(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


def test_bodies_in_pieces_of_a_byte(server: Server) -> None:
    chunked = head("/plant", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with Slow(address_of(server), 20, chunked + b"1\r\n \r\n" * 20_000):
        begun = time.monotonic()
        with Client(server.port) as client:
            for _ in range(100):
                assert client.holding() == [1]
        assert time.monotonic() - begun < DEADLINE
        assert send(waiting(server), document(holding=[1])).status == 200


def test_those_who_leave_at_any_moment_are_no_defect(server: Server) -> None:
    body = document(holding=[1]).encode()
    request = head("/plant", len(body)) + body
    for number in range(0, 2 * len(request), 7):
        with socket.create_connection(address_of(server)) as client:
            client.sendall((request + request)[: number + 1])
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert send(waiting(server), body).status == 200


def test_errors_in_turns_do_not_fill_the_log(server: Server) -> None:
    url = waiting(server)
    wrong = ["no JSON", document(holding=[70_000]), "[", "{" * 10, document(holding=[1])]
    address = address_of(server)
    for number in range(200):
        send(url, wrong[number % 5] + " " * (number % 3))
        send(waiting(server, "locked"), "", token=f"guess{number % 2}")
        with socket.create_connection(address) as client:
            client.sendall(head("/plant", 1000) + bytes(number))
        with socket.create_connection(address) as client:
            client.sendall(bytes(number) + b"\r\n\r\n")
    assert len(server.log) < 40


def test_the_name_of_another_machine_is_refused_where_there_is_no_token(serve: Serve) -> None:
    server = serve(
        PLANT, f"{ANYWHERE}/named?host=tank.example,Gateway", f"{ANYWHERE}/locked?token=s3cret"
    )
    posted = document(holding=[1])

    def status(name: str, host: str, method: str = "POST", **more: str) -> int:
        return send(waiting(server, name), posted, method, Host=host, **more).status

    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example"):
        for method in ("GET", "POST", "PUT"):
            reply = send(waiting(server), posted, method, Host=host)
            assert (reply.status, list(reply.content)) == (403, ["error"])
            assert f"host '{host}' is not this machine; ?host=NAME" in reply.content["error"]
        assert status("named", host) == 403
    for host in ("localhost", "127.0.0.1:1", "192.0.2.7:8080", "[::1]", socket.gethostname()):
        assert status("plant", host) == 200
    assert status("named", "tank.example:80", "GET") == status("named", "gateway", "GET") == 200
    assert status("plant", "gateway") == 403
    assert status("locked", "evil.example", "GET", token="s3cret") == 200
    assert status("locked", "evil.example", "GET") == 401
    server.wait_for_log("plant: 127.0.0.1 is turned away: host 'evil.example' is not this machine")
