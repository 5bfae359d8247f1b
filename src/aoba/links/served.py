"""What all links have in common: what they serve, and with which sessions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

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

Stations = Mapping[int, Station]


class Bus(Protocol):
    """What there is of one bus."""

    @property
    def stations(self) -> Stations: ...

    @property
    def cache(self) -> ResponseCache: ...


class NamesBus(Protocol):
    """What a URL says of it."""

    @property
    def any_unit(self) -> bool: ...

    def bus_of(self, ip: str, port: int) -> str:
        """The one that a client is served who has called this address and port."""
        ...


@dataclass(frozen=True, slots=True)
class ServedStations:
    """`find` gives the bus of a name, if there is one."""

    find: Callable[[str], Bus | None]
    rules: Rules
    room: int
    """Clients that a link of connections has descriptors for."""
    level: TraceLevel = TraceLevel.OFF
    """How much of the traffic is told."""

    def mbap(self, client: Peer, log: LinkLog, url: NamesBus) -> MbapSession:
        client.history = TracingHistory(client, mbap_framing.FRAMING, self.level, log)
        stations, cache = self._bus(client, url)
        # Without a table of answers where all is told: what is found there goes by unseen.
        cache = None if self.level else cache
        session = TracedMbapSession if self.level is TraceLevel.BYTES else MbapSession
        return session(stations, client, cache)

    def rtu(
        self,
        client: Peer,
        log: LinkLog,
        url: NamesBus,
        *,
        is_stream: bool = False,
        echo: bool = False,
    ) -> SerialSession:
        client.history = history = TracingHistory(client, rtu_framing.FRAMING, self.level, log)
        stations, _ = self._bus(client, url)
        reader = rtu_framing.RtuReader(stations, client.counters, history, is_stream=is_stream)
        return self._serial(stations, client, reader, rtu_framing.encode, echo=echo)

    def ascii(
        self, client: Peer, log: LinkLog, url: NamesBus, *, echo: bool = False
    ) -> SerialSession:
        client.history = history = TracingHistory(client, ascii_framing.FRAMING, self.level, log)
        stations, _ = self._bus(client, url)
        reader = ascii_framing.AsciiReader(stations, client.counters, history)
        return self._serial(stations, client, reader, ascii_framing.encode, echo=echo)

    def _serial(
        self,
        stations: Stations,
        client: Peer,
        reader: Reader,
        encode: Callable[[int, bytes], bytes],
        *,
        echo: bool,
    ) -> SerialSession:
        session = TracedSerialSession if self.level is TraceLevel.BYTES else SerialSession
        return session(stations, client, reader, encode, echo=echo)

    def _bus(self, client: Peer, url: NamesBus) -> tuple[Stations, ResponseCache | None]:
        """What it has stations, and answers that hold for all who ask there."""
        name = url.bus_of(*client.called)
        bus = self.find(name)
        stations = bus.stations if bus else LaterStations(name, self.find)
        if url.any_unit:  # what holds for its clients need not hold for those of other links
            return AnyUnit(stations), None
        return stations, bus.cache if bus else None


class LaterStations(Stations):
    """Those of a bus that is not there yet; whoever calls it does not make it."""

    def __init__(self, name: str, find: Callable[[str], Bus | None]) -> None:
        self._name, self._find = name, find

    def __getitem__(self, unit: int) -> Station:
        return self._now()[unit]

    def __iter__(self) -> Iterator[int]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Stations:
        bus = self._find(self._name)
        return bus.stations if bus else {}


class AnyUnit(Stations):
    """Each unit id but 0 means the only station, as long as there is just one."""

    def __init__(self, stations: Stations) -> None:
        self._stations = stations

    def __getitem__(self, unit: int) -> Station:
        if unit and unit not in self._stations and len(self._stations) == 1:
            return next(iter(self._stations.values()))
        return self._stations[unit]

    def __iter__(self) -> Iterator[int]:
        return iter(self._stations)

    def __len__(self) -> int:
        return len(self._stations)
