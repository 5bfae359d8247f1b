"""What a link counts and remembers of its traffic, for functions 8, 11 and 12.

Each link has `Counters`, which its clients share. Whoever handles a frame says what became of it,
in one of these ways:

    a frame for one of our stations     nothing: `answer` and `broadcast` tell them themselves
    any other good frame                `overheard`
    a frame that is damaged             `damaged`, or `overrun` where characters were lost
    an answer given from memory         counted in `requests`, without having asked `answer`

A request on a network costs one number: it is counted in `requests` when it begins, and what else
can be told from these is summed up when it is asked for. Only one that ends in some other way than
with its plain answer is told of once more.

Sections are of the Application Protocol. Counters are what 6.8.1 calls CPT1 to CPT8 and wrap at
16 bits, as they are read; the event log is that of 6.10, its newest event first.
"""

from collections import Counter, deque
from collections.abc import Callable
from enum import IntFlag
from typing import Final

from aoba.modbus.spec import EXCEPTION_FLAG, MAX_EVENTS, ExceptionCode, FunctionCode

RESTARTED: Final = 0x00
ENTERED_LISTEN_ONLY: Final = 0x04
"""Events without flags (section 6.10)."""


class Received(IntFlag):
    """An event: a request came in (section 6.10)."""

    COMMUNICATION_ERROR = 0x02
    CHARACTER_OVERRUN = 0x10
    LISTEN_ONLY = 0x20
    BROADCAST = 0x40
    EVENT = 0x80


class Sent(IntFlag):
    """An event: a request is done with, whether or not something was sent (section 6.10)."""

    READ_EXCEPTION = 0x01
    ABORT_EXCEPTION = 0x02
    LISTEN_ONLY = 0x20
    EVENT = 0x40


# As numbers: to join two flags of an enum takes a microsecond, and this is done for each request.
_RECEIVED: Final = int(Received.EVENT)
_SENT: Final = int(Sent.EVENT)


class Counters:
    """With `is_serial`, frames travel as on a serial line, and the event log is kept."""

    def __init__(self, *, is_serial: bool = False, name: str = "") -> None:
        self.is_serial = is_serial
        self.name = name
        """The URL of the link, once it is known."""
        self.requests: Final = [0] * 256
        """By function code, counted by whoever answers. Never cleared, as the next two."""
        self.refusals: Final = Counter[int]()
        """Exception responses by their code."""
        self.clients = 0
        """Connections that were let in; on a serial line, none."""
        self.log: deque[int] = deque(maxlen=MAX_EVENTS)
        self.is_told = is_serial
        """Whether `answered` is to be called for each response, and not for exceptions alone."""
        self._afterwards: Callable[[], None] | None = None
        self.clear()

    def clear(self) -> None:
        """Set all counters to 0; the event log stays (section 6.8.1, sub-function 10)."""
        self._before = sum(self.requests)
        self._others = self._strangers = 0  # frames for others; of these, those that were answered
        self.communication_errors = 0
        """Frames that were damaged."""
        self.exceptions = 0
        """Exception responses that were sent."""
        self.silences = 0
        """Of `messages`, the ones to which nothing was sent."""
        self.overruns = 0
        """Frames that lost characters."""
        self.events = 0
        """Requests carried out, those for this counter left out (section 6.9); `is_told` only."""

    @property
    def messages(self) -> int:
        """Frames that were addressed to a station of ours, or to all."""
        return sum(self.requests) - self._before - self._strangers

    @property
    def bus_messages(self) -> int:
        """Good frames that were seen, also those for other devices."""
        return self.messages + self._others

    def overheard(self) -> None:
        """A good frame is none of our business: it is for another device, or comes from one."""
        self._others += 1

    def damaged(self) -> None:
        """A frame has a wrong checksum, or cannot be one."""
        self.communication_errors += 1
        self._note(Received.EVENT | Received.COMMUNICATION_ERROR)

    def overrun(self) -> None:
        """Characters of a frame were lost before they could be taken."""
        self.overruns += 1
        self.communication_errors += 1
        self._note(Received.EVENT | Received.COMMUNICATION_ERROR | Received.CHARACTER_OVERRUN)

    def turned_down(self, function: int, code: ExceptionCode) -> None:
        """A good frame is for no station of ours, and is answered all the same, as on a network."""
        self.requests[function] += 1
        self.refusals[code] += 1
        self._strangers += 1
        self._others += 1

    def received(self, function: int, flags: int = 0) -> None:
        """A request for one of our stations begins. `flags` are some of `Received`."""
        self.requests[function] += 1
        if self.is_serial:
            self.log.appendleft(_RECEIVED | flags)

    def answered(self, response: bytes) -> None:
        """The request that was received last ends with `response`; see `is_told`."""
        code = response[0]
        flags = 0
        if code & EXCEPTION_FLAG:
            self.exceptions += 1
            self.refusals[response[1]] += 1
            flags = _exception_flag(response[1])
        elif code != FunctionCode.GET_COMM_EVENT_COUNTER:
            self.events += 1
        if self.is_told:
            self._finish(flags)

    def kept_silent(self, flags: int = 0, *, done: bool = True) -> None:
        """The request that was received last ends without a response. `flags`: some of `Sent`.

        `done` says whether it was carried out all the same.
        """
        self.silences += 1
        self.events += done
        self._finish(flags)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Have `act` called when the request under way has ended, and has been counted."""
        self._afterwards, self.is_told = act, True

    def restart(self, *, clear_log: bool) -> None:
        """Start over (section 6.8.1, sub-function 1)."""
        self.clear()
        if clear_log:
            self.log.clear()
        self._note(RESTARTED)

    def entered_listen_only(self) -> None:
        self._note(ENTERED_LISTEN_ONLY)

    def clear_overruns(self) -> None:
        self.overruns = 0

    def _finish(self, flags: int) -> None:
        if self.is_serial:
            self.log.appendleft(_SENT | flags)
        if self._afterwards is not None:
            act, self._afterwards, self.is_told = self._afterwards, None, self.is_serial
            act()

    def _note(self, event: int) -> None:
        if self.is_serial:
            self.log.appendleft(event)


def _exception_flag(code: int) -> int:
    return Sent.READ_EXCEPTION if code <= ExceptionCode.ILLEGAL_DATA_VALUE else Sent.ABORT_EXCEPTION
