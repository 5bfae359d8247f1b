"""Numbers with no more digits than they need."""

import math
import struct
from typing import Any

from aoba.document.values import Form


def shortest(value: Any, form: Form) -> Any:
    """`value`, decoded by `form`, as a person would write it; not finite numbers as they are."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    if form.is_scaled:
        return float(f"{value:.12g}")
    if form.data_type == "float32":
        return next((it for it in _shorter(value) if _as_float32(it) == value), value)
    return value


def _shorter(value: float) -> list[float]:
    return [float(f"{value:.{digits}g}") for digits in (6, 7, 8)]


def _as_float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:  # rounded up, beyond the largest
        return math.inf
