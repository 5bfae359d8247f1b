"""What documents desire of devices: a `Station` for a unit id, a `DeviceShadow` for its table.

Only stations with the mode "master" count: there, the script is the authority. In mode "slave",
coils and holding registers belong to the bus. A source that wants feedback has all that it defines
read back; then its registers are what the device has, whoever wrote there.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from aoba.document.schema import Station as Described
from aoba.errors import RequestError
from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table
from aoba.outlets.push.device_shadow import Desired, DeviceShadow
from aoba.registers.block import Block
from aoba.registers.changes import DocumentApplied, SourceReset, StalenessChanged
from aoba.registers.image import Image
from aoba.retry import Outage

WRITABLE: Final = (Table.COILS, Table.HOLDING)


class Station:
    """One device, by its unit id."""

    def __init__(self, unit: int) -> None:
        self.unit = unit
        self.shadows: dict[tuple[str, Table], DeviceShadow] = {}
        self.silence = Outage()
        self.is_well = False
        """Whether it has answered when last asked."""
        self.is_to_be_read = False
        self.is_to_be_renewed = False
        """Whether everything is to be written again."""

    def forget(self) -> None:
        for shadow in self.shadows.values():
            shadow.forget()


class DesiredState:
    """For documents of `image`; `feeding` are the sources to be told what the devices hold."""

    def __init__(self, image: Image, feeding: Collection[str] = ()) -> None:
        self._image, self._feeding = image, feeding
        self._stations: dict[int, Station] = {}
        self._told: set[str] = set()

    def __iter__(self) -> Iterator[Station]:
        """In the order of their unit ids."""
        return iter([station for _, station in sorted(self._stations.items())])

    @property
    def shadows(self) -> Iterator[DeviceShadow]:
        for station in self:
            yield from station.shadows.values()

    @property
    def outages(self) -> Iterator[Outage]:
        """All that there are, whether they last or not."""
        for station in self:
            yield station.silence
            for shadow in station.shadows.values():
                yield from (it.outage for it in (*shadow.unwritable, *shadow.unreadable))
                yield from shadow.doubts.values()

    def hear(self, change: DocumentApplied | SourceReset | StalenessChanged) -> list[str]:
        """What devices should hold is another now; what is to be said about it, once."""
        remarks: list[str] = []
        match change:
            case SourceReset(source):
                self._clear(source, self._stations)
            case DocumentApplied(source, document):
                for station in document.stations:
                    text = self._take(source, station)
                    remarks += self._once(f"{source}: station {station.id}: {text}") if text else ()
        return remarks

    def feeds(self, shadow: DeviceShadow) -> bool:
        """Whether what the device holds there is to be told to the source."""
        return shadow.source in self._feeding

    def took(self, shadow: DeviceShadow, start: int, cells: bytes, client: Peer) -> None:
        """The device holds `cells`, and where that is news, the image does from now on.

        What somebody else has changed there is told to the source as a write of `client`.
        """
        bank = self._image.stations.get(shadow.unit)
        table, width = shadow.table, shadow.width
        known: list[Block] = []
        for span, is_changed in shadow.seen(start, cells):
            for part in shadow.defined.parts(*span):
                own = cells[width * (part.start - start) : width * (part.stop - start)]
                if bank and is_changed:
                    bank.write(table, part.start, own, client)
                elif bank:
                    known.append(Block(shadow.unit, table, part.start, own))
        self._image.update_values(shadow.source, known)

    def forget(self) -> None:
        """The devices may hold anything now, as after a restart."""
        for station in self:
            station.is_well = False
            station.forget()

    def renew(self) -> None:
        """Have everything written again."""
        for station in self:
            station.is_to_be_renewed = True

    def _take(self, source: str, described: Described) -> str:
        """What there is to say about it."""
        unit = described.id
        if described.mode == "slave":
            self._clear(source, (unit,))
            return 'its mode is "slave", so nothing of it is written'
        station = self._stations.setdefault(unit, Station(unit))
        is_fed = source in self._feeding
        station.is_to_be_read |= is_fed
        for table, ranges in described.map.tables():
            if is_fed or table in WRITABLE:
                shadow = self._shadow(source, station, table)
                for item in ranges:
                    shadow.define(item)
        if any(described.map.fifos()) or described.files:
            return "its queues and files are not written"
        own = [it for (name, _), it in station.shadows.items() if name == source]
        if not is_fed and not any(it.given_values for it in own):
            return "nothing is written, it has no values of coils or holding registers"
        return ""

    def _shadow(self, source: str, station: Station, table: Table) -> DeviceShadow:
        key = source, table
        if key not in station.shadows:
            desired = self._desired(station.unit, table)
            station.shadows[key] = DeviceShadow(source, station.unit, table, desired)
        return station.shadows[key]

    def _desired(self, unit: int, table: Table) -> Desired:
        """What a client would read there."""

        def desired(start: int, stop: int) -> bytes | None:
            try:
                return self._image.stations[unit].read(table, start, stop - start)
            except (RequestError, KeyError):
                return None

        return desired

    def _clear(self, source: str, units: Iterable[int]) -> None:
        for unit in units:
            station = self._stations.get(unit)
            for (name, _), shadow in station.shadows.items() if station else ():
                if name == source:
                    shadow.clear()

    def _once(self, remark: str) -> list[str]:
        if remark in self._told:
            return []
        self._told.add(remark)
        return [remark]
