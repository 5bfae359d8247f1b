import pytest

from aoba.document.decode import decode
from aoba.document.meant import MAX_DECODED, is_begun, is_cut_off, is_document, is_meant
from aoba.errors import DocumentError, NoDocument
from builders import a_range, a_station, raw, stations

STATION = a_station(1)
LONG = "x" * MAX_DECODED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], True),
        ([STATION], True),
        ([STATION, a_station(2, "slave")], True),
        ([{**STATION, "id": 999, "more": []}], True),  # its rules are not looked at
        ([{**STATION, "more": LONG}], True),
        (stations(), True),
        (stations(STATION, reboot_interval="no"), True),
        (stations({**STATION, "more": LONG}), True),
        ([1], False),
        ([[]], False),
        ([STATION, {"id": 1}], False),
        ([{"id": 1, "mode": "master"}], False),
        ([a_range(0, [1], name="map")], False),
        ([a_range(0, [1], name=LONG)], False),
        ([[LONG]], False),
        ([{"id": 1, "more": LONG}], True),  # by its beginning, since it is long
        (stations(1), False),
        (stations({"mode": "master", "map": {}}), False),
        ({"stations": {}}, False),
    ],
)
def test_what_is_a_document_as_a_whole(value, expected):
    data = raw(value)

    assert is_document(data, 0, len(data)) is expected
    assert is_document(b"[" + data + b"]", 1, 1 + len(data)) is expected


def test_what_is_no_json_is_no_document():
    for data in (b'{"stations": [],}', b"[,]", b'[{"id": 1, "mode": 2, "map": 3,}]', b'["\xff"]'):
        assert not is_document(data, 0, len(data))


@pytest.mark.parametrize(
    ("begun", "alone", "among_others"),
    [
        (b'{"a": o', True, False),
        (b'{\n "', True, False),
        (b'[{"a', True, False),
        (b'[ {\t"stations" :', True, True),
        (b'{"reboot_interval": o', True, True),
        (b'{"x": {"map": o', True, True),
        (b'[{"mode":', True, True),
        (b'["stations", "', False, False),
        (b"{'a", False, False),
        (b"[1", False, False),
        (b"{}", False, False),
        (b"[[{", False, False),
    ],
)
def test_what_is_begun_as_a_document(begun, alone, among_others):
    assert is_begun(begun, alone=True) is alone
    assert is_begun(begun, alone=False) is among_others
    assert is_cut_off(begun, alone=True) is alone
    assert is_cut_off(begun, alone=False) is among_others


@pytest.mark.parametrize(
    ("begun", "expected"),
    [(b"{", True), (b"{\n", True), (b"[", True), (b"[ {", True), (b"[1", False), (b"[[", False),
     (b"{1", False), (b"[{1", False)],
)  # fmt: skip
def test_what_is_cut_off_may_be_nothing_but_brackets(begun, expected):
    assert is_cut_off(begun, alone=True) is expected
    assert not is_cut_off(begun, alone=False)
    assert not is_begun(begun, alone=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, True),
        ({"stations": 1, "x": 1}, True),
        ({"reboot_interval": 5}, True),
        ({"Station": []}, True),
        ({"statoins": []}, True),
        ({"id": 1, "holding": []}, True),
        ({"mode": "master"}, True),
        ({"id": 1, "mode": "slave", "mapp": {}}, True),
        ({"id": 1, "mode": "slvae", "map": {}, "more": 1}, True),
        ({"id": 1, "map": 1}, True),
        ({"map": {}, "name": "pump"}, True),
        ({"input": [{"address": 1}], "name": "pump"}, True),
        ({"holding": {"0": 21}}, True),
        ({"identity": {}}, True),
        ({"id": 1}, False),
        ({"id": 7, "mode": "auto"}, False),
        ({"mode": "auto", "level": "info"}, False),
        ({"mode": ["auto"]}, False),
        ({"mode": "master", "level": "info"}, False),
        ({"input": 21.5}, False),
        ({"coils": True, "holding": 5}, False),
        ({"map": "of the plant", "level": "info"}, False),
        ({"files": 3}, False),
        ({"identity": "me"}, False),
        ({"station": "north", "t": 21}, False),
        ({"Stations": 3}, False),
        ([{"id": 1}, {"id": 2}], False),
        ([{"id": 1, "files": {}}], True),
        ([{}], False),
        ([{"map": {}}], True),
        ([1, {"coils": []}], True),
        ({"level": "info", "msg": "started", "id": 7}, False),
        ({"status": "ok"}, False),
        ({"identity": "me", "seen": True}, False),
        ([], False),
        ([1, 2], False),
        ([[{"map": {}}]], False),
        ([{"id": 1, "value": 21.5}], False),
        ([*[0] * 99, {"map": {}}], True),
        ([*[0] * 100, {"map": {}}], False),
        ({"x" * 41 + "station": []}, False),
        ({**{f"x{i}": 1 for i in range(49)}, "station": []}, True),
        ({**{f"x{i}": 1 for i in range(50)}, "station": []}, False),
        (42, False),
        ("stations", False),
        (None, False),
        (True, False),
    ],
)
def test_what_is_meant_for_a_document(value, expected):
    assert is_meant(value) is expected


@pytest.mark.parametrize(
    ("data", "kind", "is_json"),
    [
        (b'{"level": "info"}', NoDocument, True),
        (b'{"mode": "auto", "level": "info"}', NoDocument, True),
        (b'{"input": 21.5}', NoDocument, True),
        (b'{"station": "north", "t": 21}', NoDocument, True),
        (b'{"id": 7}', NoDocument, True),
        (b'{"map": {}, "id": 7}', DocumentError, None),
        (b'{"level": "info", "level": "warn"}', NoDocument, True),
        (b"[21, 22]", NoDocument, True),
        (b"[21,, 22]", NoDocument, False),
        (b"{1, 2}", NoDocument, False),
        (b"{'a': 1}", NoDocument, False),
        (b"{}", DocumentError, None),
        (b'{"a": 1,}', DocumentError, None),
        (b'{"stations": 1}', DocumentError, None),
        (b'[{"map": 1}]', DocumentError, None),
    ],
)
def test_the_error_tells_what_was_not_meant_for_a_document(data, kind, is_json):
    with pytest.raises(DocumentError) as caught:
        decode(data)

    assert type(caught.value) is kind
    assert getattr(caught.value, "is_json", None) is is_json
