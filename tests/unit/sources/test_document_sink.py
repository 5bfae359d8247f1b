import logging

import pytest

from aoba.document.decode import decode
from aoba.errors import DocumentError
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.document_sink import DocumentSink
from aoba.sources.source_log import SourceLog
from builders import decoded, one_range, raw


class Received:
    def __init__(self):
        self.image, self.heard = Image(), []
        log = SourceLog("a.py")
        self.sink = DocumentSink("a.py", self.image, log, self.heard.append)

    def document(self, value):
        self.sink.document(decode(raw(value)))

    def holding(self):
        return self.image.stations[1].read(Table.HOLDING, 0, 1)


@pytest.fixture
def received(caplog):
    caplog.set_level(logging.INFO, "aoba.source")
    made = Received()
    made.sink.begin(b"v1")
    return made


def test_the_first_document_is_logged_and_all_are_told(received, caplog):
    received.document(one_range("holding", 0, [1]))
    received.document(one_range("holding", 0, [2]))

    assert received.holding() == b"\0\2"
    assert len(received.heard) == 2
    assert (received.sink.documents, received.sink.of_this_run) == (2, 2)
    assert caplog.messages == ["a.py: first document: station 1 (master) holding 0"]


def test_addresses_that_look_as_if_they_were_out_of_a_manual_are_said_with_the_first(
    received, caplog
):
    for value in (1, 2):
        received.document(one_range("holding", 40001, [value]))

    hint = "40001 (addresses count from 0: 40001 of a manual may be 0 here)"
    assert caplog.messages[1:] == [f"a.py: stations[0].map.holding: {hint}"]


def test_each_run_counts_its_own(received):
    received.document(one_range("holding", 0, [1]))
    received.sink.begin(b"v1")

    assert (received.sink.documents, received.sink.of_this_run) == (1, 0)


def test_another_version_replaces_all_once(received, caplog):
    received.document(one_range("holding", 0, [1, 2]))
    received.sink.begin(b"v2")
    received.document(one_range("holding", 0, [3]))
    received.document(one_range("holding", 0, [4]))

    assert list(received.image.blocks("a.py")) == [(1, Table.HOLDING, 0, b"\0\4")]
    assert caplog.messages[1:] == ["a.py: the script has changed, and replaces what it had defined"]


def test_a_document_in_the_way_of_another_source_is_not_told(received):
    received.image.apply("b.py", decoded(one_range("holding", 0, [1])))

    with pytest.raises(DocumentError, match=r"belongs to b\.py"):
        received.document(one_range("holding", 0, [2]))
    assert (received.heard, received.sink.documents) == ([], 0)


def test_an_unknown_field_is_told_once_for_each_version(received, caplog):
    value = one_range("holding", 0, [1]) | {"reboot": 5}
    for version in (b"v1", b"v1", b"v2"):
        received.sink.begin(version)
        received.document(value)

    assert sum("`reboot`: unknown" in message for message in caplog.messages) == 2


def test_what_was_withheld_is_so_no_more(received):
    received.document(one_range("holding", 0, [1]))
    received.image.mark_stale("a.py", as_zero=True)
    assert received.holding() == b"\0\0"
    received.document(one_range("holding", 0, [2]))
    assert received.holding() == b"\0\2"


def test_numbers_in_skipped_text_make_no_other_line(received, caplog):
    for text in ("12:00:01 temp 21.5", "12:00:02 temp 22.0", "12:00:03 hot"):
        received.sink.skipped(text)

    assert caplog.messages == ["a.py: 12:00:01 temp 21.5", "a.py: 12:00:03 hot"]
