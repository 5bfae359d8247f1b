"""A broker that lets everybody in, and then does as a test likes, byte for byte."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from support.documents import document

CONNACK: Final = bytes.fromhex(
    "20 02"  # CONNACK, two bytes follow (section 3.2)
    "00"  # no session
    "00"  # accepted
)
CONNACK_5: Final = bytes.fromhex(
    "20 03"  # CONNACK, three bytes follow (section 3.2 of MQTT 5)
    "00"  # no session
    "00"  # success
    "00"  # no properties
)
SUBACK: Final = bytes.fromhex(
    "90 03"  # SUBACK, three bytes follow (section 3.9)
    "0001"  # packet identifier
    "01"  # QoS 1
)


def publish(topic: str, payload: bytes, qos: int = 0, packet_id: int = 1) -> bytes:
    head = struct.pack(">H", len(topic)) + topic.encode()
    if qos:
        head += struct.pack(">H", packet_id)
    return publish_begin(len(head) + len(payload), qos) + head + payload


def publish_begin(length: int, qos: int = 0) -> bytes:
    """The fixed header (sections 2.1 and 3.3.1)."""
    encoded = bytearray([0x30 | qos << 1])
    while True:
        length, byte = divmod(length, 128)
        encoded.append(byte | (128 if length else 0))
        if not length:
            return bytes(encoded)


def holding(value: int) -> bytes:
    return document(holding=[value]).encode()


class HostileBroker:
    """`does` gets each connection, when somebody has subscribed.

    What comes is read meanwhile, and thrown away.
    """

    def __init__(
        self,
        does: Callable[[socket.socket], None],
        *,
        connack: bytes = CONNACK,
    ) -> None:
        self.connect = b""
        """The packet by which the newest client has introduced itself."""
        self._does, self._connack = does, connack
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator["HostileBroker"]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            for each in (self._listener, *self._connections):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.connect = connection.recv(65536)
            connection.sendall(self._connack)
            connection.recv(65536)
            connection.sendall(SUBACK)
            threading.Thread(target=_throw_away, args=(connection,), daemon=True).start()
            self._does(connection)


def _throw_away(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(1 << 20):
            pass
