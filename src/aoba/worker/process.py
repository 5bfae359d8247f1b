"""The worker process: calls functions for Aoba, each in a thread of its own.

    python process.py PATH [PATH ...]      with a socket for stdin; `sys.path` becomes these

Standard library only, and little of that, for a quick start. Whatever comes or goes on the socket
is a header and a pickle: of a function and its arguments, or of what that has returned or raised.
A function that returns an `Opened` has opened a descriptor for Aoba, which is sent it.

The process ends with the socket, which Aoba's end closes, however Aoba ends. Where Aoba has not
said goodbye before, it was killed: then what it has left running is ended.
"""

import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any, Final, NamedTuple

HEADER: Final = struct.Struct("!QBI")
"""Number of the call, kind of what follows, and how many bytes it has."""

RETURNED: Final = 0
RAISED: Final = 1
OPENED: Final = 2
"""Comes with a descriptor."""

GOODBYE: Final = HEADER.pack(0, 3, 0)
"""Comes last, where Aoba ends as it should."""

CLOSE_TIMEOUT: Final = 0.5
"""Seconds from the end of the socket to that of Aoba."""

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

    def serve(self) -> bool:
        """Until the socket ends; whether Aoba has said so before."""
        while header := self._receive(HEADER.size):
            if header == GOODBYE:
                return True
            number, _, size = HEADER.unpack(header)
            arguments = number, self._receive(size)
            try:
                threading.Thread(target=self._answer, args=arguments, daemon=True).start()
            except RuntimeError as error:  # no more threads are to be had
                self._send(number, RAISED, OSError(None, str(error)))
        return False

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
        try:
            data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001  whatever keeps it from being pickled
            for descriptor in descriptors:
                os.close(descriptor)
            why = f"{type(result).__name__} cannot be pickled: {error}"
            self._send(number, RAISED, OSError(None, why))
            return
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
    aoba = os.getppid()
    if not Worker(socket.socket(fileno=0)).serve():
        end_survivors_of(aoba)
    os._exit(0)  # some thread may hang


def end_survivors_of(aoba: int) -> None:
    """Where that process has gone, but not all that it has started."""
    from aoba.orphans.marks import mark_of
    from aoba.orphans.survivors import end_survivors

    deadline = time.monotonic() + CLOSE_TIMEOUT
    while os.getppid() == aoba and time.monotonic() < deadline:
        time.sleep(CLOSE_TIMEOUT / 50)
    mark = mark_of(os.getpid())
    if mark is not None and os.getppid() != aoba:
        end_survivors(mark.aoba)


if __name__ == "__main__":
    # What is pickled names the module, which is to be this very one.
    sys.modules["aoba.worker.process"] = sys.modules["__main__"]
    main()
