"""The worker process: calls functions for Aoba, each in a thread of its own.

    python process.py PATH [PATH ...]      with a socket for stdin; `sys.path` becomes these

Standard library only, and little of that, for a quick start. Whatever comes or goes on the socket
is a header and a pickle: of a function and its arguments, or of what that has returned or raised.
A function that returns an `Opened` has opened a descriptor for Aoba, which is sent it.

The process ends with the socket, which Aoba's end closes, however Aoba ends.
"""

import os
import pickle
import signal
import socket
import struct
import sys
import threading
from typing import Any, Final, NamedTuple

HEADER: Final = struct.Struct("!QBI")
"""Number of the call, kind of what follows, and how many bytes it has."""

RETURNED: Final = 0
RAISED: Final = 1
OPENED: Final = 2
"""Comes with a descriptor."""

STACK: Final = 512 * 1024
"""Bytes for a thread: there may be one for each file of a file system that hangs."""


class Opened(NamedTuple):
    descriptor: int
    """That is handed to Aoba, and closed here."""
    about: Any


class Worker:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def serve(self) -> None:
        """Until the socket ends."""
        while header := self._receive(HEADER.size):
            number, _, size = HEADER.unpack(header)
            arguments = number, self._receive(size)
            try:
                threading.Thread(target=self._answer, args=arguments, daemon=True).start()
            except RuntimeError as error:  # no more threads are to be had
                self._send(number, RAISED, OSError(None, str(error)))

    def _receive(self, size: int) -> bytes:
        """So many bytes; fewer only where the socket has ended."""
        data = b""
        while len(data) < size:
            try:
                more = self._connection.recv(size - len(data))
            except ConnectionResetError:
                return b""
            if not more:
                return b""
            data += more
        return data

    def _answer(self, number: int, request: bytes) -> None:
        try:
            function, arguments = pickle.loads(request)  # noqa: S301  of Aoba itself
            result = function(*arguments)
        except Exception as error:  # noqa: BLE001  it is Aoba's, which gets it
            self._send(number, RAISED, error)
        else:
            if isinstance(result, Opened):
                self._send(number, OPENED, result.about, result.descriptor)
            else:
                self._send(number, RETURNED, result)

    def _send(self, number: int, kind: int, result: object, *descriptors: int) -> None:
        data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        header = HEADER.pack(number, kind, len(data))
        try:
            with self._sending:
                socket.send_fds(self._connection, [header], descriptors)
                self._connection.sendall(data)
        except OSError:  # Aoba has ended
            pass
        for descriptor in descriptors:
            os.close(descriptor)


def main() -> None:
    sys.path[:] = sys.argv[1:]
    # Those are for Aoba, which decides how long this goes on.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.stack_size(STACK)
    Worker(socket.socket(fileno=0)).serve()
    os._exit(0)  # some thread may hang


if __name__ == "__main__":
    # What is pickled names the module, which is to be this very one.
    sys.modules["aoba.worker.process"] = sys.modules["__main__"]
    main()
