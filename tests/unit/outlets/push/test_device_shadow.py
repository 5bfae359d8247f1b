"""One table of one device: what is due, in which requests, and what reads make of it."""

import struct

import pytest

from aoba.modbus.spec import Table
from aoba.outlets.push.device_shadow import DeviceShadow
from aoba.outlets.push.rejections import Refused
from aoba.spans import Span
from builders import decoded, one_range

MOST = 123


class Table1:
    """A shadow over registers that a test sets, with documents for its ranges."""

    def __init__(self, table="holding"):
        self.label = table
        self.registers = [0] * 70_000
        self.is_withheld = False
        self.shadow = DeviceShadow("a.py", 1, Table[table.upper()], self.wanted)

    def wanted(self, start, stop):
        if self.is_withheld:
            return None
        if self.shadow.table.is_bits:
            return bytes(self.registers[start:stop])
        return struct.pack(f">{stop - start}H", *self.registers[start:stop])

    def give(self, start, values=None, **more):
        document = decoded(one_range(self.label, start, values, **more))
        for _, ranges in document.stations[0].map.tables():
            for item in ranges:
                cells = item.cells()
                plain = (
                    cells
                    if self.shadow.table.is_bits
                    else struct.unpack(f">{len(cells) // 2}H", cells)
                )
                self.registers[start : start + len(plain)] = plain
                self.shadow.define(item)

    def due(self, most=MOST):
        """What is written in one round by a device that takes everything."""
        found, at = [], 0
        while span := self.shadow.due(at, 65536, most):
            found.append(tuple(span))
            at = span.stop
        return found

    def push(self):
        found = self.due()
        for start, stop in found:
            self.shadow.written(start, self.wanted(start, stop))
        return found

    def read(self, start, *values, meanwhile=lambda: None):
        self.shadow.asked()
        meanwhile()
        cells = (
            bytes(values) if self.shadow.table.is_bits else struct.pack(f">{len(values)}H", *values)
        )
        news = self.shadow.seen(start, cells)
        for (first, stop), _ in news:  # the image takes it over
            self.registers[first:stop] = values[first - start : stop - start]
        return [(tuple(span), changed) for span, changed in news]


@pytest.fixture
def it():
    return Table1()


def test_nothing_is_due_without_documents(it):
    assert it.due() == []


def test_values_are_due_until_they_are_written(it):
    it.give(5, [1, 2, 3])

    assert it.push() == [(5, 8)]
    assert it.due() == []


def test_only_what_has_changed_is_due(it):
    it.give(0, [1, 2, 3, 4, 5, 6])
    it.push()
    it.give(0, [1, 9, 9, 4, 5, 9])

    assert it.due() == [(1, 3), (5, 6)]


def test_a_zero_that_is_given_is_due_as_any_other_value(it):
    it.give(5, [0, 0])

    assert it.due() == [(5, 7)]


def test_what_ranges_give_no_value_is_never_due(it):
    it.give(0, [1, 2], length=10)
    it.give(20, length=10)

    assert it.due() == [(0, 2)]


def test_ranges_that_touch_are_written_together(it):
    it.give(0, [1, 2])
    it.give(2, [3])

    assert it.due() == [(0, 3)]


def test_a_gap_that_does_not_differ_is_never_bridged(it):
    it.give(0, [1, 2, 3])
    it.push()
    it.give(0, [9, 2, 9])

    assert it.due() == [(0, 1), (2, 3)]


def test_as_many_requests_as_it_takes(it):
    it.give(0, [1] * 300)

    assert it.due() == [(0, 123), (123, 246), (246, 300)]


def test_a_value_of_several_registers_is_written_whole(it):
    it.give(1, [1.5, 2.5, 3.5], data_type="float32")
    it.push()
    it.registers[4] += 1  # the lower half of the second value

    assert it.due() == [(3, 5)]


def test_a_value_of_several_registers_is_never_in_two_requests(it):
    it.give(0, [7])
    it.give(1, [1.5] * 100, data_type="float64")

    assert it.due() == [(0, 121), (121, 241), (241, 361), (361, 401)]


def test_a_string_is_one_value(it):
    it.give(0, "PUMP 7", data_type="string", length=8)
    it.push()
    it.give(0, "PUMP 8", data_type="string", length=8)

    assert it.due() == [(0, 8)]


def test_a_value_that_no_request_can_hold_is_cut(it):
    it.give(0, "x" * 500, data_type="string")

    assert it.push() == [(0, 123), (123, 246), (246, 250)]
    assert it.due() == []


