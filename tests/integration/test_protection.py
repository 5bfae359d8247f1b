"""What the options of a network link keep away: `max_clients`, `idle`, `allow`, `readonly`."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.documents import document, printing
from support.server import LOCALHOST, Server
from support.waiting import eventually
from support.wire import Client, frame, write_register_pdu

TICK = 0.1  # between connecting and measuring, at the most

Listen = Callable[[str], Server]


@pytest.fixture
def listening(serve: Callable[..., Server], script: Callable[..., Path]) -> Listen:
    """Starts a server of one holding register, 7, with options of its link."""
    path = script(printing(document(holding=[7], interval=60_000)))
    return lambda options, url=LOCALHOST: serve(path, listen=url + options)


def test_who_is_not_allowed_is_turned_away(listening: Listen) -> None:
    server = listening("?allow=10.0.0.0/8,192.0.2.7")
    for _ in range(3):
        with Client(server.port) as client:
            assert client.is_closed()

    server.wait_for_log(r"WARNING .*: 127\.0\.0\.1 is not allowed, and turned away")
    assert server.stop()[0] == 0
    assert len(server.logged("not allowed")) == 1


def test_who_is_allowed_is_answered(listening: Listen) -> None:
    server = listening("?allow=10.0.0.0/8,127.0.0.1")
    with Client(server.port) as client:
        assert client.holding() == [7]


def test_readonly_refuses_writes_and_answers_reads(listening: Listen) -> None:
    server = listening("?readonly=true")
    with Client(server.port) as client:
        for pdu in (
            write_register_pdu(0, 9),
            b"\x05\0\0\xff\0",
            b"\x0f\0\0\0\1\1\1",
            b"\x10\0\0\0\1\2\0\x09",
        ):
            assert client.ask(pdu) == bytes((0x80 | pdu[0], 1))
        assert client.holding() == [7]


def test_one_link_may_be_readonly_and_another_not(listening: Listen) -> None:
    server = listening("?readonly=true&max_clients=1")
    assert server.port
    writable = listening("")
    with Client(writable.port) as client:
        assert client.ask(write_register_pdu(0, 9)) == write_register_pdu(0, 9)
        assert client.holding() == [9]


def test_a_client_too_many_is_turned_away_until_one_has_left(listening: Listen) -> None:
    server = listening("?max_clients=2")
    with ExitStack() as stack:
        first, second = (stack.enter_context(Client(server.port)) for _ in range(2))
        assert first.holding() == second.holding() == [7]
        with Client(server.port) as third:
            assert third.is_closed()
        server.wait_for_log("WARNING .* has 2 clients, more are turned away")
        assert first.holding() == second.holding() == [7]

        second.socket.close()
        eventually(lambda: _is_answered(server), "a place for a new client")
        assert first.holding() == [7]


def _is_answered(server: Server) -> bool:
    with Client(server.port) as client:
        try:
            return client.holding() == [7]
        except (EOFError, ConnectionError):
            return False


def test_who_never_asks_loses_the_place_to_who_comes(listening: Listen) -> None:
    server = listening("?max_clients=2")
    with Client(server.port) as asking, Client(server.port) as silent:
        assert asking.holding() == [7]
        eventually(lambda: _is_answered(server), "the place of the silent one")
        assert silent.is_closed()
        assert asking.holding() == [7]


def test_who_idles_is_parted_from_and_who_asks_is_not(listening: Listen) -> None:
    server = listening("?idle=500ms")
    with Client(server.port) as busy, Client(server.port) as idle, Client(server.port) as silent:
        started = time.monotonic()
        idle.socket.settimeout(0.05)
        for byte in frame(1, bytes(200)):  # which it never gets to the end of
            idle.send(bytes((byte,)))
            assert busy.holding() == [7]
            if _has_closed(idle):
                break
        else:
            pytest.fail("a byte now and then is no request")
        assert time.monotonic() - started >= 0.5 - TICK
        assert silent.is_closed()
        assert busy.holding() == [7]


def _has_closed(client: Client) -> bool:
    try:
        return client.is_closed()
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    ("options", "url", "warns"),
    [
        ("", "tcp://0.0.0.0:0", True),
        ("?allow=127.0.0.0/8", "tcp://0.0.0.0:0", False),
        ("", "tcp://localhost:0", False),
    ],
)
def test_what_anybody_can_reach_is_warned_of(
    listening: Listen, options: str, url: str, warns: bool
) -> None:
    server = listening(options, url)
    server.wait_for_log("listening on tcp://")

    warnings = server.logged(r"WARNING tcp://0\.0\.0\.0:\d+ is open to everyone")
    assert len(warnings) == warns
    assert len(server.logged("WARNING")) == warns
