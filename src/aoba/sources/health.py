"""The health of a source in registers, so that whoever reads its values can see how it does.

It stands in the image like any other range, under an owner of its own: it is there before the first
document, stays when the script is edited, and is never stale.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

import msgspec

from aoba.document.schema import Document
from aoba.errors import UsageError
from aoba.modbus.manuals import beyond_hint, manual_hint
from aoba.modbus.spec import ADDRESS_COUNT, MAX_UNIT_ID, MIN_UNIT_ID, Table
from aoba.registers.image import Image

LENGTH: Final = 8
"""Registers: age, runs and failures have two each, exit status and stale flag one."""

RESOLUTION: Final = 0.1
"""Seconds after which the age is brought up to date."""

UNKNOWN_AGE: Final = 0xFFFF_FFFF
"""Before the first document."""

NOT_STARTED: Final = 127
"""Exit status of a run that could not be started, as a shell gives it."""

ACCEPTED: Final = "UNIT:TABLE:ADDRESS with TABLE input or holding, as in 1:input:9000"

_PLACE: Final = re.compile(r"(\d{1,5}):(input|holding):(\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class HealthPlace:
    """Where the registers are; all of them exist."""

    unit: int
    table: Literal["input", "holding"]
    address: int

    @property
    def hint(self) -> str:
        """What to say where the address looks like a number out of a manual; else empty."""
        hint = manual_hint(Table[self.table.upper()], self.address)
        return f"its health is in {self.table} {self.address}{hint}" if hint else ""


def parse_health(text: str) -> HealthPlace:
    """Raises UsageError that says what is accepted."""
    found = _PLACE.fullmatch(text)
    if not found:
        raise UsageError(f"expected {ACCEPTED}, got {text!r}")
    unit, address = int(found[1]), int(found[3])
    if not MIN_UNIT_ID <= unit <= MAX_UNIT_ID:
        raise UsageError(f"expected a unit id from {MIN_UNIT_ID} to {MAX_UNIT_ID}, got {unit}")
    if address > ADDRESS_COUNT - LENGTH:
        limit = f"expected an address up to {ADDRESS_COUNT - LENGTH}"
        raise UsageError(f"{LENGTH} registers: {limit}, got {address}{beyond_hint(address)}")
    return HealthPlace(unit, cast("Literal['input', 'holding']", found[2]), address)


def health_owner(name: str) -> str:
    """Who the registers belong to that hold the health of the source `name`."""
    return f"the health of {name}"


class Health:
    """Of the source `name`. Raises DocumentError where its registers are taken already."""

    def __init__(self, name: str, place: HealthPlace, image: Image) -> None:
        self._owner = health_owner(name)
        self._place, self._image = place, image
        self.publish(age=None, runs=0, failures=0, status=0, is_stale=True)

    def publish(
        self, *, age: float | None, runs: int, failures: int, status: int, is_stale: bool
    ) -> None:
        """`age` in seconds; `status` as `subprocess` has it, negative for a signal."""
        ms = UNKNOWN_AGE if age is None else min(round(1000 * age), UNKNOWN_AGE - 1)
        ranges = [
            self._range(0, "uint32", ms, runs & 0xFFFF_FFFF, failures & 0xFFFF_FFFF),
            self._range(6, "int16", status),
            self._range(7, "uint16", int(is_stale)),
        ]
        station = {"id": self._place.unit, "mode": "master", "map": {self._place.table: ranges}}
        self._image.apply(self._owner, msgspec.convert({"stations": [station]}, Document))

    def _range(self, at: int, data_type: str, *values: int) -> dict[str, object]:
        start = self._place.address + at
        return {"address_start": start, "data_type": data_type, "initial_values": values}