def test_a_range_of_another_type_takes_the_place_of_an_older_one(it):
    it.give(0, [1.5, 2.5], data_type="float32")
    it.push()
    it.give(1, [7])  # within the first value
    it.registers[2] += 1

    assert it.due() == [(1, 4)]
    assert it.shadow.values_in(Span(0, 4)) == 3


def test_what_is_left_of_an_older_value_is_one_of_its_own(it):
    it.give(0, [1.5], data_type="float32")
    it.give(0, [7])

    assert it.shadow.values_in(Span(0, 2)) == 2


def test_one_address_at_a_time(it):
    it.give(0, [1, 2])
    it.give(2, [1.5], data_type="float32")

    assert it.due(most=1) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_coils():
    it = Table1("coils")
    it.give(0, [True] * 2000)

    assert it.due(1968) == [(0, 1968), (1968, 2000)]


def test_what_is_forgotten_is_due_again(it):
    it.give(5, [1, 2, 3])
    it.push()
    it.shadow.forget()

    assert it.due() == [(5, 8)]


def test_what_is_refused_is_not_due(it):
    it.give(0, [1] * 10)
    it.shadow.unwritable.add([Refused(Span(4, 6), 2)], 100)

    assert it.due() == [(0, 4), (6, 10)]
    assert it.shadow.waiting == [(0, 10)]


def test_nothing_is_due_while_values_are_withheld(it):
    it.give(0, [1, 2])
    it.is_withheld = True

    assert it.due() == []
    assert it.shadow.cells(Span(0, 2)) is None


def test_documents_of_an_old_version_are_void(it):
    it.give(0, [1, 2])
    it.shadow.clear()
    it.give(5, [7])

    assert it.due() == [(5, 6)]


def test_halves_are_of_whole_ranges(it):
    for start in (0, 3, 4, 8):
        it.give(start, [1] * {0: 3, 3: 1, 4: 4, 8: 2}[start])

    assert it.shadow.halves(Span(0, 10)) == ((0, 4), (4, 10))
    assert it.shadow.halves(Span(4, 10)) == ((4, 8), (8, 10))
    assert it.shadow.halves(Span(4, 8)) == ()


def test_values_are_counted_not_addresses(it):
    it.give(0, [1, 2])
    it.give(2, [1.5, 2.5], data_type="float32")
    it.give(6, "PUMP 7", data_type="string")

    assert it.shadow.given_values == 5


def test_requests_that_read_have_whole_values(it):
    it.give(0, [1])
    it.give(1, [1.5] * 100, data_type="float32")

    spans = list(it.shadow.readable(Span(0, 65536), 125))
    assert spans == [(0, 125), (125, 201)]
    it.shadow.unreadable.add([Refused(Span(0, 100), 2)], 0)
    assert list(it.shadow.readable(Span(0, 65536), 125)) == [(100, 201)]


def test_what_was_written_and_reads_the_same_is_no_news(it):
    it.give(0, [1, 2, 3])
    it.push()

    assert it.read(0, 1, 2, 3) == []


def test_what_somebody_else_has_written_is(it):
    it.give(0, [1, 2, 3])
    it.push()

    assert it.read(0, 1, 7, 3) == [((1, 2), True)]


def test_what_nobody_has_given_is_news_at_first_and_changed_later(it):
    it.give(0, length=3)

    assert it.read(0, 5, 5, 5) == [((0, 3), False)]
    assert it.read(0, 5, 6, 5) == [((1, 2), True)]


def test_what_still_waits_is_not_replaced_by_what_the_device_has(it):
    it.give(0, [1, 2])
    assert it.read(0, 8, 8) == []  # never written
    assert it.push() == [(0, 2)]
    it.give(0, [1, 3])
    assert it.read(0, 1, 9) == []  # 3 is to be written
    assert it.due() == [(1, 2)]


def test_what_is_given_while_the_device_answers_is_not_replaced(it):
    it.give(0, [1, 2])
    it.push()

    assert it.read(0, 7, 7, meanwhile=lambda: it.give(1, [2])) == [((0, 1), True)]
    assert it.due() == [(1, 2)]


def test_inputs_come_from_the_device_and_are_never_due():
    it = Table1("input")
    it.give(0, [1, 2])

    assert it.read(0, 1, 2) == [((0, 2), False)]
    assert it.due() == []
