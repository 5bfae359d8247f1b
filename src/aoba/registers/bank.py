"""One station: its four tables, and apart from them its files and FIFO queues."""

from collections.abc import Mapping

from aoba.errors import IllegalDataAddress
from aoba.identity import DEFAULT_IDENTITY
from aoba.modbus.client import Client
from aoba.modbus.ready import ReadyAnswers
from aoba.modbus.spec import Table
from aoba.registers.cells import Cells
from aoba.registers.files import Files


class Bank:
    """Implements `aoba.modbus.station.Station`; `tables` is indexed by `Table`.

    `ready` is told of every write; who changes `tables` past `write` has to do that himself.
    """

    def __init__(
        self,
        ready: ReadyAnswers,
        unit: int = 1,
        identity: Mapping[int, bytes] = DEFAULT_IDENTITY,
    ) -> None:
        self._ready = ready
        self.unit = unit
        self.identity = identity
        self.tables = [Cells(table) for table in Table]
        self.files = Files()
        self.fifos: dict[int, bytes] = {}
        """Queues by the address of their pointer."""

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        return self.tables[table].read(address, address + quantity)

    def write(self, table: Table, address: int, cells: bytes, client: Client) -> None:  # noqa: ARG002
        self.tables[table].write(address, cells)
        self._ready.forget()

    def read_file(self, number: int, record: int, count: int) -> bytes:
        return self.files.read(number, record, count)

    def write_file(self, number: int, record: int, cells: bytes) -> None:
        self.files.write(number, record, cells)

    def read_fifo(self, address: int) -> bytes:
        queue = self.fifos.get(address)
        if queue is None:
            raise IllegalDataAddress("fifo", address)
        return queue
