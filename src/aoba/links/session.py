"""One connection: bytes in, bytes out. No I/O; the link moves the bytes.

`feed` takes what the client sent, `answers` gives what goes back, in the order of the requests and
each under its own transaction id. The work of one call of `answers` is bounded, so that a client
that sends a thousand requests at once does not keep the others waiting.

Where a request has to wait for a device, it is `pending`, and nothing of its client is answered
before it. The link takes what is `to_forward`, has it asked, and tells `finish` what came of it.

Most clients ask for the same again and again. `find` gives the answer to such a request out of a
table, by its bytes. What may be in the table is decided where requests are answered by the rules,
here in `_answer`; see `aoba.modbus.response_cache`.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from aoba.errors import ForeignFrames, FrameError, UnknownUnit
from aoba.links.protocols import foreign_words
from aoba.modbus.answer import answer
from aoba.modbus.foreign import WireProtocol, protocol_of
from aoba.modbus.mbap import (
    BEHIND_ID,
    IN_ONE_FRAME,
    PDU,
    UNIT,
    FrameReader,
    parts,
    response,
)
from aoba.modbus.pdu import exception
from aoba.modbus.peer import Peer
from aoba.modbus.pending import Pending
from aoba.modbus.response_cache import ResponseCache
from aoba.modbus.spec import ANY_UNIT_IDS, RECALLED
from aoba.modbus.station import Station

MAX_REQUESTS: Final = 64
"""Requests answered in one call, some 16 KiB of answers at the most."""


Find = Callable[[bytes], bytes | None]
"""All of a request but its transaction id -> the same of its answer, or None where it is to be fed.

Only for what has come in one piece. Who sends such an answer counts it in the client's port.
"""


def nothing(_: bytes) -> None:
    """Be a `Find` that has nothing."""


class Session(Protocol):
    """What a link needs of a session."""

    error: FrameError | ForeignFrames | None
    """Why no further byte of this client can be trusted."""
    more: bool
    """Whether `answers` is to be called again before more is fed."""
    pending: Pending | None
    """The request that all others of this client wait for."""
    to_forward: tuple[Pending, ...]
    """What the link is to have asked, and to take from here."""

    @property
    def find(self) -> Find:
        """See `Find`; it may be another one after each call of `feed` and `answers`."""
        return nothing

    def reply(self, data: bytes) -> bytes | None:  # noqa: ARG002
        """The answer to a request that has come in one piece, while nothing waits before it.

        Empty where there is none, or none yet. None where `data` is something else: nothing has
        been done then, and it is to be fed. After all but an answer, call `answers` next.
        """
        return None

    def feed(self, data: bytes) -> None: ...

    def answers(self) -> bytes:
        """Answer the next requests, a bounded number of them; empty where nothing goes back."""
        ...

    def finish(self, pending: Pending, code: int | None) -> bytes:
        """The answer, now that devices have answered with `code`; empty where it is out of date.

        Call `answers` next.
        """
        ...


class NullSession(Session):
    """The session of a client that has not said anything."""

    __slots__ = ()
    error = None
    more = False
    pending = None
    to_forward = ()

    def feed(self, data: bytes) -> None:
        raise NotImplementedError

    def answers(self) -> bytes:
        return b""

    def finish(self, pending: Pending, code: int | None) -> bytes:
        raise NotImplementedError


class MbapSession(Session):
    """Answers MBAP frames out of `stations`, which has a station for each unit id.

    `cache` has what sessions of this kind remember; without it, nothing is.
    """

    __slots__ = (
        "_add_to_history",
        "_cache",
        "_client",
        "_frames",
        "_is_between",
        "_is_known",
        "_stations",
        "_waiting",
        "error",
        "find",
        "more",
        "pending",
        "to_forward",
    )

    def __init__(
        self, stations: Mapping[int, Station], client: Peer, cache: ResponseCache | None = None
    ) -> None:
        self._stations = stations
        self._client = client
        self._frames = FrameReader()
        self._add_to_history = client.history.add
        self._is_known = False  # that the client speaks our protocol
        self._is_between = False  # known, and nothing of its requests is left to be done
        self._cache = cache if cache is not None and client.functions >= RECALLED else None
        self.find: Find = nothing if self._cache is None else self._cache.find
        self.error: FrameError | ForeignFrames | None = None
        self.more = False
        self.pending: Pending | None = None
        self.to_forward: tuple[Pending, ...] = ()
        self._waiting: bytes  # the frame that is pending

    def reply(self, data: bytes) -> bytes | None:
        # The latter is `mbap.is_one_frame`, without a call.
        if self._is_between and IN_ONE_FRAME.get(len(data)) == data[BEHIND_ID]:
            return self._answer(data)
        return None

    def feed(self, data: bytes) -> None:
        self._frames.feed(data)
        self._is_between = False  # what comes next may be the middle of a request
        self.find = nothing

    def answers(self) -> bytes:
        """Answer the next requests, at most MAX_REQUESTS, and say in `more` if some may be left.

        Nothing behind a request that is `pending` is answered. Sets `error` where the stream is
        broken; what stood before it is answered still.
        """
        if not self._is_known and (error := self._foreign()):
            self.error = error
            return b""
        answers: list[bytes] = []
        try:
            while (
                self.pending is None
                and len(answers) < MAX_REQUESTS
                and (frame := self._frames.next_frame())
            ):
                answers.append(self._answer(frame))
        except FrameError as error:
            self.error = error
            self._client.history.broken(str(error), self._frames.rest)
        self.more = len(answers) == MAX_REQUESTS and self.pending is None
        self._is_between = self.error is None and self.pending is None and self._frames.is_empty
        if self._cache and self._is_between:
            self.find = nothing if self._client.listen_only else self._cache.find
        return b"".join(answers)

    def finish(self, pending: Pending, code: int | None) -> bytes:
        self.pending = None
        return self._response(self._waiting, pending.finish(code))

    def _answer(self, frame: bytes) -> bytes:
        """The response; empty where there is none yet, or never, if the client asked for that."""
        unit = frame[UNIT]
        station = self._stations.get(unit)
        if station is None and unit in ANY_UNIT_IDS and len(self._stations) == 1:
            (station,) = self._stations.values()
        if station is None:
            return self._turned_down(frame)
        pdu = answer(station, frame[PDU], self._client)
        if type(pdu) is Pending:  # quicker than isinstance
            self.pending, self._waiting = pdu, frame
            self.to_forward = (pdu,)
            self._is_between, self.find = False, nothing
            return b""
        return self._response(frame, pdu)

    def _foreign(self) -> ForeignFrames | None:
        """Whether the client speaks another protocol: asked until it has said anything of ours."""
        data = self._frames.waiting
        protocol = protocol_of(data)
        self._is_known = protocol is WireProtocol.MODBUS_TCP
        words = foreign_words(self._client.counters.name, protocol)
        if not words:
            return None
        self._client.counters.damaged()
        self._client.history.broken(words, data)
        return ForeignFrames(words)

    def _turned_down(self, frame: bytes) -> bytes:
        unit, pdu = parts(frame)
        error = UnknownUnit(unit, self._stations)
        self._client.counters.turned_down(pdu[0], error.code)
        self._client.history.refused(unit, pdu, error.code, error.reason)
        return self._response(frame, exception(pdu[0], error.code))

    def _response(self, request: bytes, pdu: bytes) -> bytes:
        answer = response(request, pdu) if pdu else b""
        self._add_to_history((request, answer))
        if self._cache and pdu and pdu[0] in RECALLED:
            self._cache.keep(request[2:], answer[2:])
        return answer
