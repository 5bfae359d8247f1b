"""What is known of the way to a device, whichever connection leads there at the time.

Late answers, and an adapter that gives back what is sent, do not end with a connection: whoever
opens another one to the same place goes on with the same state.
"""

from typing import Final

from aoba.client.answers import AnswerReader, AsciiAnswers, MbapAnswers, RtuAnswers
from aoba.client.echo import Echo
from aoba.client.matching import Matcher, OrderMatcher, TransactionMatcher
from aoba.client.trace import DeviceTrace
from aoba.endpoints.device import Target, TlsTarget, has_broadcast
from aoba.logs.trace_level import TraceLevel

_READERS: Final[dict[str, type[AnswerReader]]] = {
    "rtu": RtuAnswers,
    "rtu+tcp": RtuAnswers,
    "ascii": AsciiAnswers,
}
"""By scheme; all others have frames as in TCP."""


class ChannelState:
    """`level` says how much of the traffic is logged."""

    def __init__(self, target: Target, level: TraceLevel = TraceLevel.OFF) -> None:
        scheme = "tls" if isinstance(target, TlsTarget) else target.scheme
        self.target = target
        self.reader = _READERS.get(scheme, MbapAnswers)
        """Makes frames of requests, and of what comes; each connection has one."""
        is_line = has_broadcast(target)
        self.matcher: Matcher = OrderMatcher() if is_line else TransactionMatcher()
        is_echo_expected = not isinstance(target, TlsTarget) and target.echo
        self.echo = Echo(is_line=is_line, is_expected=is_echo_expected)
        self.trace: DeviceTrace | None = None
        if level:
            self.trace = DeviceTrace(str(target), self.reader.framing, level)
