"""Every kind of error, with its exact place and words."""

import json

import pytest

from aoba.document.decode import decode, decode_whole
from aoba.document.ranges import HoldingRange
from aoba.document.values import TYPES
from aoba.errors import DocumentError
from builders import a_range, a_station, one_range, raw, stations

COIL = "stations[0].map.coils[0]"
FIRST = "stations[0].map.holding[0]"
FIRST_VALUE = f"{FIRST}.initial_values[0]: expected 0..65535"


IN_MS = "; it is in milliseconds, 1000 are a second"
FRACTION = '; fractions need a `data_type` like "float32", or a `scale`'
FIRST_VALUE_IS = f"{FIRST}.initial_values[0]: expected"
TYPE_NAMES = " or ".join(f'"{name}"' for name in sorted(TYPES))


def typed(data_type, *values, **more):
    return one_range("holding", 0, list(values), data_type=data_type, **more)


def with_values(*values, table="holding"):
    return one_range(table, 0, list(values))


def with_station(**fields):
    return stations(a_station() | fields)


WRONG_VALUES = [
    # the whole
    ({}, "`stations` is missing"),
    ({"stations": 1}, "stations: expected a list, got 1"),
    ({"stations": {}}, "stations: expected a list, got an object"),
    ({"stations": None}, "stations: expected a list, got null"),
    ([1], "stations[0]: expected an object, got 1"),
    ([[], 1], "stations[0]: expected an object, got a list of 0"),
    # reboot_interval
    (stations(reboot_interval=9), f"reboot_interval: expected 10..86400000, got 9{IN_MS}"),
    (stations(reboot_interval=86_400_001), "reboot_interval: expected 10..86400000, got 86400001"),
    (stations(reboot_interval=1e3), "reboot_interval: expected 10..86400000, got 1000.0, a float"),
    (stations(reboot_interval="9"), f'reboot_interval: expected 10..86400000, got "9"{IN_MS}'),
    # a station
    ([{"mode": "slave", "map": {}}], "stations[0]: `id` is missing"),
    ([{"id": 1, "map": {}}], "stations[0]: `mode` is missing"),
    ([{"id": 1, "mode": "slave"}], "stations[0]: `map` is missing"),
    (with_station(id=0), "stations[0].id: expected 1..247, got 0"),
    (with_station(id=248), "stations[0].id: expected 1..247, got 248"),
    (with_station(id=-1), "stations[0].id: expected 1..247, got -1"),
    (with_station(id=True), "stations[0].id: expected 1..247, got true"),
    (with_station(id="1"), 'stations[0].id: expected 1..247, got "1"'),
    (with_station(id=1.0), "stations[0].id: expected 1..247, got 1.0, a float"),
    (with_station(mode="Master"), 'stations[0].mode: expected "master" or "slave", got "Master"'),
    (with_station(mode=None), 'stations[0].mode: expected "master" or "slave", got null'),
    (
        with_station(mode="m" * 99),
        f'stations[0].mode: expected "master" or "slave", got "{"m" * 39}...',
    ),
    (with_station(map=[]), "stations[0].map: expected an object, got a list of 0"),
    (with_station(map={"coils": {}}), "stations[0].map.coils: expected a list, got an object"),
    ([a_station(1), a_station(2), a_station(1)],
     "stations[2].id: 1 is already the id of stations[0]"),
    # a range
    (one_range("holding", -1, [1]), f"{FIRST}.address_start: expected 0..65535, got -1"),
    (one_range("holding", 65536, [1]), f"{FIRST}.address_start: expected 0..65535, got 65536"),
    (one_range("holding", "0", [1]), f'{FIRST}.address_start: expected 0..65535, got "0"'),
    (one_range("holding", length=0), f"{FIRST}.length: expected 1..65536, got 0"),
    (one_range("holding", length=65537), f"{FIRST}.length: expected 1..65536, got 65537"),
    (one_range("holding", length=None), f"{FIRST}.length: expected 1..65536, got null"),
    (one_range("holding"),
     f"{FIRST}: `length` is missing, and there are no `initial_values` to count"),
    (stations(a_station(holding=[{"length": 1}])), f"{FIRST}: `address_start` is missing"),
    (one_range("holding", 65535, length=2),
     f"{FIRST}: address_start + length: expected at most 65536, got 65535 + 2"),
    (one_range("holding", 0, [1, 2, 3], length=2),
     f"{FIRST}: initial_values: expected at most 2, got 3"),
    (stations(a_station(holding=[a_range(0, length=5), a_range(3, [7])])),
     "stations[0].map.holding[1]: addresses 3 overlap stations[0].map.holding[0], 0..4"),
    (stations(a_station(holding=[a_range(0, [1]), a_range(0, [1])])),
     "stations[0].map.holding[1]: addresses 0 overlap stations[0].map.holding[0], 0"),
    # registers
    (with_values(1, 2, 3, 70000), f"{FIRST}.initial_values[3]: expected 0..65535, got 70000"),
    (with_values(65536), f"{FIRST_VALUE}, got 65536"),
    (with_values(-1), f"{FIRST_VALUE}, got -1"),
    (with_values(0, True), f"{FIRST}.initial_values[1]: expected 0..65535, got true"),
    (with_values(False), f"{FIRST_VALUE}, got false"),
    (with_values(21.5), f"{FIRST_VALUE}, got 21.5{FRACTION}"),
    (with_values(21.0), f"{FIRST_VALUE}, got 21.0, a float"),
    (with_values(float("nan")), f"{FIRST_VALUE}, got NaN"),
    (with_values(float("inf")), f"{FIRST_VALUE}, got Infinity"),
    (with_values("1"), f'{FIRST_VALUE}, got "1"'),
    (with_values("°C"), f'{FIRST_VALUE}, got "°C"'),
    (with_values(None), f"{FIRST_VALUE}, got null"),
    (with_values([1, 2]), f"{FIRST_VALUE}, got a list of 2"),
    (with_values({}), f"{FIRST_VALUE}, got an object"),
    (one_range("holding", 0, 7), f"{FIRST}.initial_values: expected a list, got 7"),
    (with_values(2**64), f"{FIRST_VALUE}, got {2**64}"),
    # data types
    (typed("unit32"), f'{FIRST}.data_type: expected {TYPE_NAMES}, got "unit32"'),
    (typed(None), f"{FIRST}.data_type: expected {TYPE_NAMES}, got null"),
    (typed("uint32", word_order="lttle"),
     f'{FIRST}.word_order: expected "big" or "little", got "lttle"'),
    (typed("uint32", byte_order=1), f'{FIRST}.byte_order: expected "big" or "little", got 1'),
    (typed("int16", 1, 2, 40000), f"{FIRST}.initial_values[2]: expected -32768..32767, got 40000"),
    (typed("int16", 21.5), f"{FIRST_VALUE_IS} -32768..32767, got 21.5{FRACTION}"),
    (typed("int16", 21.0), f"{FIRST_VALUE_IS} -32768..32767, got 21.0, a float"),
    (typed("int32", "1"), f'{FIRST_VALUE_IS} -2147483648..2147483647, got "1"'),
    (typed("int32", None), f"{FIRST_VALUE_IS} -2147483648..2147483647, got null"),
    (typed("uint32", True), f"{FIRST_VALUE_IS} 0..4294967295, got true"),
    (typed("float32", 1e39),
     f"{FIRST_VALUE_IS} -3.40282346639e+38..3.40282346639e+38, got 1e+39"),
    (typed("float32", 0, 10**39),
     f"{FIRST}.initial_values[1]: expected -3.40282346639e+38..3.40282346639e+38, got 1{'0' * 39}"),
    (typed("float64", 10**99, "21.5"), f'{FIRST}.initial_values[1]: expected a number, got "21.5"'),
    (typed("float32", float("nan")), f"{FIRST_VALUE_IS} a number, got NaN"),
    (typed("float64", float("-inf")), f"{FIRST_VALUE_IS} a number, got -Infinity"),
    (typed("float64", False), f"{FIRST_VALUE_IS} a number, got false"),
    (typed("float64", [1]), f"{FIRST_VALUE_IS} a number, got a list of 1"),
    (one_range("holding", 0, 2.5, data_type="float32"),
     f"{FIRST}.initial_values: expected a list, got 2.5"),
    (one_range("holding", 0, "2.5", data_type="float32"),
     f'{FIRST}.initial_values: expected a list, got "2.5"'),
    (one_range("holding", 0, "PUMP"), f'{FIRST}.initial_values: expected a list, got "PUMP"'),
    # lengths
    (one_range("holding", length=3, data_type="uint32"),
     f"{FIRST}.length: expected a multiple of 2, for uint32, got 3"),
    (typed("float64", 1, length=6),
     f"{FIRST}.length: expected a multiple of 4, for float64, got 6"),
    (typed("uint32", 1, 2, 3, length=4), f"{FIRST}: initial_values: expected at most 2, got 3"),
    (one_range("holding", 65534, [1, 2], data_type="int32"),
     f"{FIRST}: address_start + length: expected at most 65536, got 65534 + 4"),
    (typed("int64"), f"{FIRST}: `length` is missing, and there are no `initial_values` to count"),
    # strings
    (one_range("holding", 0, "°C Kessel", length=4, data_type="string"),
     f"{FIRST}: initial_values: expected at most 8 bytes in 4 registers, got 10"),
    (one_range("holding", 0, 7, data_type="string"),
     f"{FIRST}.initial_values: expected a string, got 7"),
    (typed("string", 7), f"{FIRST_VALUE_IS} a string, got 7"),
    (typed("string", None), f"{FIRST_VALUE_IS} a string, got null"),
    (typed("string", "A", "B"), f"{FIRST}.initial_values: expected a string, got a list of 2"),
    (one_range("holding", 0, "", data_type="string"),
     f"{FIRST}: `length` is missing, and there are no `initial_values` to count"),
    # scale, offset, name, unit
    (typed("uint16", 6553.6, scale=0.1), f"{FIRST_VALUE_IS} 0..6553.5, got 6553.6"),
    (typed("uint16", -40.6, scale=1, offset=-40), f"{FIRST_VALUE_IS} -40..65495, got -40.6"),
    (typed("int16", 1, 99, scale=-0.001),
     f"{FIRST}.initial_values[1]: expected -32.767..32.768, got 99"),
    (typed("int16", "x", scale=0.5), f'{FIRST_VALUE_IS} -16384..16383.5, got "x"'),
    (typed("float64", 1e300, scale=1e-300),
     f"{FIRST_VALUE_IS} -179769313.486..179769313.486, got 1e+300"),
    (typed("uint16", 1, scale=0), f"{FIRST}.scale: expected a number other than 0, got 0"),
    (typed("uint16", 1, scale=0.0),
     f"{FIRST}.scale: expected a number other than 0, got 0.0"),
    (typed("uint16", 1, scale="0.1"), f'{FIRST}.scale: expected a number, got "0.1"'),
    (typed("uint16", 1, offset=None), f"{FIRST}.offset: expected a number, got null"),
    (typed("uint16", 1, offset=float("nan")), f"{FIRST}.offset: expected a number, got NaN"),
    (typed("string", "A", scale=2), f"{FIRST}.scale: expected none for a string, got 2"),
    (typed("string", "A", offset=2), f"{FIRST}.offset: expected none for a string, got 2"),
    (typed("uint16", 1, name=1),
     f"{FIRST}.name: expected a string of at most 200 characters, got 1"),
    (typed("uint16", 1, unit=None),
     f"{FIRST}.unit: expected a string of at most 50 characters, got null"),
    (typed("uint16", 1, unit="x" * 51),
     f'{FIRST}.unit: expected a string of at most 50 characters, got "{"x" * 39}...'),
    (typed("uint16", 1, name="x" * 201),
     f'{FIRST}.name: expected a string of at most 200 characters, got "{"x" * 39}...'),
    (one_range("coils", 0, [1], name=[]),
     f"{COIL}.name: expected a string of at most 200 characters, got a list of 0"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "message"), WRONG_VALUES)
