"""Ranges of bits and of registers, as types: what exists as a range obeys every rule.

The types say what each field accepts, `__post_init__` what fields must be together. A text of its
that begins with a dot goes on from the path of the range, as in `.length: expected ...`, and leaves
it to `explain` to say what stands there instead.

A range of registers is encoded when it is built, which is also how values that do not fit are
found. So a document costs one pass more than its decoding, whatever the data types.
"""

import struct
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from aoba.document.values import (
    PLAIN,
    Form,
    Number,
    Order,
    TypeName,
    Value,
    form_of,
    registers_of,
)
from aoba.modbus.spec import ADDRESS_COUNT, MAX_FIFO
from aoba.spans import Span

MAX_NAME: Final = 200
MAX_UNIT: Final = 50
"""Characters; as long as a script gives them, they are kept for each range."""

Address = Annotated[
    int,
    Meta(ge=0, le=ADDRESS_COUNT - 1, description="First address, zero-based, as on the wire."),
]
Length = Annotated[
    int,
    Meta(
        ge=1,
        le=ADDRESS_COUNT,
        description="Number of addresses; may be left out where initial_values is given.",
    ),
]
Bit = bool | int
Name = Annotated[
    str,
    Meta(
        max_length=MAX_NAME,
        description="For whoever reads `aoba check`.",
        extra={"words": f"a string of at most {MAX_NAME} characters"},
    ),
]
Unit = Annotated[
    str,
    Meta(
        max_length=MAX_UNIT,
        description="Of the values, for whoever reads `aoba check`.",
        extra={"words": f"a string of at most {MAX_UNIT} characters"},
    ),
]
_SCALED: Final = Meta(description="Value = register value * scale + offset.")


