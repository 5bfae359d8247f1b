import msgspec
import pytest

from aoba.document.decode import decode
from aoba.document.explain import (
    MAX_UNKNOWN,
    HugeInteger,
    JsonObject,
    NameReport,
    invalid,
    names,
    parse,
)
from aoba.document.schema import Document
from aoba.errors import DocumentError
from builders import a_range, a_station, one_range, raw, stations


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"[1, -2, true, null]", [1, -2, True, None]),
        (b'{"a": {"b": "\xc2\xb0C"}}', {"a": {"b": "\u00b0C"}}),
        (b"[9007199254740993, 0.5]", [9007199254740993, 0.5]),
        (b"[Infinity, -Infinity]", [float("inf"), float("-inf")]),
        (rb'["\ud83d\ude00"]', ["\U0001f600"]),
        (rb'["\\ud83d"]', [r"\ud83d"]),  # an escaped backslash, no half of a pair
    ],
)
def test_parses_json(data, value):
    assert parse(data) == value
    assert parse(bytearray(data)) == value


def test_parses_the_nan_of_python():
    (value,) = parse(b"[NaN]")

    assert value != value  # noqa: PLR0124  NaN alone is like that


def test_a_long_integer_is_not_converted():
    short, long = parse(b"[" + b"1" * 100 + b"," + b"1" * 101 + b"]")

    assert (type(short), type(long), len(long)) == (int, HugeInteger, 101)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not valid JSON: Expecting value at line 1 column 1 of the document"),
        (b"[1\n2]", "not valid JSON: Expecting ',' delimiter at line 2 column 1 of the document"),
        (b"{'a': 1}", "not valid JSON: Expecting property name enclosed in double quotes "),
        (b"[1] [2]", "not valid JSON: Extra data at line 1 column 5 of the document"),
        (
            b'["a\n"]',
            "not valid JSON: Invalid control character at line 1 column 4 of the document",
        ),
        (b'["\x80"]', "not UTF-8: byte 0x80"),
        (b"\xef\xbb\xbf[]", "not valid JSON: Unexpected UTF-8 BOM "),
        (rb'["\ud83dx"]', r"not Unicode: \ud83d is half of a character"),
        (rb'{"a": ["\ude00\ud83d"]}', r"not Unicode: \ude00 is half of a character"),
    ],
)
def test_says_why_it_is_no_json(data, reason):
    with pytest.raises(DocumentError) as caught:
        parse(data)

    assert str(caught.value).startswith(reason)
    assert caught.value.path == ""


def test_an_object_remembers_names_that_stood_twice():
    value = parse(b'{"a": 1, "b": 2, "a": 3, "c": {"d": 1, "d": 1, "d": 1}}')

    assert isinstance(value, JsonObject)
    assert value.repeated == ("a",)
    assert value["c"].repeated == ("d",)


def with_text(text):
    return parse(raw(stations("HERE")).replace(b'"HERE"', text))


@pytest.mark.parametrize(
    ("value", "repeated"),
    [
        (parse(b'{"stations": [], "stations": []}'), ("", "stations")),
        (parse(rb'{"stations": [], "s\u0074ations": []}'), ("", "stations")),
        (parse(b'{"stations": [], "note": 1, "note": 2}'), ("", "note")),
        (with_text(b'{"id": 1, "id" : 1}'), ("stations[0]", "id")),
        (with_text(b'1, {"map": {"input": [], "input": []}}'), ("stations[1].map", "input")),
        (
            with_text(b'{"map": {"input": [{}, {"length": 1, "length": 1}]}}'),
            ("stations[0].map.input[1]", "length"),
        ),
    ],
)
def test_finds_names_that_stand_twice(value, repeated):
    path, name = repeated

    assert names(value, Document).repeated == [(path, f"`{name}` stands there twice")]


def test_what_a_script_printed_stays_in_one_short_line():
    nasty = "\\u001b[2J\\n" + "x" * 99
    value = parse(f'{{"stations": [], "{nasty}": 1, "{nasty}": 2}}'.encode())
    shown = r"\x1b[2J\n" + "x" * 35 + "..."

    assert names(value, Document).repeated == [("", f"`{shown}` stands there twice")]
    assert names(value, Document).unknown[0].startswith(f"`{shown}`: unknown, ")