def test_what_is_wrong_and_where(value, message):
    with pytest.raises(DocumentError) as caught:
        decode(raw(value))

    assert str(caught.value) == message


def with_text(text, table="holding"):
    """A document whose only value is the JSON `text`, also such that Python does not write."""
    return raw(with_values("HERE", table=table)).replace(b'"HERE"', text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_text(b"9" * 5000), f"{FIRST_VALUE}, got an integer of 5000 digits"),
        (with_text(b"-" + b"9" * 5000), f"{FIRST_VALUE}, got an integer of 5001 digits"),
        (with_text(b"1e400"), f"{FIRST_VALUE}, got Infinity"),
        (
            raw(typed("float64", "HERE")).replace(b'"HERE"', b"1e400"),
            f"{FIRST_VALUE_IS} a number, got Infinity",
        ),
        (
            raw(typed("string", "HERE")).replace(b'"HERE"', b"9" * 5000),
            f"{FIRST_VALUE_IS} a string, got an integer of 5000 digits",
        ),
        (
            raw(typed("uint16", scale="HERE")).replace(b'"HERE"', b"9" * 5000),
            f"{FIRST}.scale: expected a number, got an integer of 5000 digits",
        ),
        (with_text(b"[" * 25 + b"]" * 25), f"{FIRST_VALUE}, got a list of 1"),
        (b"[" * 32 + b"]" * 32, "stations[0]: expected an object, got a list of 1"),
        (b"[1,,2]", "not valid JSON: Expecting value at line 1 column 4 of the document"),
        (
            b"[1,\n2,\n]",
            "not valid JSON: Nothing follows the comma at line 2 column 2 of the document",
        ),
        (
            b'{"a": 1,}',
            "not valid JSON: Nothing follows the comma at line 1 column 8 of the document",
        ),
        (b'[{"id": \xff}]', "not UTF-8: byte 0xff"),
        (b'[{"id": "\xc3("}]', "not UTF-8: byte 0xc3"),
        (rb'[{"mode": "\ud83d"}]', r"not Unicode: \ud83d is half of a character"),
        (rb'[{"\uDC00": 1}]', r"not Unicode: \udc00 is half of a character"),
    ],
)
def test_text_that_is_no_document(data, message):
    with pytest.raises(DocumentError) as caught:
        decode(data)

    assert str(caught.value) == message


