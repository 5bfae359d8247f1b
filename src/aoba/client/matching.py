"""Which request an answer belongs to: told by a transaction id, or else by the order.

A device that was silent for as long as it was given may answer all the same, later. With
transaction ids such an answer tells itself what it belongs to. On a serial line, and in RTU frames
over TCP, it looks like the answer to whatever is asked next. So there nothing different is asked of
a station until its late answers can no longer come: as many have come as were asked for, each
repetition of a request being one of them; or it was quiet for `QUIET` timeouts, since the last
request was sent to it and the last answer came. The same request may be repeated meanwhile: any
answer to it is right.

Answers of other stations carry other unit ids. But where a station usually answers, the line is
left to it, since two that talk at the same time destroy each other's frames, and a converter
between answers one after the other. A station that was quiet all the time is taken to be absent.
"""

from collections import deque
from typing import Final, Protocol

from aoba.client.answers import Frame
from aoba.modbus.mismatch import mismatch

QUIET: Final = 3.0
"""Timeouts without a word after which no late answer is to be expected any more."""

MIN_QUIET: Final = 1.0
"""Seconds that this is at least: a short timeout does not make a device any quicker."""

RECONNECTED: Final = 0.5
"""Seconds that a new connection has to bring late answers that somebody has kept."""

MAX_REPEATS: Final = 2
"""Unanswered repetitions of a request that a new one may be added to. More would only wait in the
device, and answers be older and older."""

_BROADCAST: Final = 0
_MAX_TRANSACTION: Final = 0xFFFF


class Matcher(Protocol):
    """`now` is in seconds of one monotonic clock. `unit` and `pdu` are a request."""

    @property
    def is_spent(self) -> bool:
        """Whether no answer can be told from others any more over this connection."""

    def connected(self, now: float) -> None:
        """A connection leads to the place, the first one or another."""

    def disconnected(self) -> None:
        """It is lost, or closed."""

    def pause(self, unit: int, pdu: bytes, now: float) -> float:
        """Seconds until a request may be sent, if no answer comes before; 0: at once."""

    def asks(self, unit: int, pdu: bytes) -> int:
        """A request is about to be made, until `done`; returns its transaction id."""

    def sent(self, timeout: float, now: float) -> None:
        """It was sent, for the first time or again, to be answered within `timeout` seconds."""

    def silent(self) -> None:
        """It was not answered in that time."""

    def is_answer(self, frame: Frame, now: float) -> bool:
        """Whether a frame that comes is the answer to the present request."""

    @property
    def was_late(self) -> bool:
        """Whether the newest frame was, in its order, the answer to an earlier request."""

    def is_late(self, unit: int) -> bool:
        """Whether the station has answered when nobody waited any more."""

    def damaged(self, now: float) -> None:
        """The answer to the present request has come, but its checksum is wrong."""

    def done(self) -> None:
        """Nobody waits for an answer to the present request any more."""

    def open_for(self, now: float) -> float:
        """Seconds for which late answers may still come, if none does."""


class TransactionMatcher:
    """For links with transaction ids, which go on from one connection to the next."""

    was_late = False

    def __init__(self) -> None:
        self._unit = 0
        self._transaction = 0
        self._late: set[int] = set()
        self.connected(0.0)

    def connected(self, now: float) -> None:  # noqa: ARG002  it knows nothing of those before
        self._uses_ids = False  # other than 0
        self._uses_zero = False
        self._was_silent = False

    @property
    def is_spent(self) -> bool:
        return self._uses_zero and self._was_silent

    def disconnected(self) -> None: ...

    def pause(self, unit: int, pdu: bytes, now: float) -> float:  # noqa: ARG002  nothing to wait for
        return 0.0

    def asks(self, unit: int, pdu: bytes) -> int:  # noqa: ARG002  the id tells all
        self._unit = unit
        self._transaction = self._transaction % _MAX_TRANSACTION + 1
        return self._transaction

    def sent(self, timeout: float, now: float) -> None: ...

    def silent(self) -> None:
        self._was_silent = True

    def is_answer(self, frame: Frame, now: float) -> bool:  # noqa: ARG002  the id tells all
        """There are devices that never copy the id, and leave it 0.

        Theirs is the answer as long as each request was answered, for then none can be late.
        """
        if frame.transaction:
            self._uses_ids = True
            if frame.transaction < self._transaction:
                self._late.add(frame.unit)
        else:
            self._uses_zero = True
            if self._uses_ids or self._was_silent:
                return False
        # Whoever asks unit 0 of a network asks the device itself, which may tell its own id.
        return frame.transaction in (0, self._transaction) and self._unit in (0, frame.unit)

    def is_late(self, unit: int) -> bool:
        return unit in self._late

    def damaged(self, now: float) -> None: ...

    def done(self) -> None: ...

    def open_for(self, now: float) -> float:  # noqa: ARG002  late ones do no harm
        return 0.0


