"""The health of a source in registers, so that whoever reads its values can see how it does.

It stands in the image like any other range, under an owner of its own: it is there before the first
document, stays when the script is edited, and is never stale.
"""

from typing import Final

import msgspec

from aoba.document.schema import Document
from aoba.registers.image import SourceRegisters
from aoba.sources.health_place import HealthPlace

RESOLUTION: Final = 0.1
"""Seconds after which the age is brought up to date."""

UNKNOWN_AGE: Final = 0xFFFF_FFFF
"""Before the first document."""

NOT_STARTED: Final = 127
"""Exit status of a run that could not be started, as a shell gives it."""


def health_owner(name: str) -> str:
    """Who the registers belong to that hold the health of the source `name`."""
    return f"the health of {name}"


class Health:
    """Of the source `name`. Raises DocumentError where its registers are taken already."""

    def __init__(self, name: str, place: HealthPlace, image: SourceRegisters) -> None:
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