@pytest.mark.parametrize("table", ["coils", "discrete_inputs"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.0, a float"),
        (float("nan"), "NaN"),
        ("on", '"on"'),
        (None, "null"),
        ([], "a list of 0"),
    ],
)
def test_what_is_no_bit(table, value, shown):
    with pytest.raises(DocumentError) as caught:
        decode(raw(with_values(1, value, table=table)))

    place = f"stations[0].map.{table}[0].initial_values[1]"
    assert str(caught.value) == f"{place}: expected true, false or an integer, got {shown}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"stations": [], "stations": []}', "`stations` stands there twice"),
        (
            b'[{"id": 1, "id":2, "mode": "slave", "map": {}}]',
            "stations[0]: `id` stands there twice",
        ),
    ],
)
def test_of_two_equal_names_none_is_taken(data, message):
    with pytest.raises(DocumentError) as caught:
        decode(data)

    assert str(caught.value) == message


@pytest.mark.parametrize("text", [rb"\u0022:", rb"\":", rb"\\", rb":\t: \\\" :", rb"\u0020:"])
def test_names_are_told_from_strings_that_look_like_them(text):
    data = raw(typed("string", "HERE", name="HERE", unit="HERE")).replace(b"HERE", text)
    repeated = data.replace(b'"unit"', b'"name"')

    assert decode(data).document.stations[0].map.holding[0].name == json.loads(b'"%s"' % text)
    with pytest.raises(DocumentError, match=r"`name` stands there twice$"):
        decode(repeated)


