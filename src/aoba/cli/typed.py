"""What the values of a command are: bits, registers, a data type in them, or bits of them.

Texts that a user types become cells, the cells of a device become values.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aoba.client.blocks import TABLES, Block
from aoba.document.values import PLAIN, Form, registers_of
from aoba.errors import UsageError
from aoba.modbus.spec import ADDRESS_COUNT, Table
from aoba.spans import Span

REGISTER_BITS: Final = 16

_BITS: Final = {"1": 1, "on": 1, "true": 1, "0": 0, "off": 0, "false": 0}


@dataclass(frozen=True, slots=True)
class Typed:
    table: Table
    form: Form | None
    """None of bits."""
    bits: range | None = None
    """Of registers: which of their bits, counted from the lowest of the first register."""

    @property
    def step(self) -> int:
        """Addresses of one value; of a string, one."""
        return self.form.registers if self.form else 1

    @property
    def is_text(self) -> bool:
        return self.form is not None and self.form.is_string

    def block(self, unit: int, address: int, count: int) -> Block:
        """The addresses of `count` values, of a string `count` registers. Raises UsageError."""
        size = count * self.step if self.bits is None else -(-self.bits.stop // REGISTER_BITS)
        stop = address + size
        if stop > ADDRESS_COUNT:
            raise UsageError(
                f"{size} addresses from {address} on: "
                f"expected the last to be at most {ADDRESS_COUNT - 1}, got {stop - 1}"
            )
        return Block(unit, self.table, Span(address, stop))

    def where(self, block: Block, first: int, stop: int) -> str:
        """Addresses of the values with the indices from `first` on, without `stop`."""
        start = block.span.start
        if self.bits is not None:
            ends = dict.fromkeys((self.bits[first], self.bits[stop - 1]))
            return "..".join(f"{start + at // REGISTER_BITS}.{at % REGISTER_BITS}" for at in ends)
        step = block.size if self.is_text else self.step
        return str(Span(start + step * first, min(start + step * stop, block.span.stop)))

    def values(self, cells: bytes) -> list[Any]:
        """Numbers have no more digits than they need; those of a float may be NaN or infinite."""
        if self.bits is not None:
            registers = struct.unpack(f">{len(cells) // 2}H", cells)
            return [registers[at // REGISTER_BITS] >> at % REGISTER_BITS & 1 for at in self.bits]
        if self.form is None:
            return list(cells)
        return self.form.shown(cells)

    def cells(self, texts: Sequence[str], length: int | None = None) -> bytes:
        """What to write; `length` is how many registers a string has. Raises UsageError."""
        if self.form is not None and self.is_text:
            return _text(self.form, texts, length)
        if length is not None:
            raise UsageError("--length goes with --type string")
        if self.form is None:
            return bytes(_bit(texts, index) for index in range(len(texts)))
        numbers = [_number(text) for text in texts]
        try:
            return self.form.encode(numbers)
        except ValueError:
            index = self.form.misfit(numbers)
        if texts[index].startswith("--"):
            raise UsageError(f"no such option: {texts[index]}")
        other = "; --type has other limits" if self.form == PLAIN else ""
        raise _misfit(texts, index, self.form.expected(numbers[index]), other)


def typed(table: str, *options: Any) -> Typed:
    """`options` are the fields of `Form`, None where not given. Raises UsageError."""
    names = Form.__struct_fields__
    given = {name: it for name, it in zip(names, options, strict=True) if it is not None}
    if TABLES[table].is_bits:
        if given:
            raise UsageError(f"{_option(next(iter(given)))}: {table} are bits, which have no type")
        return Typed(TABLES[table], None)
    for name, it in given.items():
        if isinstance(it, float) and not math.isfinite(it):
            raise UsageError(f"{_option(name)}: expected a number, got {it}")
    form = Form(**given)
    try:
        form.check()
    except ValueError as error:
        name, _, reason = str(error).removeprefix(".").partition(": ")
        raise UsageError(f"{_option(name)}: {reason}") from None
    return Typed(TABLES[table], form)


def bits_of_registers(table: str, bit: int, count: int, *options: Any) -> Typed:
    """`count` bits from `bit` of the first register on. Raises UsageError."""
    if TABLES[table].is_bits:
        raise UsageError(f"ADDRESS: {table} are bits, which have none; registers do")
    if bit >= REGISTER_BITS:
        raise UsageError(f"ADDRESS: expected a bit from 0, the lowest, to 15, got {bit}")
    for name, it in zip(Form.__struct_fields__, options, strict=True):
        if it is not None:
            raise UsageError(f"{_option(name)}: a bit of a register has no type")
    return Typed(TABLES[table], None, range(bit, bit + count))


def _option(name: str) -> str:
    return "--type" if name == "data_type" else f"--{name.replace('_', '-')}"


def _bit(texts: Sequence[str], index: int) -> int:
    text = texts[index].lower()
    if text.startswith("--"):
        raise UsageError(f"no such option: {text}")
    if text not in _BITS:
        raise _misfit(texts, index, "0, 1, on, off, true or false")
    return _BITS[text]


def _number(text: str) -> Any:
    """`text` as it is where that is no number, or none that a register can hold."""
    for parse in (int, lambda it: int(it, 0), float):
        try:
            number = parse(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text


def _text(form: Form, texts: Sequence[str], length: int | None) -> bytes:
    if len(texts) > 1:
        raise UsageError(f"expected one string, got {len(texts)}; quote it where it has spaces")
    size = registers_of(texts[0])
    if length is not None and size > length:
        raise UsageError(f"--length: expected at least {size}, which the string needs")
    cells = form.encode_text(texts[0], length or size)
    if not cells:
        raise UsageError(
            "expected a string; an empty one needs --length, how many registers it has"
        )
    return cells


def _misfit(texts: Sequence[str], index: int, expected: str, more: str = "") -> UsageError:
    which = f"value {index + 1} of {len(texts)}" if len(texts) > 1 else "the value"
    return UsageError(f"{which}: expected {expected}, got {texts[index]}{more}")
