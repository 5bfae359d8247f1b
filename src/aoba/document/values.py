"""Values of a data type <-> the registers they stand in.

`TYPES` is the one table of what there is: the limits, the words of an error and the JSON Schema
follow from it. A `Form` is what a range says about its values: the type, the order of registers
and bytes, scale and offset. Registers are bytes here, two each, the high one first, as on the wire.

In what order the bytes A B C D of a value come to stand, A being the highest:

    word_order  byte_order
    big         big         ABCD
    little      big         CDAB
    big         little      BADC
    little      little      DCBA

`struct` packs whole lists at once. Where a list does not fit, halving it finds the place.
"""

import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import repeat
from math import isfinite
from operator import sub, truediv
from typing import Annotated, Any, Final, Literal, NamedTuple

from msgspec import UNSET, Meta, Struct

from aoba.document.digits import as_text, shortest_float32
from aoba.document.scaling import Scaling

FLOAT32_MAX: Final = (2 - 2**-23) * 2.0**127
FLOAT64_MAX: Final = sys.float_info.max

_FLOATS_HOLD: Final = 2
"""Registers of an integer that loses no digit in a 64-bit float."""

_SAFE: Final = 2**48
"""Up to here, nor does one of more registers, where floats are subtracted and divided."""


class DataType(NamedTuple):
    code: str
    """Of the module `struct`."""
    registers: int
    """Of one value; a string has as many as it needs."""
    low: float
    high: float


TYPES: Final = {
    "uint16": DataType("H", 1, 0, 2**16 - 1),
    "int16": DataType("h", 1, -(2**15), 2**15 - 1),
    "uint32": DataType("I", 2, 0, 2**32 - 1),
    "int32": DataType("i", 2, -(2**31), 2**31 - 1),
    "uint64": DataType("Q", 4, 0, 2**64 - 1),
    "int64": DataType("q", 4, -(2**63), 2**63 - 1),
    "float32": DataType("f", 2, -FLOAT32_MAX, FLOAT32_MAX),
    "float64": DataType("d", 4, -FLOAT64_MAX, FLOAT64_MAX),
    "string": DataType("s", 1, 0, 0),
}

TypeName = Literal[
    "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "string"
]
Order = Literal["big", "little"]
Number = Annotated[float, Meta(ge=-FLOAT64_MAX, le=FLOAT64_MAX)]  # neither NaN nor infinite
Value = int | Number | str


