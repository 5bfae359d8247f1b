"""One station: its four tables, and apart from them its files, FIFO queues and identification.

Some sources withhold what they have defined from readers, and some follow what clients write.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aoba.errors import IllegalDataAddress, ServerDeviceFailure
from aoba.identity import DEFAULT_IDENTITY
from aoba.modbus.client import Client
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.spec import Table
from aoba.registers.cells import Cells
from aoba.registers.files import Files
from aoba.registers.journal import Journal, Owned


class Withheld(NamedTuple):
    """Addresses whose values are not to be read at present."""

    owned: Owned
    as_zero: bool
    """Whether they read as zero; else a read that touches one of them is refused."""


class Bank:
    """Implements `aoba.modbus.station.Station`; `tables` is indexed by `Table`.

    `tables` have the true values, whatever is withheld. Each write that is carried out is told to
    `ready` and to `journals`, under the number of this `unit`. Who changes `tables` or `withheld`
    past `write` has to tell `ready` himself.
    """

    def __init__(
        self,
        ready: ReadyAnswers,
        unit: int = 1,
        identity: Mapping[int, bytes] = DEFAULT_IDENTITY,
        journals: Sequence[Journal] = (),
    ) -> None:
        self._ready, self._journals = ready, journals
        self.unit = unit
        self.identity = identity
        self.tables = [Cells(table) for table in Table]
        self.withheld: dict[str, Withheld] = {}
        """By source."""
        self.files = Files()
        self.fifos: dict[int, bytes] = {}
        """Queues by the address of their pointer."""

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        cells = self.tables[table].read(address, address + quantity)
        return self._without_withheld(table, address, cells) if self.withheld else cells

    def stored(self, table: Table, address: int, quantity: int) -> bytes:
        return self.tables[table].read(address, address + quantity)

    def write(self, table: Table, address: int, cells: bytes, client: Client) -> None:
        self.tables[table].write(address, cells)
        self._ready.forget()
        for journal in self._journals:
            journal.note(self.unit, table, address, cells, client)

    def read_file(self, number: int, record: int, count: int) -> bytes:
        return self.files.read(number, record, count)

    def write_file(self, number: int, record: int, cells: bytes) -> None:
        self.files.write(number, record, cells)

    def read_fifo(self, address: int) -> bytes:
        queue = self.fifos.get(address)
        if queue is None:
            raise IllegalDataAddress("fifo", address)
        return queue

    def _without_withheld(self, table: Table, address: int, cells: bytes) -> bytes:
        width = self.tables[table].width
        quantity = len(cells) // width
        shown = bytearray(cells)
        for owned, as_zero in self.withheld.values():
            for start, stop in owned[table].parts(address, address + quantity):
                if not as_zero:
                    raise ServerDeviceFailure(table.label, address, quantity)
                shown[width * (start - address) : width * (stop - address)] = bytes(
                    width * (stop - start)
                )
        return bytes(shown)
