"""Numbers of registers as manuals have them; on the wire, addresses begin at 0 (section 4.4)."""

from typing import Final

from aoba.modbus.spec import Table

_FIRST: Final = {
    Table.DISCRETE_INPUTS: 10001,
    Table.INPUT: 30001,
    Table.HOLDING: 40001,
}
"""What many manuals call address 0; each of these tables has up to 9999 such numbers."""
_NUMBERED: Final = 9999


def manual_hint(table: Table, address: int) -> str:
    """Where `address` (zero-based) looks like the number in a manual: what it may be instead."""
    first = _FIRST.get(table)
    if first is None or not first <= address < first + _NUMBERED:
        return ""
    return f" (addresses count from 0: {address} of a manual may be {address - first} here)"
