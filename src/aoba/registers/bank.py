"""One station: its four tables."""

from aoba.modbus.client import Client
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.spec import Table
from aoba.registers.cells import Cells


class Bank:
    """Implements `aoba.modbus.answer.Station`; `tables` is indexed by `Table`.

    `ready` is told of every write; who changes `tables` past `write` has to do that himself.
    """

    def __init__(self, ready: ReadyAnswers) -> None:
        self._ready = ready
        self.tables = [Cells(table) for table in Table]

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        return self.tables[table].read(address, address + quantity)

    def write(self, table: Table, address: int, cells: bytes, client: Client) -> None:  # noqa: ARG002
        self.tables[table].write(address, cells)
        self._ready.forget()
