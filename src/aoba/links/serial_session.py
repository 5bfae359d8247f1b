"""One serial line, or a connection that speaks like one: bytes in, bytes out, and gaps.

Serial rules hold: a unit that is not ours is somebody else's business, so nothing is said; unit 0
is everybody, who carry out what they are told, and say nothing.

There are no transaction ids. So when anything comes while a request is pending, whoever asked has
given up on it, and its answer must not be sent any more: it would be taken for that to another one.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from aoba.links.echo import EchoFilter
from aoba.links.session import MAX_REQUESTS, Session
from aoba.modbus.answer import answer, broadcast
from aoba.modbus.peer import Peer
from aoba.modbus.pending import Pending
from aoba.modbus.rtu import BROADCAST, Request
from aoba.modbus.station import Station

ECHO: Final = "the adapter gives back what is sent; that is passed over, as with echo=true"


class Reader(Protocol):
    """What finds the requests for us in a framing."""

    @property
    def waiting(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    def next_request(self) -> Request | None: ...

    def gap(self) -> None: ...


class SerialSession(Session):
    """Answers what `reader` finds out of `stations`, in frames that `encode` makes.

    With `echo`, the line gives back what is sent on it; without, it may turn out to do so. What
    comes back is passed over.
    """

    error = None  # a bus is never given up

    def __init__(
        self,
        stations: Mapping[int, Station],
        client: Peer,
        reader: Reader,
        encode: Callable[[int, bytes], bytes],
        *,
        echo: bool = False,
    ) -> None:
        self._stations = stations
        self._client = client
        self._reader = reader
        self._encode = encode
        self._echo = EchoFilter(self._found_echo, given=echo)
        self._repeats = True  # whether the answers of a turn are what they answer
        self.more = False
        self.pending: Pending | None = None
        self.to_forward: tuple[Pending, ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether `gap` is to be called when nothing more comes."""
        return self._reader.waiting

    @property
    def looks_for_echo(self) -> bool:
        """Whether it is to be called, too, when nothing comes while an echo would have come."""
        return self._echo.waiting

    def feed(self, data: bytes) -> None:
        data = self._echo.received(data)
        if data:
            self._give_up()
        self._reader.feed(data)

    def gap(self) -> None:
        """Nothing came for as long as a frame may pause; call `answers` next."""
        self._reader.feed(self._echo.silence())
        if not self._echo.begun:  # else it was a whole request
            self._reader.gap()

    def answers(self) -> bytes:
        """Answer the next requests, at most MAX_REQUESTS, and say in `more` if some may be left."""
        if self._echo.probe:
            probe, self._echo.probe = self._echo.probe, b""
            return probe
        answers = b""
        for _ in range(MAX_REQUESTS):
            request = self._reader.next_request()
            if request is None:
                self.more = False
                break
            self._give_up()
            answers += self._answer(request)
        else:
            self.more = True
        return self._noted(answers)

    def finish(self, pending: Pending, code: int | None) -> bytes:
        if pending is not self.pending:
            pending.settle(code)
            return b""
        self.pending = None
        return self._noted(self._framed(pending.unit, pending.pdu, pending.finish(code)))

    def _answer(self, request: Request) -> bytes:
        unit, pdu = request
        if unit == BROADCAST:
            self.to_forward += tuple(broadcast(self._stations.values(), pdu, self._client))
            return self._framed(unit, pdu, b"")
        response = answer(self._stations[unit], pdu, self._client)
        if isinstance(response, Pending):
            self.pending = response
            self.to_forward += (response,)
            return b""
        return self._framed(unit, pdu, response)

    def _give_up(self) -> None:
        """Leave what is pending without an answer; what is passed on goes its way."""
        if self.pending:
            self._client.counters.kept_silent(done=False)
            self._framed(self.pending.unit, self.pending.pdu, b"")
            self.pending = None

    def _noted(self, answers: bytes) -> bytes:
        if not answers:
            return b""
        self._echo.sent(answers, repeats=self._repeats)
        self._repeats = True
        begun, self._echo.begun = self._echo.begun, b""
        return answers.removeprefix(begun)

    def _framed(self, unit: int, pdu: bytes, response: bytes) -> bytes:
        """The frame of `response`, empty where there is none, which is remembered."""
        frame = self._encode(unit, response) if response else b""
        self._repeats = self._repeats and (response == pdu or not response)
        self._client.history.add((self._encode(unit, pdu), frame))
        return frame

    def _found_echo(self) -> None:
        self._client.history.noticed(ECHO)
