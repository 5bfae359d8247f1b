"""What clients have written to the addresses of one source, until it is told.

A journal has bounds, since a source may run once an hour while clients write a thousand times a
second: of what goes beyond, the oldest is dropped and counted.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from aoba.modbus.spec import Table
from aoba.registers.changes import ClientWrite
from aoba.registers.image import Image

MAX_WRITES: Final = 10_000
MAX_BYTES: Final = 1_000_000
"""Of cells of all writes together: a million coils, or half a million registers."""


class Write(NamedTuple):
    """What a client wrote, as far as it is the source's own; cells as in `aoba.modbus.pdu`."""

    time: float
    unit: int
    table: Table
    address: int
    cells: bytes
    client: str


class Written(NamedTuple):
    writes: list[Write]
    """The oldest first."""
    lost: int
    """How many came before these, and are forgotten."""


class Journal:
    """Of writes to whatever `source` has defined at the time, until `close`.

    `clock` gives the time of a write.
    """

    def __init__(self, image: Image, source: str, clock: Callable[[], float]) -> None:
        self._stations, self._source, self._clock = image.stations, source, clock
        self._writes: deque[Write] = deque()
        self._bytes = 0
        self._lost = 0
        self.close = image.changes.subscribe(self._note, ClientWrite)

    def take(self) -> Written:
        """All that has been noted, which is forgotten here."""
        taken = Written(list(self._writes), self._lost)
        self._writes.clear()
        self._bytes = self._lost = 0
        return taken

    def put_back(self, taken: Written) -> None:
        """Undo a `take`: nobody was told."""
        newer = list(self._writes)
        self._writes.clear()
        self._bytes = 0
        for write in (*taken.writes, *newer):
            self._add(write)
        self._lost += taken.lost
        self._drop_excess()

    def _note(self, change: ClientWrite) -> None:
        """Keep what of a write is the source's own: all, parts or nothing."""
        owned = self._stations[change.unit].owned.get(self._source)
        if owned is None:
            return
        table, address, cells = change.table, change.address, change.after
        width = 1 if table.is_bits else 2
        for start, stop in owned[table].parts(address, address + len(cells) // width):
            own = cells[width * (start - address) : width * (stop - address)]
            write = Write(self._clock(), change.unit, table, start, own, change.client.name)
            self._add(write)
        self._drop_excess()

    def _add(self, write: Write) -> None:
        self._writes.append(write)
        self._bytes += len(write.cells)

    def _drop_excess(self) -> None:
        while len(self._writes) > MAX_WRITES or self._bytes > MAX_BYTES:
            self._bytes -= len(self._writes.popleft().cells)
            self._lost += 1
