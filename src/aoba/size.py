"""Amounts of memory as users write them in a SPEC: `256MiB`, `1.5GiB`, `500MB`."""

import re
from typing import Final

from aoba.errors import UsageError

ACCEPTED: Final = "a number with GiB, MiB, KiB, GB, MB or kB, as in 256MiB"

_UNITS: Final = {
    "GiB": 2**30,
    "GB": 10**9,
    "MiB": 2**20,
    "MB": 10**6,
    "KiB": 2**10,
    "kB": 10**3,
}
_SIZE: Final = re.compile(rf"(?P<number>\d+(?:\.\d+)?)(?P<unit>{'|'.join(_UNITS)})")
_MAX: Final = 2**62


def parse_size(text: str) -> int:
    """Bytes, more than 0. Raises UsageError that says what is accepted."""
    found = _SIZE.fullmatch(text)
    size = float(found["number"]) * _UNITS[found["unit"]] if found else 0.0
    if not 1 <= size <= _MAX:
        raise UsageError(f"expected {ACCEPTED}, got {text!r}")
    return round(size)


def show_size(size: int) -> str:
    """The same for people, in the largest unit of which it is a whole number."""
    for unit, count in _UNITS.items():
        if size % count == 0:
            return f"{size // count} {unit}"
    return f"{size} bytes"
