"""What requests need of a station; `aoba.registers.bank` implements it."""

from collections.abc import Mapping
from typing import Protocol

from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table


class Station(Protocol):
    """Cells are described in `aoba.modbus.pdu`; addresses and numbers are as on the wire.

    Each method raises IllegalDataAddress, before anything has changed, where part of what is asked
    for is not defined.
    """

    @property
    def unit(self) -> int:
        """Its unit id."""
        ...

    @property
    def identity(self) -> Mapping[int, bytes]:
        """Its identification objects by their ids, 0 to 2 among them (section 6.21)."""
        ...

    def read(self, table: Table, address: int, quantity: int) -> bytes:
        """Raises ServerDeviceFailure where the addresses have no value at present."""
        ...

    def stored(self, table: Table, address: int, quantity: int) -> bytes:
        """As `read`, but what was stored last, whatever readers get at present."""
        ...

    def write(self, table: Table, address: int, cells: bytes, client: Peer) -> None:
        """Raises ForwardWrite, before anything has changed, where devices have to be asked."""
        ...

    def local(self) -> "Station":
        """The same station, for a write to which the devices have agreed."""
        ...

    def read_file(self, number: int, record: int, count: int) -> bytes: ...

    def write_file(self, number: int, record: int, cells: bytes) -> None: ...

    def read_fifo(self, address: int) -> bytes:
        """The whole queue behind the pointer at `address`, at most MAX_FIFO registers."""
        ...
