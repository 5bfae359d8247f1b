"""Amounts as users write them in a SPEC or a URL, with their unit.

a duration   5   2.5s   500ms   2min   1h
a size       256MiB   1.5GiB   500MB
"""

import re
from collections.abc import Mapping
from typing import Final

from aoba.errors import UsageError

DURATIONS: Final = "seconds, or a number with ms, s, min or h, as in 500ms"
SIZES: Final = "a number with GiB, MiB, KiB, GB, MB or kB, as in 256MiB"

_SECONDS: Final = {"ms": 0.001, "": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES: Final = {
    "GiB": 2**30,
    "GB": 10**9,
    "MiB": 2**20,
    "MB": 10**6,
    "KiB": 2**10,
    "kB": 10**3,
}
_AMOUNT: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[A-Za-z]*)")

_LONGEST: Final = 1_000_000 * 365 * 24 * 3600.0
"""A million years. Of a number with hundreds of digits, a float makes infinity."""
_LARGEST: Final = 2**62


def parse_duration(text: str) -> float:
    """Seconds, more than 0. Raises UsageError that says what is accepted."""
    seconds = _amount(text, _SECONDS)
    if seconds <= 0:
        raise UsageError(f"expected {DURATIONS}, got {text!r}")
    if seconds > _LONGEST:
        raise UsageError(f"expected at most {_LONGEST / _SECONDS['h']:.0f}h, got {text!r}")
    return seconds


def parse_pause(text: str) -> float:
    """Seconds, 0 or more. Raises UsageError that says what is accepted."""
    return 0.0 if text == "0" else parse_duration(text)


def parse_size(text: str) -> int:
    """Bytes, more than 0. Raises UsageError that says what is accepted."""
    size = _amount(text, _BYTES)
    if not 1 <= size <= _LARGEST:
        raise UsageError(f"expected {SIZES}, got {text!r}")
    return round(size)


def show_size(size: int) -> str:
    """The same for people, in the largest unit of which it is a whole number."""
    for unit, count in _BYTES.items():
        if size % count == 0:
            return f"{size // count} {unit}"
    return f"{size} bytes"


def _amount(text: str, units: Mapping[str, float]) -> float:
    """0 where `text` is no number with one of `units`."""
    found = _AMOUNT.fullmatch(text)
    if not found or found["unit"] not in units:
        return 0.0
    return float(found["number"]) * units[found["unit"]]
