"""Changes for who reads them in his own time; and the present state for who is too slow."""

import pytest

from aoba.modbus.spec import Table
from aoba.registers import subscription
from aoba.registers.block import Block
from aoba.registers.changes import (
    ClientWrite,
    DocumentApplied,
    PresentState,
    SourceReset,
    SourceState,
    Staleness,
    StalenessChanged,
)
from aoba.registers.image import Image
from aoba.registers.subscription import Subscription
from builders import CLIENT, a_station, decoded, one_range

A = "a.py"
DOCUMENT = decoded(one_range("holding", 0, [1]))


class Reader:
    def __init__(self, *kinds, **options):
        self.image, self.woken = Image(), 0
        self.subscription = Subscription(self.image, self._wake, *kinds, **options)
        self.take = self.subscription.take

    def _wake(self):
        self.woken += 1

    def writes(self, *values):
        for value in values:
            self.image.stations[1].write(Table.HOLDING, 0, bytes((0, value)), CLIENT)


def test_changes_are_taken_once_and_in_order():
    reader = Reader()
    reader.image.apply(A, DOCUMENT)
    reader.writes(7)
    reader.image.mark_stale(A, as_zero=True)

    assert reader.take() == [
        DocumentApplied(A, DOCUMENT),
        ClientWrite(1, Table.HOLDING, 0, b"\0\1", b"\0\7", CLIENT),
        StalenessChanged(A, Staleness.ZERO),
    ]
    assert reader.take() == []


def test_it_is_woken_once_until_it_has_taken():
    reader = Reader()
    reader.image.apply(A, DOCUMENT)
    reader.writes(7, 8)
    assert reader.woken == 1
    reader.take()
    assert reader.woken == 1
    reader.writes(9)
    assert reader.woken == 2


def test_who_does_not_keep_up_gets_the_present_state_and_what_comes_after(monkeypatch):
    monkeypatch.setattr(subscription, "MAX_CHANGES", 3)
    reader = Reader()
    reader.image.apply(A, DOCUMENT)
    reader.writes(*range(10))
    reader.image.mark_stale(A, as_zero=False)
    assert reader.woken == 1

    state = SourceState([Block(1, Table.HOLDING, 0, b"\0\x09")], Staleness.REFUSED)
    assert reader.take() == [PresentState({A: state})]
    reader.writes(11)
    assert [change.after for change in reader.take()] == [b"\0\x0b"]


@pytest.mark.parametrize("table", ["coils", "holding", "input"])
def test_large_changes_are_limited_by_their_size(monkeypatch, table):
    monkeypatch.setattr(subscription, "MAX_BYTES", 99)
    reader = Reader()
    reader.image.apply(A, decoded(one_range(table, 0, length=99 if table == "coils" else 49)))
    assert isinstance(*reader.take(), DocumentApplied)
    reader.image.apply(A, decoded(one_range(table, 0, length=100 if table == "coils" else 50)))

    assert isinstance(*reader.take(), PresentState)
    assert reader.woken == 2


def test_files_count(monkeypatch):
    monkeypatch.setattr(subscription, "MAX_BYTES", 5)
    reader = Reader()
    files = {"1": {"records": [1, 2, 3]}}
    reader.image.apply(A, decoded({"stations": [{**a_station(1), "files": files}]}))

    assert isinstance(*reader.take(), PresentState)


def test_values_that_are_updated_and_written_count(monkeypatch):
    monkeypatch.setattr(subscription, "MAX_BYTES", 5)
    reader = Reader(ClientWrite, subscription.ValuesUpdated)
    reader.image.apply(A, DOCUMENT)
    reader.writes(7)
    reader.image.update_values(A, [Block(1, Table.HOLDING, 0, b"\0\x08")])

    assert isinstance(*reader.take(), PresentState)


def test_who_asks_for_it_begins_with_the_present_state():
    reader = Reader(from_present=True)
    reader.image.apply(A, DOCUMENT)

    assert [type(change) for change in reader.take()] == [PresentState]
    assert reader.take() == []


def test_kinds_and_a_source_may_be_chosen():
    reader = Reader(SourceReset, source="b.py")
    reader.image.apply(A, DOCUMENT)
    reader.image.remove(A)
    reader.image.remove("b.py")

    assert reader.take() == [SourceReset("b.py", is_removed=True)]


def test_after_its_end_nothing_is_heard():
    reader = Reader()
    reader.subscription.close()
    reader.image.apply(A, DOCUMENT)

    assert (reader.take(), reader.woken) == ([], 0)
    assert reader.image.changes.of_all == {}
