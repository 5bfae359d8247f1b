"""Numbers with no more digits than they need, and with all that they need."""

import math
import struct
from typing import Any, Final

_SHORTER: Final = ("%.6g", "%.7g", "%.8g")
"""Digits that may be enough for a float of 32 bits; 9 always are."""

_FLOAT32: Final = struct.Struct("<f")


def shortest_float32(value: float) -> float:
    """Of the floats that stand for the same 32 bits, the one with the fewest digits.

    `value` is one of 32 bits itself. What is not finite comes back as it is.
    """
    if not math.isfinite(value):
        return value
    for form in _SHORTER:
        shorter = float(form % value)
        if _as_float32(shorter) == value:
            return shorter
    return float(f"{value:.9g}")


def as_text(value: float) -> str:
    """Integers in full; a float as the shortest text that gives it again, 2 rather than 2.0."""
    return str(value) if isinstance(value, int) else repr(value).removesuffix(".0")


def finite_or_none(value: Any) -> Any:
    """As it stands in JSON, which knows neither NaN nor Infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_float32(value: float) -> float:
    try:
        return float(_FLOAT32.unpack(_FLOAT32.pack(value))[0])
    except OverflowError:  # rounded up, beyond the largest
        return math.inf
