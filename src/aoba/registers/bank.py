"""One station: its four tables, whose reads some sources withhold, and whose writes some follow."""

from collections.abc import Sequence
from typing import NamedTuple

from aoba.errors import ServerDeviceFailure
from aoba.modbus.client import Client
from aoba.modbus.spec import Table
from aoba.registers.cells import Cells
from aoba.registers.journal import Journal, Owned


class Withheld(NamedTuple):
    """Addresses whose values are not to be read at present."""

    owned: Owned
    as_zero: bool
    """Whether they read as zero; else a read that touches one of them is refused."""


class Bank:
    """Implements `aoba.modbus.answer.Station`; `tables` is indexed by `Table`.

    `tables` have the true values, whatever is withheld. Each write that is carried out is told to
    `journals`, under the number of this `unit`.
    """

    def __init__(self, unit: int = 1, journals: Sequence[Journal] = ()) -> None:
        self.tables = [Cells(table) for table in Table]
        self.withheld: dict[str, Withheld] = {}
        """By source."""
        self._unit, self._journals = unit, journals

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        cells = self.tables[table].read(address, address + quantity)
        return self._without_withheld(table, address, cells) if self.withheld else cells

    def write(self, table: Table, address: int, cells: bytes, client: Client) -> None:
        self.tables[table].write(address, cells)
        for journal in self._journals:
            journal.note(self._unit, table, address, cells, client)

    def _without_withheld(self, table: Table, address: int, cells: bytes) -> bytes:
        width = self.tables[table].width
        quantity = len(cells) // width
        shown = bytearray(cells)
        for owned, as_zero in self.withheld.values():
            for start, stop in owned[table].parts(address, address + quantity):
                if not as_zero:
                    raise ServerDeviceFailure(table, address, quantity)
                shown[width * (start - address) : width * (stop - address)] = bytes(
                    width * (stop - start)
                )
        return bytes(shown)
