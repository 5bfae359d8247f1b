"""Traffic in the log: all of it with `--trace`, the last of it where something goes wrong.

A `TracingHistory` is the `FrameHistory` of one connection or line. It tells, once for each host, of
what is no good frame, with the frames before it, and of requests that are refused; and with
`--trace`, of each request with its answer:

    app      in words
    frame    and each frame in hexadecimal, or as text on an ASCII line
    bytes    and all bytes, as they come and go

`->` is what came to Aoba, `<-` what it sent, `--` what passed between others on the line. Requests
are served without a look at the level: who is traced has a history that tells, and no answers from
memory.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Final, cast

from aoba.links.link_log import LinkLog
from aoba.links.protocols import foreign_words
from aoba.links.serial_session import SerialSession
from aoba.links.session import MbapSession, Session
from aoba.logs.trace_level import TraceLevel
from aoba.modbus.describe import overheard_words, request_words, response_words
from aoba.modbus.foreign import protocol_of
from aoba.modbus.frame_history import FRAMES, Entry, FrameHistory, Framing, in_hex
from aoba.modbus.peer import Peer
from aoba.modbus.pending import Pending
from aoba.modbus.refusal import kind, refusal_words

BROKEN: Final = 260
"""Bytes shown of what is no frame: as long as the longest frame."""

_CAME: Final = "->"
_WENT: Final = "<-"
_PASSED: Final = "--"


class TracingHistory(FrameHistory):
    """Tells the log; `level` says how much of what goes well.

    The link of the client is known, so it is to be made when the client is there. `log` is the one
    of its link; unless given, it has one of its own.
    """

    __slots__ = ("_client", "_framing", "_host", "_level", "_link", "_log", "_who")

    def __init__(
        self, client: Peer, framing: Framing, level: TraceLevel, log: LinkLog | None = None
    ) -> None:
        super().__init__()
        # Not the client itself, which has this history: such circles are left to the collector.
        self._client, self._host = client.name, client.host
        self._who = client.host, client.restriction  # roles differ, also those of one host
        self._link = client.counters.name
        self._log = LinkLog(self._link) if log is None else log
        self._framing = framing
        self._level = level
        if level:
            self.add = self._trace

    def broken(self, reason: str, data: bytes) -> None:
        """The frames before are shown once for each host; more may come by the thousand."""
        reason = foreign_words(self._link, protocol_of(data)) or reason
        key = (self._host, reason)
        if not self._log.count(key):
            text = partial(self._first_error, reason, data)
            self._log.tell(text, key, host=self._host, client=self._client)
        elif self._level:
            self._detail(_CAME, f"{reason} | {self._shown(data)}")

    def refused(self, unit: int, pdu: bytes, code: int, reason: Callable[[], str]) -> None:
        key = (*self._who, *kind(unit, pdu, code))
        if not self._log.count_refusal(key):
            text = partial(self._refusal, unit, pdu, code, reason)
            self._log.refusal(text, key, host=self._host, client=self._client)

    def _shown(self, data: bytes) -> str:
        return self._framing.shown(data[:BROKEN]) + (" ..." if len(data) > BROKEN else "")

    def noticed(self, text: str) -> None:
        self._log.tell(f"{self._link}: {text}", client=self._client)

    def _first_error(self, reason: str, data: bytes) -> str:
        """Several lines: what is wrong, and the frames before."""
        lines = list(chain.from_iterable(map(self._lines, self._entries)))[-FRAMES:]
        before = f", after {_frames(len(lines))}" if lines else ""
        told = [self._told(_CAME, f"first error{before}: {reason} | {self._shown(data)}")]
        for arrow, words, frame in lines:
            told.append(self._told(arrow, f"{words} | {self._framing.shown(frame)}"))
        return "\n".join(told)

    def _refusal(self, unit: int, pdu: bytes, code: int, reason: Callable[[], str]) -> str:
        return f"{self._host}: {refusal_words(unit, pdu, code, reason)}"

    def chunk(self, arrow: str, data: bytes) -> None:
        noun = "byte" if len(data) == 1 else "bytes"
        self._detail(arrow, f"{len(data)} {noun} | {in_hex(data)}")

    def _trace(self, entry: Entry) -> None:
        self._entries.append(entry)
        for arrow, words, frame in self._lines(entry):
            shown = f" | {self._framing.shown(frame)}" if self._level >= TraceLevel.FRAME else ""
            self._detail(arrow, words + shown)

    def _lines(self, entry: Entry) -> Iterator[tuple[str, str, bytes]]:
        """Arrow, words and frame of a request and of its answer."""
        request, answer = entry
        unit, pdu = self._framing.parts(request)
        if answer is None:
            yield _PASSED, f"station {unit} {overheard_words(pdu)}", request
            return
        yield _CAME, f"station {unit} {request_words(pdu)}", request
        if answer:
            _, response = self._framing.parts(answer)
            yield _WENT, f"station {unit} {response_words(pdu, response)}", answer

    def _told(self, arrow: str, text: str) -> str:
        return f"{self._link} {self._client} {arrow} {text}"

    def _detail(self, arrow: str, text: str) -> None:
        self._log.detail(self._told(arrow, text), level=logging.INFO, client=self._client)


class _Traced(Session):
    """Stands before a session whose client has a `TracingHistory`: tells the bytes that pass."""

    _client: Peer

    def reply(self, data: bytes) -> None:
        """Have everything fed."""

    def feed(self, data: bytes) -> None:
        _tell(self._client, _CAME, data)
        super().feed(data)  # type: ignore[safe-super]  # of the session behind

    def answers(self) -> bytes:
        answers = super().answers()  # type: ignore[safe-super]
        _tell(self._client, _WENT, answers)
        return answers

    def finish(self, pending: Pending, code: int | None) -> bytes:
        answer = super().finish(pending, code)  # type: ignore[safe-super]
        _tell(self._client, _WENT, answer)
        return answer


class TracedMbapSession(_Traced, MbapSession): ...


class TracedSerialSession(_Traced, SerialSession): ...


def _frames(count: int) -> str:
    return "this frame" if count == 1 else f"these {count} frames"


def _tell(client: Peer, arrow: str, data: bytes) -> None:
    if data:
        cast("TracingHistory", client.history).chunk(arrow, data)
