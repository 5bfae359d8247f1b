"""Brokers, and those who publish there, that send too much, against one server.

Each test ends with a look at what Modbus clients get meanwhile, and what it cost.
"""

import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.hostile_broker import CONNACK_5, HostileBroker, holding, publish, publish_begin
from support.server import PROC, Server
from support.waiting import eventually
from support.wire import Client

MIB = 1024 * 1024
MOST = 32 * MIB
"""Of memory, that any of this may cost."""
MUCH_SLOWER = 100
"""Times that a Modbus client may wait for an answer; without bounds it is 500 and more."""
SLOW = 0.1
"""Seconds that it may take in any case, on a machine that is busy."""

Serve = Callable[..., Server]


def answer_times(port: int, count: int = 100) -> list[float]:
    with Client(port) as client:
        times = []
        for _ in range(count):
            begun = time.perf_counter()
            client.holding()
            times.append(time.perf_counter() - begun)
        return times


@contextmanager
def attacked(serve: Serve, does: Callable[[socket.socket], None]) -> Iterator[Server]:
    """A server whose broker does so after it has published one document.

    At the end, Modbus clients are answered, in a time that is not out of all proportion.
    """
    go = threading.Event()

    def when_told(connection: socket.socket) -> None:
        connection.sendall(publish("a", holding(1)))
        go.wait()
        does(connection)

    with HostileBroker(when_told).running() as broker:
        server = serve(f"{broker.url}/#?qos=1")
        at_rest = statistics.median(answer_times(server.port))
        before = server.rss() if PROC else 0
        go.set()
        yield server
        under_attack = statistics.median(answer_times(server.port))
        assert under_attack < max(MUCH_SLOWER * at_rest, SLOW)
        if PROC:
            assert server.peak_rss() < before + MOST


def serves(server: Server, value: int) -> None:
    with Client(server.port) as client:
        eventually(lambda: client.holding() == [value], f"{value} being served")


def test_the_largest_message_there_can_be_is_passed_over(serve: Serve) -> None:
    def does(connection: socket.socket) -> None:
        size = 2**28 - 1  # section 2.2.3
        connection.sendall(publish_begin(size, qos=1) + b"\x00\x05large" + b"\x00\x07")
        left = size - 9
        while left:
            left -= connection.send(bytes(min(left, MIB)))
        connection.sendall(publish("a", holding(2)))

    with attacked(serve, does) as server:
        serves(server, 2)
        server.wait_for_log(r"#: large: expected 16 MiB at most, got 268435446 bytes$")
        assert not server.logged("closed the connection|Traceback")


def test_a_flood_of_messages(serve: Serve) -> None:
    block = publish("a", holding(1)) * 500

    def does(connection: socket.socket) -> None:
        while True:
            connection.sendall(block)

    with attacked(serve, does) as server:
        server.wait_for_log("messages come faster than they can be taken: some are passed over")


def test_a_flood_of_topics_of_which_each_has_something_to_say(serve: Serve) -> None:
    def does(connection: socket.socket) -> None:
        number = 0
        while True:
            number += 500
            topics = map(str, range(number, number + 500))
            connection.sendall(b"".join(publish(topic, holding(1)) for topic in topics))

    with attacked(serve, does):
        pass


def test_topics_whose_errors_take_turns_do_not_fill_the_log(serve: Serve) -> None:
    errors = (b"no JSON", b"", b"[", holding(70_000), b"{}")

    def does(connection: socket.socket) -> None:
        for number in range(4000):
            payload = errors[number % 5] + b" " * (number % 3)
            connection.sendall(publish(f"t{number % 2}", payload))
        connection.sendall(publish("a", holding(2)))

    with attacked(serve, does) as server:
        serves(server, 2)
        assert len(server.log) < 40


def test_nor_do_topics_without_end(serve: Serve) -> None:
    def does(connection: socket.socket) -> None:
        for number in range(2000):
            connection.sendall(publish(f"{'t' * 60_000}{number}", b"%d" % number))
        connection.sendall(publish("a", holding(2)))

    with attacked(serve, does) as server:
        serves(server, 2)
        assert sum(map(len, server.log)) < MIB


def test_messages_that_are_never_released(serve: Serve) -> None:
    payload = holding(3) + b" " * 50_000

    def does(connection: socket.socket) -> None:
        for number in range(1, 4001):
            connection.sendall(publish("a", payload, 2, number))
        connection.sendall(publish("a", holding(4)))

    with attacked(serve, does) as server:
        serves(server, 4)


def test_a_flood_of_packets_that_are_no_messages(serve: Serve) -> None:
    def does(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"\xd0\x00" * 10_000)  # PINGRESP (section 3.13)

    with attacked(serve, does):
        pass


def test_a_packet_that_is_too_large_and_no_message_ends_the_connection(serve: Serve) -> None:
    def does(connection: socket.socket) -> None:
        connection.sendall(b"\x90\xff\xff\xff\x7f")  # SUBACK

    with attacked(serve, does) as server:
        server.wait_for_log("ERROR .*: what comes is no MQTT; check whether a broker listens there")


def test_a_broker_of_version_5_is_told_how_much_we_take(serve: Serve) -> None:
    def does(connection: socket.socket) -> None:
        connection.sendall(publish("a", b"\x00" + holding(5)))  # no properties

    with HostileBroker(does, connack=CONNACK_5).running() as broker:
        server = serve(f"{broker.url}/a?protocol=5")
        server.wait_for_log("connected to")
    # CONNECT (section 3.1 of MQTT 5): protocol name, version, flags, keep-alive, properties
    assert broker.connect[2:9] == b"\x00\x04MQTT\x05"
    properties = broker.connect[13 : 13 + broker.connect[12]]
    assert b"\x27\x01\x04\x00\x00" in properties  # Maximum Packet Size: 16 MiB + 256 KiB
    assert b"\x21\x01\x00" in properties  # Receive Maximum: 256
