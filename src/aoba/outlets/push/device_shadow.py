"""One table of one device: what it is known to hold, against what it should hold.

What it should hold comes from the image, and only of addresses that documents have given values to;
what ranges define and give no value is never written. What it does hold is known from what was
written or read, and unknown at first.

Nothing but what differs is written, not even to bridge a gap between two blocks that do: there are
devices which act upon a write of the value that they have. A value of several registers is written
whole wherever one request can hold it, since a device may use it between two.

Maps have one byte for each address of the table (cells of registers two), up to the last one that
is defined, so that the usual case, nothing has changed, is a comparison of slices.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from aoba.client.blocks import Block
from aoba.client.words import refusal
from aoba.document.ranges import AnyRange, RegisterRange
from aoba.modbus.spec import ADDRESS_COUNT, Table
from aoba.outlets.push.rejections import Refused, Rejections
from aoba.retry import Outage
from aoba.spans import Span, Spans

Desired = Callable[[int, int], bytes | None]
"""The cells that there should be from one address up to another; None where they are withheld."""

FIRST: Final = 0
"""Of an address with which a range begins."""
INNER: Final = 1
"""With which a value begins, but no range."""
REST: Final = 2
"""Which belongs to the value before."""

_STRIDE: Final = 64
"""Addresses that are compared at a time."""


class DeviceShadow:
    """`table` of the station `unit`, as far as `source` defines it."""

    def __init__(self, source: str, unit: int, table: Table, desired: Desired) -> None:
        self.source, self.unit, self.table = source, unit, table
        self.width = 1 if table.is_bits else 2
        self.is_writable = table in (Table.COILS, Table.HOLDING)
        self.unwritable = Rejections(lambda it: self._refusal(it, "written"), self.cells)
        self.unreadable = Rejections(lambda it: self._refusal(it, "read"), lambda _: None)
        self.doubts: dict[int, Outage] = {}
        self._desired = desired
        self._size = 0  # addresses that the maps have room for
        self._is_reported, self._reported, self._bonds = bytearray(), bytearray(), bytearray()
        self.clear()

    def clear(self) -> None:
        """What documents have said is void. What the device holds is as well known as before."""
        self.defined, self.given = Spans(), Spans()
        self._newer = Spans()  # given since the newest request to read
        self._bonds = bytearray(len(self._bonds))
        self.unwritable.clear()
        self.unreadable.clear()

    def define(self, item: AnyRange) -> None:
        """Take the range of a document, which is in the image by now."""
        start, stop = item.span
        self._make_room(stop + 1)
        step = 1
        if isinstance(item, RegisterRange):
            step = stop - start if item.form.is_string else item.form.registers
        value = bytes((INNER, *(step - 1) * (REST,)))
        self._bonds[start:stop] = value * ((stop - start) // step)
        self._bonds[start] = self._bonds[stop] = FIRST
        self.defined.add(start, stop)
        if size := len(item.cells()) // self.width:
            self._newer.add(start, start + size)
            if self.is_writable:
                self.given.add(start, start + size)

    def block(self, span: Span) -> Block:
        return Block(self.unit, self.table, span)

    def due(self, start: int, stop: int, most: int) -> Span | None:
        """The first addresses within `start..stop` to be written, as one request of `most` can."""
        for given in self.given.parts(start, stop):
            for span in self.unwritable.spans.gaps(*given):
                if found := self._due(span, most):
                    return found
        return None

    def cells(self, span: Span) -> bytes | None:
        """What there should be."""
        return self._desired(*span)

    def readable(self, within: Span, most: int) -> Iterator[Span]:
        """What is defined, and not known to be refused, in parts of `most` addresses at most."""
        for defined in self.defined.parts(*within):
            for span in self.unreadable.spans.gaps(*defined):
                start = span.start
                while start < span.stop:
                    stop = min(start + most, span.stop)
                    if stop < span.stop and (first := self._value_at(stop, span).start) > start:
                        stop = first
                    yield Span(start, stop)
                    start = stop

    def halves(self, span: Span) -> tuple[Span, ...]:
        """Two parts of it, where it is of more than one range; else nothing."""
        seams = [at for at in range(span.start + 1, span.stop) if self._bonds[at] == FIRST]
        if not seams:
            return ()
        middle = seams[len(seams) // 2]
        return Span(span.start, middle), Span(middle, span.stop)

    def values_in(self, span: Span) -> int:
        """How many values these addresses are."""
        return span.stop - span.start - self._bonds.count(REST, span.start, span.stop)

    @property
    def given_values(self) -> int:
        return sum(map(self.values_in, self.given))

    @property
    def waiting(self) -> list[Span]:
        """What the device should hold and, as far as is known, does not."""
        found = Spans()
        for given in self.given:
            at = given.start
            while span := self._due(Span(at, given.stop), ADDRESS_COUNT):
                found.add(*span)
                at = span.stop
        return list(found)

    def doubt(self, address: int) -> Outage:
        """That something else was read there than written."""
        return self.doubts.setdefault(address, Outage())

    def forget(self) -> None:
        """It may hold anything now."""
        self._is_reported = bytearray(self._size)

    def written(self, start: int, cells: bytes) -> None:
        """The device has taken `cells`."""
        self._is_reported[start : start + len(cells) // self.width] = b"\1" * (
            len(cells) // self.width
        )
        self._reported[self.width * start : self.width * start + len(cells)] = cells

    def asked(self) -> None:
        """The device is about to be read; see `seen`."""
        self._newer = Spans()

    def seen(self, start: int, cells: bytes) -> list[tuple[Span, bool]]:
        """The device has been read: what the image is to take over from there.

        The flag says whether somebody else has changed it since it was last written or read. What
        waits to be written is not taken over, nor what was given since it was `asked`.
        """
        stop = start + len(cells) // self.width
        desired = self._desired(start, stop)
        news = [self._news(at, start, cells, desired) for at in range(start, stop)]
        self.written(start, cells)
        found: list[tuple[Span, bool]] = []
        at = start
        for (is_new, is_changed), items in groupby(news):
            first, at = at, at + sum(1 for _ in items)
            if is_new:
                found += [(span, is_changed) for span in self._newer.gaps(first, at)]
        return found

    def _news(self, at: int, start: int, cells: bytes, desired: bytes | None) -> tuple[bool, bool]:
        """Whether the image is to take over the cell at `at`, and whether it was changed."""
        if not self.is_writable:
            return True, False
        place = slice(self.width * (at - start), self.width * (at - start + 1))
        held = self._reported[self.width * at : self.width * (at + 1)]
        is_known = bool(self._is_reported[at])
        if self.given.covers(at, at + 1) and (not is_known or (desired and desired[place] != held)):
            return False, False  # it waits
        is_changed = is_known and held != cells[place]
        # A source that is edited begins anew in the image, though the device may be as it was.
        is_new = not is_known or bool(desired and desired[place] != cells[place])
        return is_changed or is_new, is_changed

    def _refusal(self, refused: Refused, what: str) -> str:
        return f"{refusal(self.block(refused.span), refused.code)}; not {what}"

    def _make_room(self, size: int) -> None:
        more = max(0, size - self._size)
        self._size += more
        self._is_reported.extend(bytes(more))
        self._bonds.extend(bytes(more))
        self._reported.extend(bytes(self.width * more))

    def _due(self, span: Span, most: int) -> Span | None:
        desired = self._desired(*span)
        if desired is None:
            return None
        first = self._difference(span, desired)
        if first is None:
            return None
        start = stop = self._value_at(first, span).start
        while stop < span.stop:
            value = self._value_at(stop, span)
            if value.stop - start > most or self._is_same(value, span, desired):
                break
            stop = value.stop
        # A value that no request can hold is cut.
        return Span(start, stop) if stop > start else Span(first, min(first + most, span.stop))

    def _difference(self, span: Span, desired: bytes) -> int | None:
        for start in range(*span, _STRIDE):
            part = Span(start, min(start + _STRIDE, span.stop))
            if not self._is_same(part, span, desired):
                differ = (
                    a for a in range(*part) if not self._is_same(Span(a, a + 1), span, desired)
                )
                return next(differ)
        return None

    def _is_same(self, part: Span, span: Span, desired: bytes) -> bool:
        """Whether the device holds in `part` of `span` what is desired of `span`."""
        first, last = (self.width * (at - span.start) for at in part)
        held = self._reported[self.width * part.start : self.width * part.stop]
        return self._is_reported.find(0, *part) < 0 and held == desired[first:last]

    def _value_at(self, at: int, span: Span) -> Span:
        """All addresses within `span` of the value that `at` is one of."""
        start, stop = at, at + 1
        while start > span.start and self._bonds[start] == REST:
            start -= 1
        while stop < span.stop and self._bonds[stop] == REST:
            stop += 1
        return Span(start, stop)
