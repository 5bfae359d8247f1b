"""Names of buses: a bus is a set of stations with unit ids of their own, as on one RS-485 line."""

import re
from typing import Final

from aoba.errors import UsageError

MAIN: Final = "main"
"""The bus of whatever names none."""

BUS_PATTERN: Final = r"^[A-Za-z0-9_.:-]{1,64}$(?!\n)"
BUS_WORDS: Final = "the name of a bus: up to 64 letters, digits and -._:"


def parse_bus(text: str) -> str:
    """Raises UsageError that says what is accepted."""
    if not re.search(BUS_PATTERN, text):
        raise UsageError(f"expected {BUS_WORDS}, got {text!r}")
    return text
