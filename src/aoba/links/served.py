"""What all links have in common: what they serve, and with which sessions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aoba.links.link_log import LinkLog
from aoba.links.roles import Rules
from aoba.links.serial_session import Reader, SerialSession
from aoba.links.session import MbapSession
from aoba.links.trace import TracedMbapSession, TracedSerialSession, TracingHistory
from aoba.logs.trace_level import TraceLevel
from aoba.modbus import ascii as ascii_framing
from aoba.modbus import mbap as mbap_framing
from aoba.modbus import rtu as rtu_framing
from aoba.modbus.peer import Peer
from aoba.modbus.response_cache import ResponseCache
from aoba.modbus.station import Station


@dataclass(frozen=True, slots=True)
class ServedStations:
    """What all links have in common."""

    stations: Mapping[int, Station]
    cache: ResponseCache
    rules: Rules
    room: int
    """Clients that a link of connections has descriptors for."""
    level: TraceLevel = TraceLevel.OFF
    """How much of the traffic is told."""

    def mbap(self, client: Peer, log: LinkLog) -> MbapSession:
        client.history = TracingHistory(client, mbap_framing.FRAMING, self.level, log)
        # Without a table of answers where all is told: what is found there goes by unseen.
        cache = None if self.level else self.cache
        session = TracedMbapSession if self.level is TraceLevel.BYTES else MbapSession
        return session(self.stations, client, cache)

    def rtu(
        self, client: Peer, log: LinkLog, *, is_stream: bool = False, echo: bool = False
    ) -> SerialSession:
        client.history = history = TracingHistory(client, rtu_framing.FRAMING, self.level, log)
        reader = rtu_framing.RtuReader(self.stations, client.counters, history, is_stream=is_stream)
        return self._serial(client, reader, rtu_framing.encode, echo=echo)

    def ascii(self, client: Peer, log: LinkLog, *, echo: bool = False) -> SerialSession:
        client.history = history = TracingHistory(client, ascii_framing.FRAMING, self.level, log)
        reader = ascii_framing.AsciiReader(self.stations, client.counters, history)
        return self._serial(client, reader, ascii_framing.encode, echo=echo)

    def _serial(
        self, client: Peer, reader: Reader, encode: Callable[[int, bytes], bytes], *, echo: bool
    ) -> SerialSession:
        session = TracedSerialSession if self.level is TraceLevel.BYTES else SerialSession
        return session(self.stations, client, reader, encode, echo=echo)
