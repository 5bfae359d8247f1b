"""Which writes of clients a source has undone with its next document.

Where a script says `"mode": "master"`, each of its documents gives its coils and holding registers
their values, and what a client wrote is gone. That is the rule, and yet a riddle for whoever wrote.

The newest write of each client to each table of a station is kept for some documents of whoever
owns the address. If the value is the client's before one of them and another one behind it, the
write is undone.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from aoba.modbus.client import Client
from aoba.modbus.spec import Table
from aoba.spans import Span

MAX_WRITES: Final = 32
"""Of those that wait for a document, the oldest is forgotten."""

MAX_DOCUMENTS: Final = 20
"""Of the owner, for which a write is kept: one that stands so long belongs to the bus."""

_Key = tuple[str, int, Table]

Read = Callable[[int, Table, Span], bytes | None]
"""The present cells of addresses of a station; None where they are not all defined."""


class Overwritten(NamedTuple):
    """A write of `client` that `source` has undone; addresses zero-based."""

    source: str
    client: str
    unit: int
    table: Table
    span: Span


class _Write(NamedTuple):
    span: Span
    cells: bytes
    documents: int = 0
    """That have left it alone."""


class Overwrites:
    """Implements `WriteWatcher`. `owns` says whether a source has defined some of a span."""

    def __init__(self, owns: Callable[[str, int, Table, Span], bool], read: Read) -> None:
        self.found: Callable[[Overwritten], None] = lambda _: None
        """Hears of each write that was undone; must not raise."""
        self._owns, self._read = owns, read
        self._writes: dict[_Key, _Write] = {}

    def note(self, unit: int, table: Table, address: int, cells: bytes, client: Client) -> None:
        stop = address + len(cells) // (1 if table.is_bits else 2)
        self._keep((client.host, unit, table), _Write(Span(address, stop), cells))

    def begins(self, source: str) -> dict[_Key, _Write]:
        """A document of `source` is about to take effect; what is returned goes to `over`."""
        if not self._writes:  # as most of the time
            return self._writes
        mine = [
            key for key, write in self._writes.items() if self._owns(source, *key[1:], write.span)
        ]
        writes = {key: self._writes.pop(key) for key in mine}
        return {key: write for key, write in writes.items() if self._is_there(key, write)}

    def over(self, source: str, writes: dict[_Key, _Write]) -> None:
        """It has taken effect."""
        for key, write in writes.items():
            if self._is_there(key, write):
                self._keep(key, write._replace(documents=write.documents + 1))
            else:
                self.found(Overwritten(source, *key, write.span))

    def _keep(self, key: _Key, write: _Write) -> None:
        self._writes.pop(key, None)
        if len(self._writes) >= MAX_WRITES:
            del self._writes[next(iter(self._writes))]
        if write.documents < MAX_DOCUMENTS:
            self._writes[key] = write

    def _is_there(self, key: _Key, write: _Write) -> bool:
        _, unit, table = key
        return self._read(unit, table, write.span) == write.cells
