"""Which writes of clients a source has undone with its next document.

Where a script says `"mode": "master"`, each of its documents gives its coils and holding registers
their values, and what a client wrote is gone. That is the rule, and yet a riddle for whoever wrote.

The newest write of each client to each table of a station is kept for some documents of whoever
owns the address. If the value is the client's before one of them and another one behind it, the
write is undone.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from aoba.bus import MAIN
from aoba.modbus.spec import Table
from aoba.registers.changes import ClientWrite, DocumentAccepted, DocumentApplied
from aoba.registers.image import Image
from aoba.spans import Span

MAX_WRITES: Final = 32
"""Of those that wait for a document, the oldest is forgotten."""

MAX_DOCUMENTS: Final = 20
"""Of the owner, for which a write is kept: one that stands so long belongs to the bus."""

_Key = tuple[str, int, Table]
_Kept = tuple[ClientWrite, int]
"""A write, and how many documents have left it alone."""


class Overwritten(NamedTuple):
    """A write of `client` that `source` has undone; addresses zero-based."""

    source: str
    client: str
    unit: int
    table: Table
    span: Span
    bus: str | None = None
    """None: `main`."""


class Overwrites:
    """`found` hears of each write that a document of `image` has undone; it must not raise."""

    def __init__(self, image: Image, found: Callable[[Overwritten], None]) -> None:
        self._stations, self._found = image.stations, found
        self._bus = None if image.bus == MAIN else image.bus
        self._writes: dict[_Key, _Kept] = {}
        self._at_stake: dict[_Key, _Kept] = {}  # by the document that is taking effect
        self._changes = image.changes
        self._changes.subscribe(self._note, ClientWrite)
        self._unsubscribers: list[Callable[[], None]] = []
        """Where documents are followed: only as long as a write is kept, as they cost time."""

    def _note(self, change: ClientWrite) -> None:
        self._keep((change.client.host, change.unit, change.table), change, 0)
        if not self._unsubscribers:
            self._unsubscribers = [
                self._changes.subscribe(self._begins, DocumentAccepted),
                self._changes.subscribe(self._over, DocumentApplied),
            ]

    def _begins(self, change: DocumentAccepted) -> None:
        mine = {key: it for key, it in self._writes.items() if self._is_of(change.source, it[0])}
        for key in mine:
            del self._writes[key]
        self._at_stake = {key: it for key, it in mine.items() if self._is_there(it[0])}

    def _over(self, change: DocumentApplied) -> None:
        at_stake, self._at_stake = self._at_stake, {}
        for key, (write, documents) in at_stake.items():
            if self._is_there(write):
                self._keep(key, write, documents + 1)
            else:
                self._found(Overwritten(change.source, *key, _span(write), self._bus))
        if not self._writes:
            for unsubscribe in self._unsubscribers:
                unsubscribe()
            self._unsubscribers = []

    def _keep(self, key: _Key, write: ClientWrite, documents: int) -> None:
        self._writes.pop(key, None)
        if len(self._writes) >= MAX_WRITES:
            del self._writes[next(iter(self._writes))]
        if documents < MAX_DOCUMENTS:
            self._writes[key] = write, documents

    def _is_of(self, source: str, write: ClientWrite) -> bool:
        """Whether the script `source` has defined some of these addresses; a device is none."""
        bank = self._stations.get(write.unit)
        if bank is None or source not in bank.owned or source in bank.delegated:
            return False
        return bank.owned[source][write.table].overlap(*_span(write)) is not None

    def _is_there(self, write: ClientWrite) -> bool:
        bank, span = self._stations.get(write.unit), _span(write)
        if bank is None or not bank.tables[write.table].spans.covers(*span):
            return False
        return bank.tables[write.table].read(*span) == write.after


def _span(write: ClientWrite) -> Span:
    width = 1 if write.table.is_bits else 2
    return Span(write.address, write.address + len(write.after) // width)
