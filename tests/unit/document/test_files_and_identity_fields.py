"""Files, queues and identity in a document: what is taken, and what is said of the rest."""

import jsonschema
import pytest

from aoba.document.decode import decode
from aoba.document.json_schema import json_schema
from aoba.errors import DocumentError
from aoba.identity import NAME_WORDS
from builders import a_range, a_station, decoded, raw, stations

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
AN_INTEGER = "expected 0..65535"
FLAG = "expected true or false"
A_FILE = "expected a file number, 1 to 65535"
TEXT = "expected ASCII text of at most 244 characters"
MAX_FILE = [0] * 10_000
FIRST = "stations[0].map.holding[0]"
TOO_LONG = f"{FIRST}: initial_values: expected at most 31 registers in a fifo, got 32"
NO_LENGTH = f"{FIRST}: `length` is missing, and there are no `initial_values` to count"


def with_files(files):
    return stations({**a_station(), "files": files})


def with_identity(identity):
    return stations({**a_station(), "identity": identity})


def with_fifo(*values, **more):
    return stations(a_station(holding=[a_range(10, list(values), fifo=True, **more)]))


RIGHT = [
    with_files({}),
    with_files({"1": {"records": []}, "65535": {"records": [0, 65535]}}),
    with_files({"4": {"records": MAX_FILE}}),
    with_identity({}),
    with_identity({"vendor_name": "", "revision": "~" * 244, "0x80": " ", "0xfF": "x"}),
    stations(identity={"user_application_name": "x"}),
    with_fifo(),
    with_fifo(*range(31)),
    with_fifo(1.5, data_type="float32", name="flow"),
    stations(a_station(holding=[a_range(10, fifo=True)])),
    stations(a_station(holding=[a_range(10, [1], fifo=False, length=3)])),
    stations(a_station(holding=[a_range(10, [1]), a_range(10, [1], fifo=True)])),
    stations(a_station(holding=[a_range(65535, [1] * 31, fifo=True)])),
]

WRONG = [
    (with_files([]), "stations[0].files: expected an object, got a list of 0"),
    (with_files({"0": {"records": []}}), f'stations[0].files: {A_FILE}, got "0"'),
    (with_files({"65536": {"records": []}}), f'stations[0].files: {A_FILE}, got "65536"'),
    (with_files({"04": {"records": []}}), f'stations[0].files: {A_FILE}, got "04"'),
    (with_files({"4\n": {"records": []}}), rf'stations[0].files: {A_FILE}, got "4\n"'),
    (with_files({"4": []}), "stations[0].files.4: expected an object, got a list of 0"),
    (with_files({"4": {}}), "stations[0].files.4: `records` is missing"),
    (
        with_files({"3": {"records": [1]}, "4": {"records": [1, 70000]}}),
        f"stations[0].files.4.records[1]: {AN_INTEGER}, got 70000",
    ),
    (
        with_files({"4": {"records": [*MAX_FILE, 0]}}),
        "stations[0].files.4.records: expected a list of at most 10000, got a list of 10001",
    ),
    (
        with_identity({"vendor": "x"}),
        f'stations[0].identity: expected {NAME_WORDS}, got "vendor"',
    ),
    (
        stations(identity={"0x7F": "x"}),
        f'identity: expected {NAME_WORDS}, got "0x7F"',
    ),
    (
        with_identity({"revision": "1", "vendor_name": "Müller"}),
        f'stations[0].identity.vendor_name: {TEXT}, got "Müller"',
    ),
    (with_identity({"0x80": 1}), f"stations[0].identity.0x80: {TEXT}, got 1"),
    (stations(identity={"0x80": "a\n"}), rf'identity.0x80: {TEXT}, got "a\n"'),
    (
        stations(identity={"revision": "x" * 245}),
        f'identity.revision: {TEXT}, got "{"x" * 39}...',
    ),
    (
        with_fifo(*[1] * 32),
        TOO_LONG,
    ),
    (
        with_fifo(1, length=1),
        "stations[0].map.holding[0]: a fifo has no `length`, it is as long as its `initial_values`",
    ),
    (stations(a_station(holding=[a_range(1, fifo=1)])), f"{FIRST}.fifo: {FLAG}, got 1"),
    (with_fifo(70000), f"stations[0].map.holding[0].initial_values[0]: {AN_INTEGER}, got 70000"),
    (
        stations(a_station(holding=[a_range(10, fifo=False)])),
        NO_LENGTH,
    ),
]

