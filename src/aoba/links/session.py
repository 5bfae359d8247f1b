"""One connection: bytes in, bytes out. No I/O; the link moves the bytes.

`feed` takes what the client sent, `answers` gives what goes back, in the order of the requests and
each under its own transaction id. The work of one call of `answers` is bounded, so that a client
that sends a thousand requests at once does not keep the others waiting.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from aoba.errors import FrameError
from aoba.modbus.answer import answer
from aoba.modbus.client import Client
from aoba.modbus.mbap import Frame, FrameReader
from aoba.modbus.pdu import exception
from aoba.modbus.spec import ANY_UNIT_IDS, ExceptionCode
from aoba.modbus.station import Station

MAX_REQUESTS: Final = 64
"""Requests answered in one call, some 16 KiB of answers at the most."""


class Session(Protocol):
    """What a link needs of a session."""

    error: FrameError | None
    """Why no further byte of this client can be trusted."""
    more: bool
    """Whether `answers` is to be called again before more is fed."""

    def feed(self, data: bytes) -> None: ...

    def answers(self) -> bytes:
        """Answer the next requests, a bounded number of them; empty where nothing goes back."""
        ...


class MbapSession:
    """Answers MBAP frames out of `stations`, which has a station for each unit id."""

    def __init__(self, stations: Mapping[int, Station], client: Client) -> None:
        self._stations = stations
        self._client = client
        self._frames = FrameReader()
        self.error: FrameError | None = None
        self.more = False

    def feed(self, data: bytes) -> None:
        self._frames.feed(data)

    def answers(self) -> bytes:
        """Answer the next requests, at most MAX_REQUESTS, and say in `more` if some may be left.

        Sets `error` where the stream is broken; what stood before it is answered still.
        """
        answers: list[bytes] = []
        try:
            while len(answers) < MAX_REQUESTS and (frame := self._frames.next_frame()):
                pdu = self._answer(frame)
                answers.append(frame.response(pdu) if pdu else b"")
        except FrameError as error:
            self.error = error
        self.more = len(answers) == MAX_REQUESTS
        return b"".join(answers)

    def _answer(self, frame: Frame) -> bytes:
        """The response PDU; empty where there is none, since the client asked us to listen only."""
        station = self._stations.get(frame.unit)
        if station is None and frame.unit in ANY_UNIT_IDS and len(self._stations) == 1:
            (station,) = self._stations.values()
        if station is None:
            self._client.port.overheard()
            return exception(frame.pdu[0], ExceptionCode.GATEWAY_TARGET_FAILED_TO_RESPOND)
        return answer(station, frame.pdu, self._client)
