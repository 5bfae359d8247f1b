"""Answers of a device that are no data, in words for a person."""

from typing import Final

from aoba.client.blocks import Block
from aoba.modbus.manuals import manual_hint
from aoba.modbus.words import exception_words

ILLEGAL_DATA_ADDRESS: Final = 0x02
FROM_GATEWAYS: Final = frozenset((0x0A, 0x0B))
"""Not the station's own answers: someone on the way to it says that there is none."""


def refusal(what: Block | str, code: int) -> str:
    """`exception 02, illegal data address: 0-9 holding at station 1`."""
    hint = ""
    if isinstance(what, Block) and code == ILLEGAL_DATA_ADDRESS:
        hint = manual_hint(what.table, what.span.start)
    return f"{exception_words(code)}: {what}{hint}"


def silence(what: Block | str, timeout: float, tries: int, *, is_line: bool) -> str:
    times = f", asked {tries} times" if tries > 1 else ""
    check = "unit id, baudrate, parity and wiring" if is_line else "the unit id"
    return (
        f"no answer within {timeout:g} s{times}: {what}; check {check}, or give it more --timeout"
    )
