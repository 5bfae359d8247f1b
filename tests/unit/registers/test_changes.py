"""What subscribers of an image hear, in which order, and what the image is then."""

import pytest

from aoba.errors import Conflict, IllegalDataAddress
from aoba.modbus.spec import Table
from aoba.registers.block import Block
from aoba.registers.changes import (
    ClientWrite,
    DocumentAccepted,
    DocumentApplied,
    SourceReset,
    Staleness,
    StalenessChanged,
    ValuesUpdated,
)
from aoba.registers.image import Image
from builders import CLIENT, FakeDevice, a_range, a_station, decoded, one_range, stations

A, B = "a.py", "b.py"
KINDS = (
    DocumentAccepted,
    DocumentApplied,
    SourceReset,
    StalenessChanged,
    ValuesUpdated,
    ClientWrite,
)
DOCUMENT = decoded(one_range("holding", 0, [1, 2, 3]))


@pytest.fixture
def image():
    return Image()


@pytest.fixture
def heard(image):
    heard = []
    image.changes.subscribe(heard.append, *KINDS)
    return heard


def write(image, address, cells, unit=1):
    image.stations[unit].write(Table.HOLDING, address, cells, CLIENT)


def test_a_document(image, heard):
    image.apply(A, DOCUMENT)

    assert heard == [DocumentAccepted(A), DocumentApplied(A, DOCUMENT)]


def test_a_document_that_is_refused_changes_nothing(image, heard):
    image.apply(B, DOCUMENT)
    heard.clear()
    with pytest.raises(Conflict):
        image.apply(A, DOCUMENT)

    assert heard == []


def test_the_image_is_as_before_when_accepted_and_as_after_when_applied(image):
    seen = []

    def look(change):
        bank = image.stations.get(1)
        cells = bank.tables[Table.HOLDING].read(0, 1) if bank else None
        seen.append((type(change), cells))

    image.changes.subscribe(look, *KINDS)
    image.apply(A, DOCUMENT)
    image.apply(A, decoded(one_range("holding", 0, [9])), replace=True)

    assert seen == [
        (DocumentAccepted, None),
        (DocumentApplied, b"\0\1"),
        (DocumentAccepted, b"\0\1"),
        (SourceReset, b"\0\x09"),
        (DocumentApplied, b"\0\x09"),
    ]


def test_a_write_has_who_and_what_before_and_after(image, heard):
    image.apply(A, DOCUMENT)
    heard.clear()
    write(image, 1, b"\0\7\0\x08")

    assert heard == [ClientWrite(1, Table.HOLDING, 1, b"\0\2\0\3", b"\0\7\0\x08", CLIENT)]


def test_a_bit_that_a_client_writes(image, heard):
    image.apply(A, decoded(one_range("coils", 4, [0, 1])))
    heard.clear()
    image.stations[1].write(Table.COILS, 4, b"\1\1", CLIENT)

    assert heard == [ClientWrite(1, Table.COILS, 4, b"\0\1", b"\1\1", CLIENT)]


def test_a_write_that_is_refused_is_none(image, heard):
    image.apply(A, DOCUMENT)
    heard.clear()
    with pytest.raises(IllegalDataAddress):
        write(image, 2, bytes(4))

    assert heard == []
    assert image.stations[1].read(Table.HOLDING, 0, 3) == b"\0\1\0\2\0\3"


def test_a_write_to_a_station_that_is_gone_is_refused(image, heard):
    """A client's request may know the station for longer than the image does."""
    image.apply(A, DOCUMENT)
    bank = image.stations[1]
    image.remove(A)
    heard.clear()
    with pytest.raises(IllegalDataAddress):
        bank.write(Table.HOLDING, 0, bytes(2), CLIENT)

    assert heard == []


def test_a_write_that_a_device_decides_about_is_told_when_it_is_carried_out(image, heard):
    image.delegate(A, FakeDevice())
    image.apply(A, DOCUMENT)
    heard.clear()
    image.stations[1].local().write(Table.HOLDING, 0, b"\0\7", CLIENT)

    assert [change.after for change in heard] == [b"\0\7"]


