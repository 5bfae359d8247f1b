"""Answers of a device that are no data, in words for a person."""

from typing import Final

from aoba.client.blocks import Block
from aoba.modbus.spec import Table
from aoba.modbus.words import exception_words

ILLEGAL_DATA_ADDRESS: Final = 0x02
FROM_GATEWAYS: Final = frozenset((0x0A, 0x0B))
"""Not the station's own answers: someone on the way to it says that there is none."""

_IN_MANUALS: Final = {
    Table.DISCRETE_INPUTS: 10001,
    Table.INPUT: 30001,
    Table.HOLDING: 40001,
}
"""What many manuals call address 0; each of these tables has up to 9999 such numbers."""
_NUMBERED: Final = 9999


def refusal(what: Block | str, code: int) -> str:
    """`exception 02, illegal data address: 0-9 holding at station 1`."""
    hint = _hint(what, code) if isinstance(what, Block) else ""
    return f"{exception_words(code)}: {what}{hint}"


def silence(what: Block | str, timeout: float, tries: int, *, is_line: bool) -> str:
    times = f", asked {tries} times" if tries > 1 else ""
    check = "unit id, baudrate, parity and wiring" if is_line else "the unit id"
    return (
        f"no answer within {timeout:g} s{times}: {what}; check {check}, or give it more --timeout"
    )


def _hint(block: Block, code: int) -> str:
    first = _IN_MANUALS.get(block.table)
    start = block.span.start
    if code != ILLEGAL_DATA_ADDRESS or first is None or not first <= start < first + _NUMBERED:
        return ""
    return f" (addresses count from 0: {start} of a manual may be {start - first} here)"
