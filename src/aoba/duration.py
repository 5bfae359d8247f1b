"""Durations as users write them in a SPEC or a URL: `5`, `2.5s`, `500ms`, `2min`, `1h`."""

import re
from typing import Final

from aoba.errors import UsageError

ACCEPTED: Final = "seconds, or a number with ms, s, min or h, as in 500ms"

_DURATION: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|min|h|)")
_SECONDS: Final = {"ms": 0.001, "": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}

_MOST: Final = 1_000_000 * 365 * 24 * 3600.0
"""A million years. Of a number with hundreds of digits, a float makes infinity."""


def parse_duration(text: str) -> float:
    """Seconds, more than 0. Raises UsageError that says what is accepted."""
    found = _DURATION.fullmatch(text)
    seconds = float(found["number"]) * _SECONDS[found["unit"]] if found else 0.0
    if seconds <= 0:
        raise UsageError(f"expected {ACCEPTED}, got {text!r}")
    if seconds > _MOST:
        raise UsageError(f"expected at most {_MOST / _SECONDS['h']:.0f}h, got {text!r}")
    return seconds


def parse_pause(text: str) -> float:
    """Seconds, 0 or more. Raises UsageError that says what is accepted."""
    return 0.0 if text == "0" else parse_duration(text)