def test_staleness_is_told_when_it_changes(image, heard):
    image.mark_stale(A, as_zero=True)  # there is nothing that could be stale
    image.apply(A, DOCUMENT)
    heard.clear()
    for as_zero in (False, False, True):
        image.mark_stale(A, as_zero=as_zero)
    image.apply(A, DOCUMENT)
    image.apply(A, DOCUMENT)

    assert [it for it in heard if not isinstance(it, DocumentAccepted)] == [
        StalenessChanged(A, Staleness.REFUSED),
        StalenessChanged(A, Staleness.ZERO),
        StalenessChanged(A, Staleness.FRESH),
        DocumentApplied(A, DOCUMENT),
        DocumentApplied(A, DOCUMENT),
    ]


def test_a_document_that_replaces_all_comes_after_the_reset(image, heard):
    image.apply(A, DOCUMENT)
    heard.clear()
    image.apply(A, DOCUMENT, replace=True)

    assert heard[1:] == [SourceReset(A, is_removed=False), DocumentApplied(A, DOCUMENT)]


def test_a_source_that_is_removed(image, heard):
    image.apply(A, DOCUMENT)
    image.mark_stale(A, as_zero=True)
    heard.clear()
    image.remove(A)

    assert heard == [SourceReset(A, is_removed=True)]
    assert image.present().sources == {}


def test_only_values_that_are_others_are_updated(image, heard):
    image.apply(A, DOCUMENT)
    image.mark_stale(A, as_zero=True)
    heard.clear()
    new = Block(1, Table.HOLDING, 1, b"\0\7\0\x08")
    same = Block(1, Table.HOLDING, 0, b"\0\1")
    image.update_values(A, [same, new])
    image.update_values(A, [same])

    assert heard == [ValuesUpdated(A, [new])]
    assert list(image.blocks(A)) == [Block(1, Table.HOLDING, 0, b"\0\1\0\7\0\x08")]
    assert image.present().sources[A].staleness is Staleness.ZERO


def test_updated_values_are_read_at_once(image):
    image.apply(A, DOCUMENT)
    image.cache.keep(b"request", b"answer")
    image.update_values(A, [Block(1, Table.HOLDING, 1, b"\0\7")])

    assert image.cache.find(b"request") is None


def test_of_one_source_and_of_some_kinds(image):
    of_b, applied = [], []
    image.changes.subscribe(of_b.append, DocumentApplied, SourceReset, source=B)
    image.changes.subscribe(applied.append, DocumentApplied)
    other = decoded(stations(a_station(2, holding=[a_range(0, [1])])))
    image.apply(A, DOCUMENT)
    image.apply(B, other)
    image.remove(A)
    image.remove(B)

    assert of_b == [DocumentApplied(B, other), SourceReset(B, is_removed=True)]
    assert applied == [DocumentApplied(A, DOCUMENT), DocumentApplied(B, other)]


def test_who_has_left_hears_no_more_and_leaves_nothing(image):
    changes = image.changes
    first, second = [], []
    leave = changes.subscribe(first.append, DocumentApplied, ClientWrite)
    leave_too = changes.subscribe(second.append, DocumentApplied, source=A)
    image.apply(A, DOCUMENT)
    leave()
    write(image, 0, b"\0\7")
    image.apply(A, DOCUMENT)
    leave_too()
    image.apply(A, DOCUMENT)

    assert (len(first), len(second)) == (1, 2)
    assert (changes.of_all, changes._of_source) == ({}, {})


def test_the_same_may_subscribe_twice(image):
    heard = []
    leave, _ = (image.changes.subscribe(heard.append, DocumentApplied) for _ in range(2))
    image.apply(A, DOCUMENT)
    leave()
    image.apply(A, DOCUMENT)

    assert len(heard) == 3


def test_who_comes_or_goes_while_a_change_is_told_does_so_after_it(image):
    heard = []

    def come_and_go(_):
        leave_other()
        leave()
        image.changes.subscribe(lambda _: heard.append("new"), ClientWrite)

    image.apply(A, DOCUMENT)
    leave = image.changes.subscribe(come_and_go, ClientWrite)
    leave_other = image.changes.subscribe(lambda _: heard.append("other"), ClientWrite)
    write(image, 0, b"\0\7")
    assert heard == ["other"]
    write(image, 0, b"\0\7")
    assert heard == ["other", "new"]


def test_a_change_that_nobody_wants_is_not_made(image):
    def never(*_):
        raise AssertionError

    image.changes.subscribe(never, SourceReset)
    image.changes.subscribe(never, DocumentApplied, source=B)
    image.changes.tell(never, A)
    image.apply(A, DOCUMENT)
    write(image, 0, b"\0\7")

    assert image.stations[1].read(Table.HOLDING, 0, 1) == b"\0\7"