class Range(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Consecutive addresses of one table."""

    address_start: Address
    length: Length | UnsetType = UNSET

    @property
    def values(self) -> list[Any]:
        raise NotImplementedError

    @property
    def size(self) -> int:
        """How many addresses the values take."""
        return len(self.values)

    def cells(self) -> bytes:
        """The values in the form of `aoba.modbus.pdu`; shorter than the range where fewer came."""
        raise NotImplementedError

    @property
    def span(self) -> Span:
        return self.__dict__["span"]  # type: ignore[no-any-return]

    def __post_init__(self) -> None:
        self.__dict__["span"] = self._placed()

    def _placed(self) -> Span:
        start, size = self.address_start, self.size
        if self.length is UNSET and not size:
            raise ValueError("`length` is missing, and there are no `initial_values` to count")
        length = size if self.length is UNSET else self.length
        if start + length > ADDRESS_COUNT:
            raise ValueError(
                f"address_start + length: expected at most {ADDRESS_COUNT}, got {start} + {length}"
            )
        if size > length:
            raise ValueError(f"initial_values: expected at most {self._room(length)}")
        return Span(start, start + length)

    def _room(self, length: int) -> str:
        return f"{length}, got {len(self.values)}"


class BitRange(Range, frozen=True, forbid_unknown_fields=True):
    """A range of bits."""

    initial_values: (
        Annotated[
            list[Bit],
            Meta(description="true or any integer but 0 sets the bit, false or 0 clears it."),
        ]
        | UnsetType
    ) = UNSET
    name: Name | UnsetType = UNSET

    @property
    def values(self) -> list[Bit]:
        return [] if self.initial_values is UNSET else self.initial_values

    def cells(self) -> bytes:
        return bytes(map(bool, self.values))


class RegisterRange(Range, frozen=True, forbid_unknown_fields=True):
    """A range of 16-bit registers, one or more of them to a value."""

    initial_values: (
        Annotated[
            list[Value] | str,
            Meta(description="Values of data_type from address_start on, or one string."),
        ]
        | UnsetType
    ) = UNSET
    data_type: Annotated[TypeName, Meta(description="uint16 if not given.")] | UnsetType = UNSET
    word_order: (
        Annotated[Order, Meta(description="Of the registers of a value; big if not given.")]
        | UnsetType
    ) = UNSET
    byte_order: (
        Annotated[Order, Meta(description="Of the bytes of a register; big if not given.")]
        | UnsetType
    ) = UNSET
    scale: Annotated[Number, _SCALED] | UnsetType = UNSET
    offset: Annotated[Number, _SCALED] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    unit: Unit | UnsetType = UNSET

    @property
    def form(self) -> Form:
        return self.__dict__["form"]  # type: ignore[no-any-return]

    @property
    def values(self) -> list[Any]:
        values = self.initial_values
        if isinstance(values, str):
            return [values]
        return [] if values is UNSET else values

    @property
    def size(self) -> int:
        form, values = self.form, self.values
        return sum(map(registers_of, values)) if form.is_string else len(values) * form.registers

    def cells(self) -> bytes:
        return self.__dict__["encoded"]  # type: ignore[no-any-return]

    def __post_init__(self) -> None:
        kept = self.__dict__
        form = kept["form"] = form_of(
            self.data_type, self.word_order, self.byte_order, self.scale, self.offset
        )
        if form is PLAIN and self._is_placed_at_once():
            return
        if form.is_scaled:
            form.check()
        if form.is_string:
            self._check_text()
        elif isinstance(self.initial_values, str):
            raise ValueError(f".initial_values: expected {form.expected_values}")
        super().__post_init__()
        if form.registers > 1 and self.length is not UNSET and self.length % form.registers:
            raise ValueError(
                f".length: expected a multiple of {form.registers}, for {form.data_type}"
            )
        kept["encoded"] = self._encoded()

    def _is_placed_at_once(self) -> bool:
        """Place and encode plain values, in few steps, where nothing stands against it.

        Most ranges are of this kind. For any other, what follows says what is wrong with it.
        """
        start, length, values = self.address_start, self.length, self.initial_values
        if not isinstance(values, list):
            return False
        count = len(values)
        stop = start + (count if length is UNSET else length)
        if not 0 < count <= stop - start or stop > ADDRESS_COUNT:
            return False
        try:
            self.__dict__["encoded"] = struct.pack(f">{count}H", *values)
        except struct.error:
            return False
        self.__dict__["span"] = Span(start, stop)
        return True

    def _check_text(self) -> None:
        values = self.values
        if len(values) > 1:
            raise ValueError(f".initial_values: expected {self.form.expected_values}")
        if values and not isinstance(values[0], str):
            raise ValueError(f".initial_values[0]: expected {self.form.expected(values[0])}")

    def _encoded(self) -> bytes:
        form, values = self.form, self.values
        if not values:
            return b""
        if form.is_string:
            start, stop = self.span
            return form.encode_text(values[0], stop - start)
        try:
            return form.encode(values)
        except ValueError:
            index = form.misfit(values)
            place = f".initial_values[{index}]"
            raise ValueError(f"{place}: expected {form.expected(values[index])}") from None

    def _room(self, length: int) -> str:
        if self.form.is_string:
            size = len(self.values[0].encode())
            return f"{2 * length} bytes in {length} registers, got {size}"
        return f"{length // self.form.registers}, got {len(self.values)}"


class HoldingRange(RegisterRange, frozen=True, forbid_unknown_fields=True):
    """A range of holding registers, or a FIFO queue: its values in order, the oldest first."""

    fifo: (
        Annotated[
            bool,
            Meta(
                description=(
                    "initial_values are a queue, read by function 24 with address_start as pointer "
                    f"address, and not registers; at most {MAX_FIFO} registers, and no length."
                ),
                extra={"words": "true or false"},
            ),
        ]
        | UnsetType
    ) = UNSET

    def _is_placed_at_once(self) -> bool:
        return self.fifo is not True and super()._is_placed_at_once()

    def _placed(self) -> Span:
        """Of a queue nothing but the start is an address."""
        if self.fifo is not True:
            return super()._placed()
        if self.length is not UNSET:
            raise ValueError("a fifo has no `length`, it is as long as its `initial_values`")
        if self.size > MAX_FIFO:
            raise ValueError(
                f"initial_values: expected at most {MAX_FIFO} registers in a fifo, got {self.size}"
            )
        return Span(self.address_start, self.address_start + self.size)


AnyRange = BitRange | RegisterRange | HoldingRange
Ranges = list[BitRange] | list[RegisterRange] | list[HoldingRange]