class _Unanswered:
    """The same request, sent to a station once or several times."""

    __slots__ = ("answered", "pdu", "quiet", "sent", "since")

    def __init__(self, pdu: bytes) -> None:
        self.pdu = pdu
        self.sent = deque[float]()
        """When each was sent that is not answered yet."""
        self.since = 0.0
        """When it was sent last, or something was heard that it may have had to wait for."""
        self.quiet = 0.0
        self.answered = False
        """Whether one of them was."""

    def ends_at(self) -> float:
        return self.since + self.quiet


class OrderMatcher:
    """For links without transaction ids."""

    is_spent = False

    def __init__(self) -> None:
        self._open: dict[int, _Unanswered] = {}
        """By unit id."""
        self._present: set[int] = set()
        """Stations that answer, if late."""
        self._late: set[int] = set()
        self._request: tuple[int, bytes] | None = None
        self._connections = 0
        self.was_late = False

    def connected(self, now: float) -> None:
        """A serial server may bring at once what it has kept for whoever comes next."""
        self._connections += 1
        for it in self._open.values():
            it.since = max(it.since, now + RECONNECTED - it.quiet)

    def disconnected(self) -> None:
        self._connections -= 1

    def pause(self, unit: int, pdu: bytes, now: float) -> float:
        if not self._open:
            return 0.0
        self._close_quiet(now)
        waits = [
            it.ends_at() - now
            for other, it in self._open.items()
            if (
                it.pdu != pdu or len(it.sent) >= MAX_REPEATS
                if other == unit
                else unit == _BROADCAST or other in self._present
            )
        ]
        return max((0.0, *waits))

    def asks(self, unit: int, pdu: bytes) -> int:
        self._request = unit, pdu
        return 0

    def sent(self, timeout: float, now: float) -> None:
        assert self._request  # noqa: S101  by the order of calls
        unit, pdu = self._request
        if unit == _BROADCAST:
            return  # which nobody answers
        it = self._open.get(unit)
        if it is None or it.pdu != pdu:
            it = self._open[unit] = _Unanswered(pdu)
        it.sent.append(now)
        it.since = now
        it.quiet = max(it.quiet, MIN_QUIET, QUIET * timeout)

    def silent(self) -> None: ...

    def is_answer(self, frame: Frame, now: float) -> bool:
        it = self._open.get(frame.unit)
        self.was_late = False
        if it is None or mismatch(it.pdu, frame.pdu):
            return False
        self._answered(frame.unit, it, now)
        if self._request == (frame.unit, it.pdu):
            return True
        self._late.add(frame.unit)
        self.was_late = True
        return False

    def is_late(self, unit: int) -> bool:
        return unit in self._late

    def damaged(self, now: float) -> None:
        if self._request and (it := self._open.get(self._request[0])):
            self._answered(self._request[0], it, now)

    def done(self) -> None:
        self._request = None

    def open_for(self, now: float) -> float:
        self._close_quiet(now)
        return max((0.0, *(it.ends_at() - now for it in self._open.values())))

    def _answered(self, unit: int, it: _Unanswered, now: float) -> None:
        """The first of the same requests: a device answers them in their order."""
        asked = it.sent.popleft()
        it.since, it.answered = now, True
        self._present.add(unit)
        if not it.sent:
            del self._open[unit]
        for other in self._open.values():
            if other.sent[-1] >= asked:  # it may have been waiting behind this one
                other.since = now

    def _close_quiet(self, now: float) -> None:
        """Without a connection it is quiet whatever the device says."""
        if not self._connections:
            return
        for unit, it in list(self._open.items()):
            if it.ends_at() <= now:
                del self._open[unit]
                if not it.answered:
                    self._present.discard(unit)