@pytest.mark.parametrize("bare", [False, True])
def test_what_is_known_beside_an_unknown_field_counts(bare):
    some = [a_station(9, holding=[a_range(3, [5, 6], zzz="°C")], coyls=[]), a_station(8)]
    document, unknown = decode(raw(some if bare else {"stations": some}))

    assert [station.id for station in document.stations] == [9, 8]
    assert document.stations[0].map.holding[0].initial_values == [5, 6]
    assert unknown == [
        "stations[0].map: `coyls`: unknown, did you mean `coils`?",
        f"{FIRST}: `zzz`: unknown, known here: {', '.join(HoldingRange.__struct_fields__)}",
    ]


def test_an_error_counts_more_than_an_unknown_field():
    with pytest.raises(DocumentError, match=r"^stations\[0\].id: expected 1..247, got 0$"):
        decode(raw(with_station(id=0, note="x")))


@pytest.mark.parametrize("interval", [10, 1000, 86_400_000])
def test_intervals_up_to_the_limits(interval):
    document, unknown = decode(raw(stations(reboot_interval=interval)))

    assert (document.stations, document.reboot_interval, unknown) == ([], interval, [])


def test_a_bare_list_is_the_document_of_its_stations():
    some = [a_station(1, holding=[a_range(0, [1])]), a_station(2, "slave")]

    assert decode(raw(some)) == decode(raw({"stations": some}))
    assert decode(b"[]").document.stations == []


