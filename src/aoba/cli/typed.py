"""What the values of a command are: bits, registers, or a data type in them.

Texts that a user types become cells, the cells of a device become values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aoba.client.blocks import TABLES, Block
from aoba.document.values import PLAIN, Form, registers_of
from aoba.errors import UsageError
from aoba.modbus.spec import ADDRESS_COUNT, Table
from aoba.spans import Span

_BITS: Final = {"1": 1, "on": 1, "true": 1, "0": 0, "off": 0, "false": 0}


@dataclass(frozen=True, slots=True)
class Typed:
    table: Table
    form: Form | None
    """None of bits."""

    @property
    def step(self) -> int:
        """Addresses of one value; of a string, one."""
        return self.form.registers if self.form else 1

    @property
    def is_text(self) -> bool:
        return self.form is not None and self.form.is_string

    def block(self, unit: int, address: int, count: int) -> Block:
        """The addresses of `count` values, of a string `count` registers. Raises UsageError."""
        stop = address + count * self.step
        if stop > ADDRESS_COUNT:
            raise UsageError(
                f"{count * self.step} addresses from {address} on: "
                f"expected the last to be at most {ADDRESS_COUNT - 1}, got {stop - 1}"
            )
        return Block(unit, self.table, Span(address, stop))

    def values(self, cells: bytes) -> list[Any]:
        """Numbers have no more digits than they need; those of a float may be NaN or infinite."""
        if self.form is None:
            return list(cells)
        return self.form.shown(cells)

    def cells(self, texts: Sequence[str], length: int | None = None) -> bytes:
        """What to write; `length` is how many registers a string has. Raises UsageError."""
        if self.form is None:
            return bytes(_bit(texts, index) for index in range(len(texts)))
        if self.is_text:
            return _text(self.form, texts, length)
        if length is not None:
            raise UsageError("--length goes with --type string")
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
