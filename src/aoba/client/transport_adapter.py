"""Between a transport and who asks: requests go out, frames come in, and how it ends is told.

Of what comes, only the answer to the present request gets through, as `ChannelState` tells it from
others; what else comes is noted with the request. Whoever waits is woken by each of these, and
looks for what it is waiting for.
"""

import asyncio
import math
import time
from typing import Any, Final

from aoba.client.answers import NO_STRAY, AnswerReader, Frame, Stray
from aoba.client.came import Came
from aoba.client.channel_state import ChannelState
from aoba.client.echo import Kind
from aoba.endpoints.device import SerialUrl
from aoba.errors import Unasked
from aoba.links.frame_timeout import FrameTimeout
from aoba.modbus.mismatch import may_be_its_own_answer

MAX_UNASKED: Final = 64 * 1024
"""Bytes that may come over a network after a request, or instead of one; then it is given up."""


class Request:
    """One that is being made; the adapter notes what comes of it."""

    __slots__ = (
        "adu",
        "answer",
        "came",
        "is_damaged",
        "is_doubtful",
        "is_sent",
        "pdu",
        "transaction",
        "unit",
    )

    def __init__(self, unit: int, pdu: bytes, adu: bytes, transaction: int) -> None:
        self.unit, self.pdu, self.adu = unit, pdu, adu
        self.transaction = transaction
        self.came = Came(unit, pdu, transaction)
        self.answer: Frame | None = None
        self.is_sent = False
        self.is_doubtful = False
        """Whether the answer may be nothing but the request, given back by an adapter."""
        self.is_damaged = False
        """Whether the answer to its newest try has come, though not as it was sent."""


class TransportAdapter(asyncio.Protocol, asyncio.DatagramProtocol):
    """A frame may pause for `gap` seconds."""

    def __init__(self, state: ChannelState, gap: float) -> None:
        self._state = state
        self._reader: AnswerReader = state.reader()
        self._gap = FrameTimeout(gap, self._on_gap)
        self._transport: Any = None
        self._write: Any = None
        self._request: Request | None = None
        self._is_network = not isinstance(state.target, SerialUrl)
        self._received = 0  # bytes since a request was sent
        self._sleeper: asyncio.Future[None] | None = None
        self.heard_at = -math.inf
        """When something has come last, of `time.monotonic`; before that, long ago."""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        """Done when the connection is; its result is why, as far as that is known."""

    @property
    def unfinished(self) -> Stray:
        """What has come that may still become a frame, if more comes."""
        return self._reader.unfinished

    def begin(self, unit: int, pdu: bytes) -> Request:
        """A request, of which this is the present one until `end`."""
        transaction = self._state.matcher.asks(unit, pdu)
        adu = self._reader.encode(unit, pdu, transaction)
        self._state.echo.asks()
        self._request = Request(unit, pdu, adu, transaction)
        return self._request

    def end(self) -> None:
        self._state.matcher.done()
        self._request = None

    def send(self, request: Request, timeout: float) -> None:
        """Send it, to be answered within `timeout` seconds, for the first time or again."""
        state = self._state
        request.is_damaged = False
        self._received = 0
        state.matcher.sent(timeout, time.monotonic())
        state.echo.sent()
        self._reader.expect(request.adu, echo=state.echo.is_possible)
        self._note_stray()
        if not request.is_sent:  # what came before says nothing about it
            request.came = Came(request.unit, request.pdu, request.transaction)
            request.is_sent = True
        self._write(request.adu)
        if state.trace:
            state.trace.request(request.unit, request.pdu, request.adu)

    async def sleep(self, seconds: float) -> None:
        """Until something has come, the connection is lost, or so much time has passed."""
        loop = asyncio.get_running_loop()
        self._sleeper = sleeper = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleeper = None

    async def sleep_for(self, seconds: float) -> None:
        """Until so much time has passed, or the connection is lost."""
        ends = time.monotonic() + seconds
        while not self.lost.done() and (left := ends - time.monotonic()) > 0:
            await self.sleep(left)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def abort(self, reason: Exception) -> None:
        """End it at once, for this reason."""
        self._end(reason)
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._write = transport.sendto if hasattr(transport, "sendto") else self._transport.write
        self._state.matcher.connected(time.monotonic())

    def data_received(self, data: bytes) -> None:
        if not self._feed(data):
            return
        self._read()
        self._gap.watch(waiting=self._reader.waiting)

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002  it is connected
        if not self._feed(data):
            return
        self._read()
        self._reader.clear()  # frames do not go on in the next one
        self._note_stray()

    def error_received(self, exc: Exception) -> None:
        """Of UDP: the other side says that nobody listens."""
        self._end(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gap.cancel()
        self._state.matcher.disconnected()
        if self._state.trace:
            self._state.trace.pause()
        self._end(exc)

    def _feed(self, data: bytes) -> bool:
        """False where so much has come that the connection is given up."""
        self.heard_at = time.monotonic()
        self._received += len(data)
        if self._is_network and self._received > MAX_UNASKED:
            if not self.lost.done():  # of a datagram that was under way already
                kib = MAX_UNASKED // 1024
                self.abort(Unasked(f"{self._state.target}: more than {kib} KiB came unasked"))
            return False
        if self._state.trace:
            self._state.trace.received(data)
        self._reader.feed(data)
        return True

    def _on_gap(self) -> None:
        self._reader.gap()
        self._read()

    def _read(self) -> None:
        while frame := self._reader.next_frame():
            self._take(frame)
        if self._reader.damaged:
            self._take_damaged()
        self._note_stray()

    def _take(self, frame: Frame) -> None:
        request, state = self._request, self._state
        is_same = request is not None and frame.adu == request.adu
        kind = Kind.ANSWER
        if request and is_same:
            kind = state.echo.came_back(may_be_answer=may_be_its_own_answer(request.pdu))
            if kind is Kind.ECHO:
                request.came.echo = not state.echo.is_expected
                self._tell("what was sent comes back", frame)
                self._wake()
                return
        if not state.matcher.is_answer(frame, time.monotonic()) or request is None:
            self._take_other(request, frame)
        elif request.answer is None:
            request.answer, request.is_doubtful = frame, kind is Kind.DOUBTFUL
            if not is_same:
                state.echo.answered()
            if state.trace:
                state.trace.answer(request.pdu, frame)
        self._wake()

    def _take_other(self, request: Request | None, frame: Frame) -> None:
        if request and not self._state.matcher.was_late:
            request.came.frame(frame)
        self._tell("late, or not asked for", frame)

    def _take_damaged(self) -> None:
        self._reader.damaged = False
        if request := self._request:
            request.came.damaged = self._reader.checksum
            request.is_damaged = True
            self._state.matcher.damaged(time.monotonic())
        self._wake()

    def _note_stray(self) -> None:
        stray, self._reader.stray = self._reader.stray, NO_STRAY
        if not stray.size:
            return
        if self._request:
            self._request.came.stray = self._request.came.stray.and_then(stray)
        if self._state.trace:
            self._state.trace.stray(stray)

    def _tell(self, what: str, frame: Frame) -> None:
        if self._state.trace:
            self._state.trace.other(what, frame)

    def _end(self, reason: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        self._wake()

    def _wake(self) -> None:
        if self._sleeper and not self._sleeper.done():
            self._sleeper.set_result(None)
