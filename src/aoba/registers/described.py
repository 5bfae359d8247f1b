"""What the ranges of a script say about themselves, and the values that their registers hold.

Only ranges that say something are kept: a name, a unit, a data type, orders, scale or offset. The
values come from the registers, as a client would read them, so they are those of the last document
that had some.
"""

from bisect import bisect_left
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from aoba.document.digits import finite_or_none
from aoba.document.ranges import AnyRange, RegisterRange
from aoba.document.schema import Document
from aoba.document.values import PLAIN, Form
from aoba.modbus.spec import Table
from aoba.registers.bank import Bank
from aoba.spans import Span

MAX_DESCRIBED: Final = 131_072


class Described(NamedTuple):
    span: Span
    form: Form | None
    """None of bits."""
    name: str | None
    unit: str | None

    def values(self, bank: Bank, table: Table, most: int | None = None) -> list[Any]:
        """The first `most` values, or all, with no more digits than they need.

        None where registers hold no number, which those of a float may.
        """
        start, stop = self.span
        if most is not None and not (self.form and self.form.is_string):
            stop = min(stop, start + most * (self.form.registers if self.form else 1))
        return self.decode(bank.tables[table].read(start, stop))

    def decode(self, cells: bytes) -> list[Any]:
        """The values that stand in `cells`, some of the first of the range."""
        if self.form is None:
            return list(cells)
        return list(map(finite_or_none, self.form.shown(cells)))

    def shown(self, table: Table, values: list[Any]) -> dict[str, Any]:
        """What the range says about its values, and the values, as they stand in JSON."""
        return {
            "table": table.label,
            "address_start": self.span.start,
            "length": self.span.stop - self.span.start,
            "data_type": self.form.data_type if self.form else None,
            "name": self.name,
            "unit": self.unit,
            "values": values,
        }

    @property
    def size(self) -> int:
        """How many values there are."""
        if self.form is None:
            return self.span.stop - self.span.start
        registers = self.span.stop - self.span.start
        return 1 if self.form.is_string else registers // self.form.registers

    @property
    def says_something(self) -> bool:
        return self.name is not None or self.unit is not None or self.form not in (None, PLAIN)

    def includes(self, new: "Described") -> bool:
        """Whether `new` stands for a part of the same values and says nothing else of them."""
        is_part = self.span.start <= new.span.start and new.span.stop <= self.span.stop
        step = 1 if self.form is None else self.form.registers
        is_whole = (new.span.start - self.span.start) % step == 0
        same_words = new.name in (None, self.name) and new.unit in (None, self.unit)
        return is_part and is_whole and self.form == new.form and same_words


class Descriptions:
    """Of `MAX_DESCRIBED` ranges at most, so that a source cannot make it grow for ever."""

    def __init__(self) -> None:
        self.is_full = False
        """Whether a range was left out, since there are too many already."""
        self._count = 0
        self._known: dict[tuple[int, Table], list[Described]] = {}  # disjoint and in order

    def of(self, unit: int) -> list[tuple[Table, Described]]:
        """In the order of tables and addresses."""
        return [(table, it) for table in Table for it in self._known.get((unit, table), [])]

    def note(self, document: Document) -> None:
        """The newest description of an address holds, unless it only repeats an older one."""
        for station in document.stations:
            for table, ranges in station.map.tables():
                known = self._known.setdefault((station.id, table), [])
                for item in ranges:
                    self._note(known, _described(item))

    def _note(self, known: list[Described], new: Described) -> None:
        if self._count >= MAX_DESCRIBED and new.says_something:
            self.is_full = True
            return
        before = len(known)
        _put(known, new)
        self._count += len(known) - before


def _described(item: AnyRange) -> Described:
    name = None if item.name is UNSET else item.name
    if not isinstance(item, RegisterRange):
        return Described(item.span, None, name, None)
    return Described(item.span, item.form, name, None if item.unit is UNSET else item.unit)


def _put(known: list[Described], new: Described) -> None:
    first = bisect_left(known, new.span.start + 1, key=lambda it: it.span.stop)
    last = bisect_left(known, new.span.stop, key=lambda it: it.span.start)
    if not any(old.includes(new) for old in known[first:last]):
        known[first:last] = [new] if new.says_something else []
