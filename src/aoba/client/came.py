"""What came instead of an answer, noted while a request waits for one, and then told.

only an answer with a wrong CRC came
only an answer of station 2 and 3 bytes that are no frame (00 FF 00) came
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aoba.client.answers import NO_STRAY, Frame, Stray
from aoba.modbus.frame_history import in_hex
from aoba.modbus.mismatch import mismatch

_MAX_SHOWN: Final = 8


@dataclass(slots=True)
class Came:
    """In all tries of one request."""

    unit: int
    pdu: bytes
    transaction: int
    is_late: bool = False
    """Whether the station has answered before when nobody waited any more."""
    echo: bool = False
    is_echo_missing: bool = False
    """Whether the line seems not to give back what is sent, though it is said to."""
    damaged: str = ""
    """The checksum that was wrong."""
    mismatch: str = ""
    """In what an answer of the right station was one to something else."""
    other_unit: int | None = None
    other_transaction: int | None = None
    stray: Stray = NO_STRAY

    def frame(self, frame: Frame) -> None:
        """One that is not the answer."""
        if frame.transaction != self.transaction:
            self.other_transaction = frame.transaction
        elif frame.unit != self.unit:
            self.other_unit = frame.unit
        else:
            self.mismatch = mismatch(self.pdu, frame.pdu) or ""

    @property
    def kind(self) -> str:
        """The same for all that differ in details only."""
        names = ("damaged", "mismatch", "other_unit", "other_transaction", "echo")
        noted = [name for name in names if getattr(self, name) not in (None, False, "")]
        return ", ".join((*noted, "stray") if self.stray.size else noted)

    @property
    def words(self) -> str:
        """Empty where nothing came."""
        return " and ".join(self._all())

    def _all(self) -> Iterator[str]:
        if self.damaged:
            yield f"an answer with a wrong {self.damaged}"
        if self.mismatch:
            yield f"an answer to another request ({self.mismatch})"
        if self.other_unit is not None:
            yield f"an answer of station {self.other_unit}"
        if self.other_transaction is not None:
            yield (
                f"an answer to another transaction "
                f"({self.other_transaction:04X} instead of {self.transaction:04X})"
            )
        if self.echo:
            yield "what was sent"
        if self.stray.size and not self.damaged:
            size, data = self.stray.size, self.stray.data
            more = " ..." if size > _MAX_SHOWN else ""
            noun = "byte that is" if size == 1 else "bytes that are"
            yield f"{size} {noun} no frame ({in_hex(data[:_MAX_SHOWN])}{more})"
