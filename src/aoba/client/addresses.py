"""Addresses as users type them: `40`, `0x28`, `0-99`, and of a bit of a register `40.3`.

They count from 0, as on the wire.
"""

import re
from typing import Final, NamedTuple

_NUMBER: Final = r"\d{1,9}|0[xX][0-9a-fA-F]{1,8}"
_ADDRESS: Final = re.compile(rf"({_NUMBER})(?:-({_NUMBER})|\.(\d{{1,9}}))?", re.ASCII)


class Addresses(NamedTuple):
    """What stands in a text, whether there are such addresses or not."""

    first: int
    last: int | None = None
    """None: it was not given."""
    bit: int | None = None


def split_addresses(text: str) -> Addresses | None:
    """None where it looks like no addresses at all."""
    found = _ADDRESS.fullmatch(text)
    if not found:
        return None
    first, last, bit = (None if it is None else _number(it) for it in found.groups())
    return Addresses(first or 0, last, bit)


def _number(text: str) -> int:
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)
