"""Numbers of registers as manuals have them; on the wire, addresses begin at 0 (section 4.4)."""

from typing import Final

from aoba.modbus.spec import ADDRESS_COUNT, Table

_LEADING_DIGITS: Final = {1: Table.DISCRETE_INPUTS, 3: Table.INPUT, 4: Table.HOLDING}
"""Those of coils have a 0, so they look like any other number."""
_POWERS: Final = (10_000, 100_000)
"""Of the leading digit, in numbers of five digits and of six."""


def in_manuals(number: int) -> tuple[Table, int] | None:
    """Table and address of what a manual may call `number`: 40001 is address 0 of `holding`."""
    for power in _POWERS:
        digit, rest = divmod(number, power)
        if digit in _LEADING_DIGITS and 0 < rest <= ADDRESS_COUNT:
            return _LEADING_DIGITS[digit], rest - 1
    return None


def beyond_hint(number: int) -> str:
    """Where `number` is no address, but such a number: which address it is."""
    meant = in_manuals(number) if number >= ADDRESS_COUNT else None
    if not meant:
        return ""
    table, address = meant
    return f"; addresses count from 0: {number} of a manual is {table.label} {address} here"


def manual_hint(table: Table, address: int) -> str:
    """Where `address` (zero-based) of `table` looks like such a number: what it may be instead."""
    meant = in_manuals(address)
    if not meant or meant[0] is not table:
        return ""
    return f" (addresses count from 0: {address} of a manual may be {meant[1]} here)"
