"""Where the health of a source stands in registers, as a SPEC says it."""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

from aoba.errors import UsageError
from aoba.modbus.manuals import beyond_hint, manual_hint
from aoba.modbus.spec import ADDRESS_COUNT, MAX_UNIT_ID, MIN_UNIT_ID, Table

LENGTH: Final = 8
"""Registers: age, runs and failures have two each, exit status and stale flag one."""

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