HERE = "stations[0].map.holding[0]: "


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            stations(reboot_intervall=5),
            "`reboot_intervall`: unknown, did you mean `reboot_interval`?",
        ),
        (stations(zzz={"a": 1}), "`zzz`: unknown, known here: stations, reboot_interval"),
        (stations({"uid": 1}), "stations[0]: `uid`: unknown, did you mean `id`?"),
        (stations({"zzz": 1}), "stations[0]: `zzz`: unknown, known here: id, mode, map"),
        (stations(a_station(holdings=[])), "stations[0].map: `holdings`: unknown, did you mean "),
        (one_range("holding", lenght=1), f"{HERE}`lenght`: unknown, did you mean `length`?"),
        (stations(**{"x" * 50: 1}), f"`{'x' * 40}...`: unknown, known here: "),
    ],
)
def test_finds_unknown_fields_and_the_nearest_known(value, message):
    (found,) = names(parse(raw(value)), Document).unknown

    assert found.startswith(message)


def test_keeps_what_is_known():
    ranges = [a_range(0, [1], zzz="bar"), a_range(5, length=2)]
    value = stations(a_station(holding=ranges), extra=1)
    report = names(parse(raw(value)), Document)

    assert report.known == stations(a_station(holding=[a_range(0, [1]), a_range(5, length=2)]))
    assert len(report.unknown) == 2
    assert report.repeated == []


@pytest.mark.parametrize(
    "value", [1, "x", None, [], {"stations": 1}, {"stations": [[], {"map": 3}]}]
)
def test_passes_over_what_has_the_wrong_shape(value):
    assert names(parse(raw(value)), Document) == NameReport(known=value)


def test_many_unknown_fields_are_named_as_far_as_they_are_few():
    value = stations(a_station(**{f"x{i}": [] for i in range(MAX_UNKNOWN)}), y=1, z=2)
    report = names(parse(raw(value)), Document)

    assert len(report.unknown) == MAX_UNKNOWN + 1
    assert report.unknown[:2] == [
        "`y`: unknown, known here: stations, reboot_interval, identity",
        "`z`: unknown, known here: stations, reboot_interval, identity",
    ]
    assert report.unknown[-1] == "2 more unknown fields"


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ([], "", "expected an object, got a list of 0"),
        ({}, "", "`stations` is missing"),
        (stations({}), "stations[0]", "`id` is missing"),
        (stations(a_station(unit=300)), "stations[0].id", "expected 1..247, got 300"),
        (
            stations(a_station(mode="x")),
            "stations[0].mode",
            'expected "master" or "slave", got "x"',
        ),
        (
            one_range("coils", 0, [1, "x" * 60]),
            "stations[0].map.coils[0].initial_values[1]",
            f'expected true, false or an integer, got "{"x" * 39}...',
        ),
        (
            stations(a_station(unit="\x9b\x7f\u2028")),
            "stations[0].id",
            r'expected 1..247, got "\x9b\x7f\u2028"',
        ),
        (
            one_range("input", 9, [1, 2], length=1),
            "stations[0].map.input[0]",
            "initial_values: expected at most 1, got 2",
        ),
    ],
)
def test_translates_an_error_of_msgspec(value, path, reason):
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Document)

    error = invalid(caught.value, value, Document)
    assert (error.path, error.reason) == (path, reason)


def kind_of(data):
    with pytest.raises(DocumentError) as caught:
        decode(data)
    return caught.value.kind


def values(value, **fields):
    return raw(one_range("holding", 0, [value], **fields))


@pytest.mark.parametrize(
    ("documents", "count"),
    [
        ([values(it) for it in (70000, -1, -2, 21.5, 7.0, "x", "y, got 5", None, [1], 10**101)], 1),
        ([values(it, data_type="float32") for it in ("a", "b; c", None)], 1),
        ([values("é" * n, data_type="string", length=1) for n in (2, 3)], 1),
        ([raw(one_range("holding", 65530, [0] * n)) for n in (7, 8)], 1),
        ([raw(one_range("holding", 0, [0] * n, length=1)) for n in (2, 3)], 1),
        ([raw(stations(reboot_interval=n)) for n in (0.5, 1, "1s")], 1),
        ([b'{"stations": [%s,, 1]}' % n for n in (b"1", b"100")], 1),
        ([b'{"stations": "\xff"}', b'{"stations": "\xfe"}'], 1),
        ([b'{"stations": [1]}', b'{"stations": [{}, 1]}'], 2),
        ([values(-1), values(-1, data_type="int16", initial_values=[70000])], 2),
        ([values(-1), raw(one_range("holding", 0, [0, -1]))], 2),
    ],
)
def test_which_wrong_value_it_is_makes_no_other_kind_of_error(documents, count):
    assert len({kind_of(document) for document in documents}) == count