WRONG_TOGETHER = [
    (
        with_fifo(*[1.5] * 16, data_type="float32"),
        TOO_LONG,
    ),
    (
        stations(
            a_station(holding=[a_range(10, fifo=True), a_range(0, [1]), a_range(10, fifo=True)])
        ),
        "stations[0].map.holding[2]: 10 is already the pointer of stations[0].map.holding[0]",
    ),
    (
        with_identity({"0x8a": "a", "0x8A": "b"}),
        "stations[0]: identity: `0x8A` stands there twice",
    ),
    (stations(identity={"0x8a": "a", "0x8A": "b"}), "identity: `0x8A` stands there twice"),
]
"""What a JSON Schema cannot say."""


@pytest.mark.parametrize("value", RIGHT)
def test_what_is_taken(value):
    assert decode(raw(value)).unknown == []
    assert VALIDATOR.is_valid(value)


@pytest.mark.parametrize(("value", "message"), WRONG + WRONG_TOGETHER)
def test_what_is_wrong_and_where(value, message):
    with pytest.raises(DocumentError) as caught:
        decode(raw(value))

    assert str(caught.value) == message
    assert VALIDATOR.is_valid(value) is ((value, message) in WRONG_TOGETHER)


def test_a_file_that_stands_twice_is_an_error():
    text = raw(with_files({"4": {"records": []}, "5": {"records": []}})).replace(b'"5"', b'"4"')

    with pytest.raises(DocumentError, match=r"stations\[0\]\.files: `4` stands there twice"):
        decode(text)


def test_unknown_fields_of_a_file_are_named():
    document, unknown = decode(raw(with_files({"4": {"records": [1], "recors": [2]}})))

    assert unknown == ["stations[0].files.4: `recors`: unknown, did you mean `records`?"]
    assert document.stations[0].files["4"].records == [1]


def test_a_queue_is_for_holding_registers_only():
    _, unknown = decode(raw(stations(a_station(input=[a_range(1, [2], fifo=True)]))))

    assert unknown[0].startswith("stations[0].map.input[0]: `fifo`: unknown")


def test_queues_are_apart_from_ranges():
    document = decoded(
        stations(a_station(holding=[a_range(0, [1]), a_range(9, [2], fifo=True), a_range(5, [3])]))
    )
    its_map = document.stations[0].map
    ((_, ranges),) = its_map.tables()
    (queue,) = its_map.fifos()

    assert [item.span for item in ranges] == [(0, 1), (5, 6)]
    assert queue.cells() == b"\x00\x02"
    assert its_map.place(queue) == "map.holding[1]"
    assert its_map.place(ranges[1]) == "map.holding[2]"


def test_the_place_of_an_overlap_counts_the_queues():
    some = [a_range(5, fifo=True), a_range(5, [1]), a_range(5, [2])]

    with pytest.raises(DocumentError) as caught:
        decode(raw(stations(a_station(holding=some))))
    assert str(caught.value) == (
        "stations[0].map.holding[2]: addresses 5 overlap stations[0].map.holding[1], 5"
    )


def test_files_and_queues_count_as_ranges():
    half = [a_range(i, [], fifo=True) for i in range(32768)]
    files = {str(i): {"records": []} for i in range(1, 32769)}
    station = {**a_station(holding=half), "files": files}
    assert len(decode(raw([station])).document.stations) == 1

    with pytest.raises(DocumentError, match="expected at most 65536 ranges in all, got 65537"):
        decode(raw([station, a_station(2, coils=[a_range(0, [1])])]))
