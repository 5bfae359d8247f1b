"""One serial line, or a connection that speaks like one: bytes in, bytes out, and gaps.

Serial rules hold: a unit that is not ours is somebody else's business, so nothing is said; unit 0
is everybody, who carry out what they are told, and say nothing.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from aoba.links.session import MAX_REQUESTS, Session
from aoba.modbus.answer import answer, broadcast
from aoba.modbus.client import Client
from aoba.modbus.rtu import BROADCAST, Request
from aoba.modbus.station import Station


class Reader(Protocol):
    """What finds the requests for us in a framing."""

    @property
    def waiting(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    def next_request(self) -> Request | None: ...

    def gap(self) -> None: ...


class SerialSession(Session):
    """Answers what `reader` finds out of `stations`, in frames that `encode` makes.

    With `echo`, the line gives back what is sent on it, and that is passed over.
    """

    error = None  # a bus is never given up

    def __init__(
        self,
        stations: Mapping[int, Station],
        client: Client,
        reader: Reader,
        encode: Callable[[int, bytes], bytes],
        *,
        echo: bool = False,
    ) -> None:
        self._stations = stations
        self._client = client
        self._reader = reader
        self._encode = encode
        self._echo = echo
        self._sent = b""
        self.more = False

    @property
    def waiting(self) -> bool:
        """Whether `gap` is to be called when nothing more comes."""
        return self._reader.waiting

    def feed(self, data: bytes) -> None:
        self._reader.feed(self._without_echo(data) if self._sent else data)

    def gap(self) -> None:
        """Nothing came for as long as a frame may pause; call `answers` next."""
        self._sent = b""
        self._reader.gap()

    def answers(self) -> bytes:
        """Answer the next requests, at most MAX_REQUESTS, and say in `more` if some may be left."""
        answers = b""
        for _ in range(MAX_REQUESTS):
            request = self._reader.next_request()
            if request is None:
                self.more = False
                break
            answers += self._answer(request)
        else:
            self.more = True
        if self._echo:
            self._sent += answers
        return answers

    def _answer(self, request: Request) -> bytes:
        unit, pdu = request
        if unit == BROADCAST:
            broadcast(self._stations.values(), pdu, self._client)
            response = b""
        else:
            response = answer(self._stations[unit], pdu, self._client)
        frame = self._encode(unit, response) if response else b""
        self._client.record.remember((self._encode(unit, pdu), frame))
        return frame

    def _without_echo(self, data: bytes) -> bytes:
        expected = self._sent[: len(data)]
        if not data.startswith(expected):
            self._sent = b""  # somebody talked at the same time
            return data
        self._sent = self._sent[len(expected) :]
        return data[len(expected) :]