class Form(Struct, frozen=True, dict=True):
    """How the values of a range stand in its registers.

    With a scale or an offset, whoever reads computes register value * scale + offset. An integer
    type then takes the integer nearest to (value - offset) / scale, of two the even one.
    """

    data_type: TypeName = "uint16"
    word_order: Order = "big"
    byte_order: Order = "big"
    scale: Number | None = None
    offset: Number | None = None

    @cached_property
    def is_string(self) -> bool:
        return self.data_type == "string"

    @cached_property
    def is_float(self) -> bool:
        return self._type.code in "fd"

    @cached_property
    def is_scaled(self) -> bool:
        return self.scale is not None or self.offset is not None

    @cached_property
    def registers(self) -> int:
        return self._type.registers

    @cached_property
    def line(self) -> tuple[float, float]:
        """Scale and offset; 1 and 0 where they are not given."""
        return 1 if self.scale is None else self.scale, self.offset or 0

    def check(self) -> None:
        """Raises ValueError where a number makes no sense, with its name behind a dot."""
        if self.scale == 0:
            raise ValueError(".scale: expected a number other than 0")
        if self.is_string and self.is_scaled:
            name = "offset" if self.scale is None else "scale"
            raise ValueError(f".{name}: expected none for a string")

    def encode(self, values: Sequence[Value]) -> bytes:
        """The registers of numbers. Raises ValueError where one does not fit; see `misfit`."""
        try:
            raw = self._raw(values) if self.is_scaled else values
            packed = struct.pack(self._packing % len(values), *raw)
        except (struct.error, TypeError, ValueError, OverflowError):
            raise ValueError("a value does not fit") from None
        return self._swapped(packed)

    def encode_text(self, text: str, registers: int) -> bytes:
        """The registers of a string, with NULs up to `registers` of them."""
        data = text.encode().ljust(2 * registers, b"\0")
        return self._swapped(data[::-1] if self.word_order == "little" else data)

    def decode(self, cells: bytes) -> list[Any]:
        """The values that stand in whole registers; of a string one, without its last NULs.

        Of integers scaled by integers, these are integers.
        """
        packed = self._swapped(cells)
        if self.is_string:
            data = packed[::-1] if self.word_order == "little" else packed
            return [data.rstrip(b"\0").decode(errors="replace")]
        count = len(packed) // (2 * self.registers)
        raw = struct.unpack(self._packing % count, packed)
        return list(map(self._scaled, raw)) if self.is_scaled else list(raw)

    def shown(self, cells: bytes) -> list[Any]:
        """The same with no more digits than they need, as a person would write them.

        Those of a float may be NaN or infinite.
        """
        values = self.decode(cells)
        if self.data_type == "float32" and not self.is_scaled:
            return list(map(shortest_float32, values))
        return values

    def misfit(self, values: Sequence[Value]) -> int:
        """Index of the first of `values` that does not fit, where `encode` has refused them."""
        low, high = 0, len(values)
        while high - low > 1:
            middle = (low + high) // 2
            try:
                self.encode(values[low:middle])
                low = middle
            except ValueError:
                high = middle
        return low

    @property
    def expected_values(self) -> str:
        """What `initial_values` should be, in words."""
        return "a string" if self.is_string else "a list"

    def expected(self, value: Any) -> str:
        """What should stand where `value` does, in words."""
        if self.is_string:
            return "a string"
        if self.is_float and not (type(value) is int or (type(value) is float and isfinite(value))):
            return "a number"
        low, high = self._type.low, self._type.high
        if self.is_scaled:
            low, high = sorted((self._scaled(low), self._scaled(high)))
        # Hardly anybody comes near to those of a float, so they are rounded.
        return "..".join(f"{it:.12g}" if self.is_float else as_text(it) for it in (low, high))

    @cached_property
    def _type(self) -> DataType:
        return TYPES[self.data_type]

    @cached_property
    def _scaling(self) -> Scaling:
        return Scaling.of(*self.line)

    @cached_property
    def _scaled(self) -> Callable[[Any], Any]:
        """What makes a value of what stands in registers."""
        if not self.is_float:
            return self._scaling.of_integer
        is_short = self.data_type == "float32"
        return self._scaling.of_float32 if is_short else self._scaling.of_float

    @cached_property
    def _packing(self) -> str:
        """The format for `struct`, without the number of values."""
        return ("<" if self.word_order == "little" else ">") + "%d" + self._type.code

    def _raw(self, values: Sequence[Any]) -> Iterable[float]:
        """Raises ValueError, TypeError or OverflowError, at the latest when it is used up."""
        scale, offset = self.line
        raw: Iterable[Any] = values
        if offset:
            raw = map(sub, raw, repeat(offset))
        if scale != 1:
            raw = map(truediv, raw, repeat(scale))
        if self.registers <= _FLOATS_HOLD and not self.is_float:
            return map(round, raw)
        near = list(raw)
        if self.is_float:
            if not all(map(isfinite, near)):  # struct would pack it
                raise ValueError("infinite")
            return near
        if all(max(abs(it), abs(value)) < _SAFE for it, value in zip(near, values, strict=True)):
            return map(round, near)
        return map(self._scaling.to_integer, values)

    def _swapped(self, packed: bytes) -> bytes:
        """Swap the bytes of each register, where its value's own order leaves them wrong."""
        if self.word_order == self.byte_order:
            return packed
        words = array("H", packed)
        words.byteswap()
        return words.tobytes()


@lru_cache(maxsize=1024)
def form_of(*given: object) -> Form:
    """The form with the fields of `Form`, in order, as far as they are not UNSET."""
    fields = zip(Form.__struct_fields__, given, strict=True)
    return Form(**{name: value for name, value in fields if value is not UNSET})  # type: ignore[arg-type]


PLAIN: Final = form_of(UNSET, UNSET, UNSET, UNSET, UNSET)


def registers_of(text: str) -> int:
    return (len(text.encode()) + 1) // 2
