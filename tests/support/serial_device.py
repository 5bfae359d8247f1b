"""A device on a serial line, that answers as late and as wrong as a test tells it to; a thread.

Its registers hold what they are, plus 1000 for each unit id, so that an answer shows what it is to.
"""

import os
import select
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Self

from aoba.modbus.sizes import request_size
from support.lines import Pty, rtu

Sends = Iterable[tuple[float, bytes]]
"""What a device sends: seconds after the request, or after what it sent last, and bytes."""

_UNIT: Final = 1000


def value(unit: int, address: int) -> int:
    return _UNIT * unit + address


def values(unit: int, start: int, count: int) -> list[int]:
    return [value(unit, address) for address in range(start, start + count)]


def good_answer(request: bytes) -> bytes:
    """To a good RTU frame with one of functions 3, 5, 6, 16 or 22; of others, exception 01."""
    unit, pdu = request[0], request[1:-2]
    if pdu[0] == 3:
        start, count = struct.unpack(">HH", pdu[1:5])
        return rtu(unit, struct.pack(f">BB{count}H", 3, 2 * count, *values(unit, start, count)))
    if pdu[0] in (5, 6, 22):
        return request
    return rtu(unit, pdu[:5] if pdu[0] == 16 else bytes((0x80 | pdu[0], 1)))


class SerialDevice:
    """Use as a context manager. `answer` says what is sent for a request.

    It answers one request after the other. With `echo`, the adapter gives back what comes, at once.
    """

    def __init__(self, answer: Callable[[bytes], Sends], *, echo: bool = False) -> None:
        self._answer, self._echo = answer, echo
        self._pty = Pty()
        self._stop = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"rtu://{self._pty.device}"
        self.requests: list[bytes] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stop[1], b"!")
        self._thread.join()
        self._pty.unplug()
        for descriptor in self._stop:
            os.close(descriptor)

    def _serve(self) -> None:
        data, due = b"", deque[tuple[float, bytes]]()
        line, stop = self._pty.ours, self._stop[0]
        while True:
            left = max(0.0, due[0][0] - time.monotonic()) if due else None
            readable, _, _ = select.select([line, stop], [], [], left)
            if stop in readable:
                return
            if line in readable:
                more = os.read(line, 4096)
                data += more
                if self._echo:
                    os.write(line, more)
                while len(data) > 1 and len(data) >= (size := request_size(data, 0)):
                    self._take(data[:size], due)
                    data = data[size:]
            while due and due[0][0] <= time.monotonic():
                os.write(line, due.popleft()[1])

    def _take(self, request: bytes, due: deque[tuple[float, bytes]]) -> None:
        self.requests.append(request)
        at = max(time.monotonic(), due[-1][0] if due else 0.0)
        for seconds, data in self._answer(request):
            at += seconds
            due.append((at, data))


def late(*delays: float) -> Callable[[bytes], Sends]:
    """Good answers, the first ones after so many seconds each, all others at once."""
    left = deque(delays)

    def answer(request: bytes) -> Sends:
        return [(left.popleft() if left else 0.0, good_answer(request))]

    return answer