def test_bits_are_booleans_and_integers():
    values = [True, False, 0, 1, -5, 2**70]
    (station,) = decode(raw(with_values(*values, table="coils"))).document.stations

    assert station.map.coils[0].cells() == b"\x01\x00\x00\x01\x01\x01"


def test_a_bytearray_is_as_good_as_bytes():
    data = raw(with_values(1, 2))

    assert decode(bytearray(data)) == decode(data)


def test_full_tables():
    values = list(range(65536))
    tables = {
        name: [a_range(0, values)] for name in ("coils", "discrete_inputs", "holding", "input")
    }
    (station,) = decode(raw(stations(a_station(**tables)))).document.stations

    assert [len(ranges[0].values) for _, ranges in station.map.tables()] == [65536] * 4
    assert station.map.input[0].cells() == b"".join(v.to_bytes(2, "big") for v in values)


TOO_LARGE = " (the document is too large to say more)"


def test_a_huge_document_is_refused_without_being_read_again():
    with pytest.raises(DocumentError) as caught:
        decode(raw(with_values(*[1] * 1_500_000, None)))

    assert caught.value.path == "stations[0].map.holding[0].initial_values[1500000]"
    assert caught.value.reason == "Expected `int | float | str`, got `null`" + TOO_LARGE


def test_the_place_of_what_does_not_fit_is_known_in_a_huge_document():
    with pytest.raises(DocumentError) as caught:
        decode(raw(typed("int16", 1, 70_000)).replace(b"{", b"{" + b" " * 5_000_000, 1))

    assert caught.value.path == "stations[0].map.holding[0].initial_values[1]"
    assert caught.value.reason == "expected -32768..32767" + TOO_LARGE


def test_a_document_of_many_parts_is_refused_without_being_read_again():
    with pytest.raises(DocumentError) as caught:
        decode(b"[" + b"{}," * 100_001 + b"{}]")

    assert caught.value.path == "stations[0]"
    assert caught.value.reason == "Object missing required field `id`" + TOO_LARGE


@pytest.mark.parametrize("line", [b'{"stations": []}\n', b"[]\n", b'{"stations": []} \r\n'])
def test_a_faultless_document_on_a_line_of_its_own_is_decoded_in_one_step(line):
    assert decode_whole(line) == decode(line.strip())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"ready\n",
        b" []\n",
        b"[]\n[]\n",
        b"[] ready\n",
        b'{"stations": []',
        b'{"stations": [], "stations": []}\n',
        b'{"stations": [], "more": 1}\n',
        b'{"stations": [{"id": 1}]}\n',
    ],
)
def test_anything_else_is_left_to_a_closer_look(line):
    assert decode_whole(line) is None
