"""Where a command reads or writes, as users type it: `40`, `0x28`, `0-99`, `40.3`."""

from typing import NamedTuple

from aoba.cli.typed import Typed
from aoba.client.addresses import split_addresses
from aoba.errors import UsageError
from aoba.modbus.manuals import beyond_hint
from aoba.modbus.spec import ADDRESS_COUNT

_LIMITS = f"0..{ADDRESS_COUNT - 1}"


class Place(NamedTuple):
    start: int
    size: int | None = None
    """Addresses, where the last one was given, too."""
    bit: int | None = None
    """Of the register at `start`."""

    def values(self, given: int | None, typed: Typed) -> int:
        """How many values there are; of a string, registers. Raises UsageError."""
        if self.size is None:
            return 1 if given is None else given
        if given is not None:
            raise UsageError("COUNT: expected none, since ADDRESS says what is the last one")
        if self.size % typed.step:
            form = typed.form.data_type if typed.form else ""
            raise UsageError(
                f"ADDRESS: expected a multiple of {typed.step} registers, for {form}, "
                f"got {self.size}"
            )
        return self.size // typed.step

    def expect(self, size: int) -> None:
        """Raises UsageError where values of `size` addresses do not fill it."""
        if self.size not in (None, size):
            raise UsageError(f"expected values for {self.size} addresses, got {size}")


def parse_place(text: str) -> Place:
    """Raises UsageError, which says what is accepted, and of a number in manuals what it means."""
    if text.startswith("--"):
        raise UsageError(f"no such option: {text}")
    found = split_addresses(text)
    if not found:
        accepted = f"{_LIMITS}, or first and last as in 0-99, or a bit of a register as in 40.3"
        raise UsageError(f"ADDRESS: expected {accepted}, got {text}")
    first, last, bit = found
    if max(first, last or 0) >= ADDRESS_COUNT:
        raise UsageError(f"ADDRESS: expected {_LIMITS}, got {text}{beyond_hint(first)}")
    if last is None:
        return Place(first, bit=bit)
    if last < first:
        raise UsageError(f"ADDRESS: expected the first one before the last, got {text}")
    return Place(first, last - first + 1)
