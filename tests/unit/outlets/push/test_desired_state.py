"""What documents want of devices, and what becomes of what these hold."""

import struct

import pytest

from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.rejections import Refused
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.image import Image
from aoba.registers.journal import Journal
from aoba.spans import Span
from builders import a_range, a_station, decoded, stations

DEVICE = Peer("tcp://10.0.0.5:502")


class Setting:
    def __init__(self):
        self.image = Image()
        self.desired = DesiredState(self.image, {"fed.py"})
        self.remarks = []
        self.image.changes.subscribe(
            lambda change: self.remarks.extend(self.desired.hear(change)),
            DocumentApplied,
            SourceReset,
        )

    def apply(self, *items, source="a.py", replace=False):
        self.image.apply(source, decoded(stations(*items)), replace=replace)

    def due(self):
        return [
            (shadow.unit, shadow.table.label, tuple(span))
            for shadow in self.desired.shadows
            if shadow.is_writable and (span := shadow.due(0, 65536, 100))
        ]


@pytest.fixture
def it():
    return Setting()


def test_coils_and_holding_registers_of_masters_are_wanted(it):
    it.apply(
        a_station(7, holding=[a_range(0, [1])], coils=[a_range(3, [1])], input=[a_range(0, [1])]),
        a_station(2, "slave", holding=[a_range(0, [1])]),
        a_station(1, holding=[a_range(0, [1])]),
    )

    assert it.due() == [(1, "holding", (0, 1)), (7, "coils", (3, 4)), (7, "holding", (0, 1))]


def test_what_is_not_written_is_said_once(it):
    for _ in range(2):
        it.apply(
            a_station(1, "slave", holding=[a_range(0, [1])]),
            a_station(2, input=[a_range(0, [1])]),
            a_station(3, holding=[a_range(0, [1]), a_range(9, [1], fifo=True)]),
            {**a_station(4, holding=[a_range(0, [1])]), "files": {"1": {"records": [1]}}},
        )

    assert it.remarks == [
        'a.py: station 1: its mode is "slave", so nothing of it is written',
        "a.py: station 2: nothing is written, it has no values of coils or holding registers",
        "a.py: station 3: its queues and files are not written",
        "a.py: station 4: its queues and files are not written",
    ]


def test_a_source_that_only_reads_is_no_cause_for_a_remark(it):
    it.apply(a_station(2, input=[a_range(0, length=2)]), source="fed.py")

    assert it.remarks == []
    assert [station.is_to_be_read for station in it.desired] == [True]


def test_a_reset_makes_void_what_was_wanted(it):
    it.apply(a_station(1, holding=[a_range(0, [1, 2])]))
    it.apply(a_station(1, holding=[a_range(5, [1])]), replace=True)

    assert it.due() == [(1, "holding", (5, 6))]


def test_a_station_that_turns_slave_is_left_alone(it):
    it.apply(a_station(1, holding=[a_range(0, [1, 2])]))
    it.apply(a_station(1, "slave", holding=[a_range(0, [1, 2])]))

    assert it.due() == []


def test_what_the_device_holds_gets_into_the_image_and_the_journal(it):
    journal = Journal(it.image, "fed.py", lambda: 17.0)
    it.apply(
        a_station(1, holding=[a_range(0, [1, 2])], input=[a_range(0, length=1)]), source="fed.py"
    )
    holding, inputs = it.desired.shadows
    holding.written(0, struct.pack(">2H", 1, 2))
    holding.asked()
    inputs.asked()

    it.desired.took(holding, 0, struct.pack(">2H", 1, 9), DEVICE)
    it.desired.took(inputs, 0, struct.pack(">H", 21), DEVICE)

    bank = it.image.stations[1]
    assert bank.tables[Table.HOLDING].read(0, 2) == struct.pack(">2H", 1, 9)
    assert bank.tables[Table.INPUT].read(0, 1) == struct.pack(">H", 21)
    (write,) = journal.take().writes
    assert (write.time, write.unit, write.table, write.address) == (17.0, 1, Table.HOLDING, 1)
    assert (write.cells, write.client) == (struct.pack(">H", 9), "tcp://10.0.0.5:502")
    assert it.due() == []


def test_what_was_read_before_a_reset_is_dropped(it):
    it.apply(a_station(1, holding=[a_range(0, length=2)]), source="fed.py")
    (shadow,) = it.desired.shadows
    shadow.asked()
    it.apply(a_station(2, holding=[a_range(0, [1])]), source="fed.py", replace=True)

    it.desired.took(shadow, 0, struct.pack(">2H", 1, 9), DEVICE)

    assert 1 not in it.image.stations


def test_what_the_device_holds_gets_into_the_image_again_after_a_reset(it):
    for replace in (False, True):
        it.apply(a_station(1, holding=[a_range(0, length=1)]), source="fed.py", replace=replace)
        (shadow,) = it.desired.shadows
        shadow.asked()
        it.desired.took(shadow, 0, b"\0\7", DEVICE)

        assert it.image.stations[1].tables[Table.HOLDING].read(0, 1) == b"\0\7"


def test_stale_values_are_withheld_or_zero(it):
    it.apply(a_station(1, holding=[a_range(0, [1, 2])]))
    (shadow,) = it.desired.shadows
    it.image.mark_stale("a.py", as_zero=False)
    assert it.due() == []

    it.apply(a_station(1, holding=[a_range(0, [1, 2])]))
    it.image.mark_stale("a.py", as_zero=True)
    assert shadow.cells(Span(0, 2)) == bytes(4)


def test_troubles_are_found_wherever_they_are(it):
    it.apply(a_station(1, holding=[a_range(0, [1, 2])]), source="fed.py")
    (shadow,) = it.desired.shadows
    list(next(iter(it.desired)).silence.happened("silent", 0))
    shadow.unwritable.add([Refused(Span(0, 1), 2)], 0)
    shadow.unreadable.add([Refused(Span(1, 2), 2)], 0)
    list(shadow.doubt(1).happened("differs", 0))

    assert [outage.lasts for outage in it.desired.outages] == [True] * 4
