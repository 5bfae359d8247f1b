"""Clients that do all that a link logs, as often as they can, from as many hosts as there are."""

import itertools
import os
import random
import socket
import struct
import subprocess
import tempfile
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from floods import Flood, Target

_numbers = itertools.count()
_hosts = itertools.cycle(f"127.0.{i}.{j}" for i in range(4) for j in range(1, 250))
_ptys: list[int] = []


def frame(pdu: bytes, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", 1, 0, 1 + len(pdu), unit) + pdu


def read(address: int) -> bytes:
    return struct.pack(">BHH", 3, address, 1)


@contextmanager
def client(target: Target, host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.settimeout(5)
        connection.bind((host, 0))
        connection.connect(("127.0.0.1", target.port))
        yield connection


def twenty_good_frames_and_a_bad_one(target: Target) -> None:
    bad = struct.pack(">HHHB", 1, 0, random.randrange(255, 65536), 1)
    with client(target) as connection:
        connection.sendall(b"".join(frame(read(0)) for _ in range(20)) + bad)
        while connection.recv(4096):
            pass


def from_many_hosts(step: Callable[[Target, str], None]) -> Callable[[Target], None]:
    return lambda target: step(target, next(_hosts))


def bad_lengths(target: Target, host: str) -> None:
    with client(target, host) as connection:
        connection.sendall(struct.pack(">HHHB", 1, 0, random.randrange(255, 65536), 1))
        connection.recv(1)


def refused_requests(target: Target, host: str) -> None:
    with client(target, host) as connection:
        requests = [frame(read(9), i % 256) + frame(bytes((i % 100 + 20,)), 1) for i in range(256)]
        connection.sendall(b"".join(requests))
        connection.recv(4096)


def other_protocols(target: Target, host: str) -> None:
    for data in (b"GET / HTTP/1.1\r\n\r\n", b":010300000001FB\r\n", b"\x16\x03\x01\0\1\1\1\1"):
        with client(target, host) as connection:
            connection.sendall(data)
            connection.recv(1)


def connections(target: Target, host: str) -> None:
    with client(target, host) as connection, suppress(OSError):
        connection.recv(1)


def silent_connections(target: Target, host: str) -> None:
    with client(target, host):
        pass


def noise(target: Target, host: str) -> None:
    with client(target, host) as connection:
        connection.settimeout(0.1)  # the server waits for a pause
        connection.sendall(random.randbytes(200))
        connection.recv(300)


def datagrams(target: Target, host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.bind((host, 0))
        for size in range(1, 100):
            connection.sendto(random.randbytes(size), ("127.0.0.1", target.port))
            connection.sendto(frame(read(size), size), ("127.0.0.1", target.port))


def writes(target: Target, host: str) -> None:
    """Which the script undoes with its next document."""
    with client(target, host) as connection:
        for unit in (1, 2):
            value = next(_numbers) % 60_000 + 9
            connection.sendall(frame(struct.pack(">BHH", 6, 0, value), unit))
            connection.recv(300)


def handshakes(target: Target, host: str) -> None:
    with client(target, host) as connection, suppress(OSError):
        connection.sendall(b"\x16\x03\x01\0\x05" + random.randbytes(5))
        connection.recv(10)


def certificate() -> str:
    """`cert=...&key=...` of a certificate made for this."""
    folder = Path(tempfile.mkdtemp())
    subject = ("-nodes", "-subj", "/CN=a", "-keyout", "key", "-out", "cert")
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return f"cert={folder}/cert&key={folder}/key"


def pseudo_terminal() -> str:
    ours, theirs = os.openpty()
    tty.setraw(ours)
    os.set_blocking(ours, False)
    _ptys[:] = ours, theirs
    return os.ttyname(theirs)


def close_pseudo_terminal() -> None:
    for descriptor in _ptys:
        os.close(descriptor)
    _ptys.clear()


def noise_on_a_line(_: Target) -> None:
    with suppress(BlockingIOError):
        os.write(_ptys[0], random.randbytes(100))
    with suppress(BlockingIOError):
        os.read(_ptys[0], 4096)


def listen(url: str, *more: str) -> tuple[str, ...]:
    return ("--listen", url, *more)


TCP = "tcp://127.0.0.1:0"

FLOODS = [
    Flood("20 good frames and a bad one", twenty_good_frames_and_a_bad_one),
    Flood("bad lengths, many hosts", from_many_hosts(bad_lengths)),
    Flood("refused requests, many hosts", from_many_hosts(refused_requests)),
    Flood("other protocols, many hosts", from_many_hosts(other_protocols)),
    Flood(
        "a link that is full", from_many_hosts(connections), options=listen(f"{TCP}?max_clients=1")
    ),
    Flood(
        "hosts that are not allowed",
        from_many_hosts(connections),
        options=listen(f"{TCP}?allow=10.0.0.0/8"),
    ),
    Flood("writes that are undone, many hosts", from_many_hosts(writes)),
    Flood(
        "noise in RTU over TCP, many hosts",
        from_many_hosts(noise),
        options=listen("rtu+tcp://127.0.0.1:0"),
    ),
    Flood("datagrams, many hosts", from_many_hosts(datagrams), options=listen("udp://127.0.0.1:0")),
    Flood(
        "broken handshakes, many hosts",
        from_many_hosts(handshakes),
        options=listen("tls://127.0.0.1:0?{place}"),
        prepare=certificate,
    ),
    Flood(
        "noise on a serial line",
        noise_on_a_line,
        options=listen("rtu://{place}"),
        prepare=pseudo_terminal,
        finish=close_pseudo_terminal,
    ),
]
