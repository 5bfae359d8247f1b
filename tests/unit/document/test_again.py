"""Which documents have a frame, and which of others have the same."""

import json

import pytest

from aoba.document import again
from aoba.document.again import Block, Frame
from aoba.document.decode import decode
from aoba.modbus.spec import Table

FIRST = (
    b'[{"id": 1, "mode": "master", "map": {'
    b'"input": [{"address_start": 4, "initial_values": [1, 2]}], '
    b'"coils": [{"address_start": 0, "initial_values": [true]}], '
    b'"holding": [{"initial_values": [3], "address_start": 9}]}}]\n'
)


def frame(raw):
    return Frame.of(raw, decode(raw).document)


def test_numbers_are_decoded_and_the_rest_is_known():
    raw = FIRST.replace(b"[1, 2]", b"[65535,\t0 ]").replace(b"[3]", b"[256]")

    assert sorted(frame(FIRST).blocks(raw)) == [
        Block(1, Table.COILS, 0, b"\1"),
        Block(1, Table.HOLDING, 9, b"\1\0"),
        Block(1, Table.INPUT, 4, b"\xff\xff\0\0"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"[1, 2]", b"[1]"),  # another number of values
        (b"[1, 2]", b"[1, 2, 3]"),
        (b"[1, 2]", b"[]"),
        (b"[1, 2]", b"[1, 65536]"),  # which do not fit
        (b"[1, 2]", b"[1, -1]"),
        (b"[1, 2]", b"[1, 2.0]"),
        (b"[1, 2]", b"[1, true]"),
        (b"[1, 2]", b'[1, "2"]'),
        (b"[1, 2]", b"[1, [2]]"),
        (b"[1, 2]", b"[1, 02]"),  # which are no JSON
        (b"[1, 2]", b"[1 2]"),
        (b"[1, 2]", b"[1, 2"),
        (b"true", b"false"),  # in the frame
        (b'"id": 1', b'"id": 2'),
        (b": 9", b": 10"),
        (b"]\n", b"]]\n"),
        (b"]\n", b""),
    ],
)
def test_what_differs_in_more_is_to_be_decoded(old, new):
    assert old in FIRST
    assert frame(FIRST).blocks(FIRST.replace(old, new)) is None


@pytest.mark.parametrize(
    "more",
    [
        {"mode": "slave"},
        {"identity": {"vendor_name": "ACME"}},
        {"files": {"1": {"records": [1]}}},
        {"map": {"holding": [{"address_start": 0, "fifo": True, "initial_values": [1]}]}},
        {"map": {"input": [{"address_start": 0, "name": "\n", "initial_values": [1]}]}},
    ],
)
def test_a_document_that_is_not_replaced_as_a_whole_has_no_frame(more):
    station = json.loads(FIRST)[0]
    assert frame(json.dumps([station | more]).encode()) is None


def test_a_large_document_has_no_frame(monkeypatch):
    monkeypatch.setattr(again, "MAX_FRAMED", len(FIRST) - 1)
    assert frame(FIRST) is None
