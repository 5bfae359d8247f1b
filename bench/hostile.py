"""Brokers and posters that send too much, each in a process of its own: run by `promises.py`.

hostile.py broker large|messages     prints its port; sends that to whoever has subscribed
hostile.py posters PORT SESSIONS SECONDS     prints how many posts were answered, and lost
hostile.py slow PORT COUNT                   bodies that begin with a megabyte, and crawl
"""

import asyncio
import json
import os
import socket
import struct
import sys
import time

DOCUMENT = json.dumps(
    [
        {
            "id": 1,
            "mode": "master",
            "map": {"holding": [{"address_start": 0, "initial_values": list(range(10))}]},
        }
    ]
).encode()
MIB = 1024 * 1024
LARGEST = 2**28 - 1  # bytes of a packet (MQTT 3.1.1, section 2.2.3)


def main() -> None:
    os.nice(19)  # they are to take the time of the server, not that of the processor
    what, *rest = sys.argv[1:]
    if what == "broker":
        broker(rest[0])
    elif what == "posters":
        asyncio.run(posters(int(rest[0]), int(rest[1]), float(rest[2])))
    else:
        slow(int(rest[0]), int(rest[1]))


def publish(payload: bytes) -> bytes:
    """A message for the topic `t` (section 3.3)."""
    return begin(3 + len(payload)) + payload


def begin(length: int) -> bytes:
    head = bytearray(b"\x30")
    left = length
    while left >= 128:
        head.append(left % 128 | 128)
        left //= 128
    head.append(left)
    return bytes(head) + struct.pack(">H", 1) + b"t"


def broker(what: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"\x20\x02\x00\x00")  # CONNACK: accepted (section 3.2)
            connection.recv(65536)
            connection.sendall(b"\x90\x03\x00\x01\x01")  # SUBACK: QoS 1 (section 3.9)
            connection.sendall(publish(DOCUMENT))
            time.sleep(1.5)
            try:
                flood(connection, what)
            except ConnectionError:  # the server is stopped
                return


def flood(connection: socket.socket, what: str) -> None:
    block = publish(DOCUMENT) * 500
    while True:
        if what == "large":
            connection.sendall(begin(LARGEST))
            for _ in range(LARGEST // MIB):
                connection.sendall(bytes(MIB))
            connection.sendall(bytes(LARGEST % MIB - 3))
        connection.sendall(block)


async def posters(port: int, sessions: int, seconds: float) -> None:
    ends = time.monotonic() + seconds
    head = f"POST /plant HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(DOCUMENT)}\r\n\r\n"
    request = head.encode() + DOCUMENT
    answered = lost = 0

    async def session() -> None:
        nonlocal answered, lost
        reader = writer = None
        while time.monotonic() < ends:
            try:
                async with asyncio.timeout(10):
                    if reader is None or writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(request)
                    lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                    await reader.readuntil(b"}\n")
                answered += b" 200 " in lines[0]
                lost += b" 200 " not in lines[0]
                if b"connection: close" in lines:
                    writer.close()
                    reader = writer = None
            except (OSError, EOFError):
                lost += 1
                reader = writer = None

    await asyncio.gather(*(session() for _ in range(sessions)))
    print(answered, lost)


def slow(port: int, count: int) -> None:
    head = b"POST /plant HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16000000\r\n\r\n"
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setblocking(False)
        connections.append((connection, bytearray(head + bytes(MIB))))
    while True:
        for connection, unsent in connections:
            try:
                del unsent[: connection.send(unsent or b" ")]
            except OSError:  # it is full, or was closed
                continue
        time.sleep(0.05)


if __name__ == "__main__":
    main()
