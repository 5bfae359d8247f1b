"""A Modbus TCP device that does what a test tells it to; a thread of this process."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final, Self

SILENCE: Final = b""


def frame(request: bytes, pdu: bytes) -> bytes:
    """`pdu` with the header that belongs to `request`."""
    return request[:4] + struct.pack(">HB", 1 + len(pdu), request[6]) + pdu


class Misbehaving:
    """Use as a context manager.

    `answer` makes of a request, header included, what is sent; None hangs up.
    """

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.opened_at: list[float] = []
        """When each of them was, of `time.monotonic`."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                self.connections += 1
                self.opened_at.append(time.monotonic())
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while request := client.recv(300):
                answer = self._answer(request)
                if answer is None:
                    return
                client.sendall(answer)
