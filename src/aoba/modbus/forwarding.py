"""Writes to addresses that belong to a device behind us: not ours to carry out, but to forward.

A station raises `ForwardWrite` in place of a write, before anything has changed. It is no error: it
interrupts a request from wherever it is carried out, whatever its function.
"""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol

from aoba.modbus.spec import Table


class WriteSlice(NamedTuple):
    """What of a write one device has to carry out; cells as in `aoba.modbus.pdu`."""

    device: "Device"
    unit: int
    """Of our station; the device may know itself by another one."""
    table: Table
    address: int
    cells: bytes


class Device(Protocol):
    """Whoever decides about writes to some addresses; shows itself, as text, for the log."""

    def expect_writable(self, write: WriteSlice) -> None:
        """Raises RequestError where such a write is not forwarded."""
        ...

    def forward(self, write: WriteSlice, pdu: bytes) -> Awaitable[int | None]:
        """Have `write`, a slice of the request `pdu` carried out; never raises.

        The exception code it was refused with, or None where it was accepted.
        """
        ...


class ForwardWrite(Exception):  # noqa: N818  see above
    """The devices have the first word on a write, one after the other, in this order."""

    def __init__(self, slices: Sequence[WriteSlice]) -> None:
        super().__init__(f"{len(slices)} slices")
        self.slices = slices
