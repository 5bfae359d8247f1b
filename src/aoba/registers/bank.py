"""One station: its four tables, and apart from them its files, FIFO queues and identification.

What a stale source has defined is withheld from readers. What devices have defined is theirs: a
write to it is forwarded, and carried out here when they agree.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import NamedTuple

from aoba.errors import IllegalDataAddress, ServerDeviceFailure
from aoba.identity import DEFAULT_IDENTITY
from aoba.modbus.forwarding import Device, ForwardWrite, WriteSlice
from aoba.modbus.peer import Peer
from aoba.modbus.response_cache import ResponseCache
from aoba.modbus.spec import Table
from aoba.registers.block import Owned
from aoba.registers.cells import Cells
from aoba.registers.changes import Changes, ClientWrite
from aoba.registers.files import Files


class Stale(NamedTuple):
    """Addresses whose values are not to be read at present."""

    owned: Owned
    as_zero: bool
    """Whether they read as zero; else a read that touches one of them is refused."""


class Delegated(NamedTuple):
    """Addresses that a device decides about."""

    owned: Owned
    device: Device


class Bank:
    """Implements `aoba.modbus.station.Station`; `tables` is indexed by `Table`.

    `tables` have the true values, whatever is withheld. Each write that is carried out is told to
    `cache` and to `changes`, under the number of this `unit`. Who changes `tables` or `withheld`
    past `write` has to tell `cache` himself.
    """

    def __init__(
        self,
        cache: ResponseCache,
        changes: Changes,
        unit: int = 1,
        identity: Mapping[int, bytes] = DEFAULT_IDENTITY,
    ) -> None:
        self._cache, self._changes = cache, changes
        self.unit = unit
        self.identity = identity
        self.tables = [Cells(table) for table in Table]
        self.owned: dict[str, Owned] = {}
        self.stale: dict[str, Stale] = {}
        self.delegated: dict[str, Delegated] = {}
        """All three by source; what is owned is all that is defined."""
        self.files = Files()
        self.fifos: dict[int, bytes] = {}
        """Queues by the address of their pointer."""

    def reset(self) -> "Bank":
        """Have nothing defined any more; what there was is in the bank that is returned."""
        old = copy(self)
        self.tables = [Cells(table) for table in Table]
        self.files, self.fifos = Files(), {}
        return old

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        cells = self.tables[table].read(address, address + quantity)
        return self._without_stale(table, address, cells) if self.stale else cells

    def stored(self, table: Table, address: int, quantity: int) -> bytes:
        return self.tables[table].read(address, address + quantity)

    def write(self, table: Table, address: int, cells: bytes, client: Peer) -> None:
        if self.delegated:
            self._forward(table, address, cells)
        subscribers = self._changes.of_all.get(ClientWrite)
        if not subscribers:
            self.tables[table].write(address, cells)
            self._cache.invalidate()
            return
        before = self.tables[table].exchange(address, cells)
        self._cache.invalidate()
        change = ClientWrite(self.unit, table, address, before, cells, client)
        for subscriber in subscribers:
            subscriber(change)

    def local(self) -> "Bank":
        same = copy(self)
        same.delegated = {}
        return same

    def read_file(self, number: int, record: int, count: int) -> bytes:
        return self.files.read(number, record, count)

    def write_file(self, number: int, record: int, cells: bytes) -> None:
        self.files.write(number, record, cells)

    def read_fifo(self, address: int) -> bytes:
        queue = self.fifos.get(address)
        if queue is None:
            raise IllegalDataAddress("fifo", address)
        return queue

    def _forward(self, table: Table, address: int, cells: bytes) -> None:
        """Raises ForwardWrite where devices own some of these addresses, if all are defined."""
        self.tables[table].read(address, address + len(cells) // self.tables[table].width)
        slices = sorted(self._slices(table, address, cells), key=lambda it: it.address)
        for it in slices:
            it.device.expect_writable(it)
        if slices:
            raise ForwardWrite(slices)

    def _slices(self, table: Table, address: int, cells: bytes) -> Iterator[WriteSlice]:
        width = self.tables[table].width
        for owned, device in self.delegated.values():
            for start, stop in owned[table].parts(address, address + len(cells) // width):
                part = cells[width * (start - address) : width * (stop - address)]
                yield WriteSlice(device, self.unit, table, start, part)

    def _without_stale(self, table: Table, address: int, cells: bytes) -> bytes:
        width = self.tables[table].width
        quantity = len(cells) // width
        shown = bytearray(cells)
        for source, (owned, as_zero) in self.stale.items():
            for part in owned[table].parts(address, address + quantity):
                if not as_zero:
                    raise ServerDeviceFailure(
                        table.label, address, quantity, source=source, stale=part
                    )
                shown[width * (part.start - address) : width * (part.stop - address)] = bytes(
                    width * (part.stop - part.start)
                )
        return bytes(shown)
