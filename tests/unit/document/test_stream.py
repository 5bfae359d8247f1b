import json
import time

import pytest

from aoba.document.brackets import MAX_DEPTH
from aoba.document.stream import MAX_QUOTED, MAX_VALUE, Cut, Fault, Text, Value, ValueStream
from builders import a_station, all_splits, raw, stations


def pieces(chunks, **more):
    """What a stream gives but faults; text is joined, since its pieces depend on the split."""
    stream = ValueStream(**more)
    found = [piece for chunk in chunks for piece in stream.feed(chunk)]
    return joined([p for p in [*found, *stream.end()] if not isinstance(p, Fault)])


def faults(chunks):
    stream = ValueStream()
    return [p for chunk in chunks for p in stream.feed(chunk) if isinstance(p, Fault)]


def joined(found):
    result = []
    for piece in found:
        if isinstance(piece, Text) and result and isinstance(result[-1], Text):
            result[-1] = Text(result[-1].data + piece.data)
        else:
            result.append(piece)
    return result


def value(raw):
    return Value(bytearray(raw))


VALUES = [
    b"[]",
    b"{}",
    b"[[],[{}]]",
    b'{"stations": [{"id": 1, "mode": "master", "map": {}}], "reboot_interval": 1e3}',
    b'{\n  "stations": [\n    1,\n    -2.5e-3\n  ]\n}',
    b"[true, false, null, NaN, Infinity, -Infinity]",
    b'["}", "]", "[{", "\\"]", "\\\\", "\\u005d\\\\\\""]',
    b'{"a": "\xe2\x82\xac \xff"}',  # not for us to say that this is no UTF-8
    b"[1,,2]",  # nor that this is no JSON
    b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
    b'[\t1 ,\r\n"2"\v]',
]

SOURCE = [
    (b"", []),
    (b"ready", [Text(b"ready")]),
    (b"[1]\n", [value(b"[1]"), Text(b"\n")]),
    (b"[1][2]", [value(b"[1]"), value(b"[2]")]),
    (b'{"a":1}{"b":2}\n{"c":3}', [value(b'{"a":1}'), value(b'{"b":2}'), Text(b"\n"),
                                  value(b'{"c":3}')]),
    (b"x [1] y {} z", [Text(b"x "), value(b"[1]"), Text(b" y "), value(b"{}"), Text(b" z")]),
    (b'1, true, "s" [1]', [Text(b'1, true, "s" '), value(b"[1]")]),  # no document is a scalar
    (b"]}[1]", [Text(b"]}"), value(b"[1]")]),
    # brackets that open no JSON
    (b"[INFO] ready\n[1]", [Text(b"[INFO] ready\n"), value(b"[1]")]),
    (b"[Infinite] [1]", [Text(b"[Infinite] "), value(b"[1]")]),
    (b"[trUe] [1]", [Text(b"[trUe] "), value(b"[1]")]),
    (b"{'a': 1}\n[1]", [Text(b"{'a': 1}\n"), value(b"[1]")]),
    (b"{'a': [1, 2]} [1]", [Text(b"{'a': [1, 2]} "), value(b"[1]")]),
    (b"[1} [2]", [Text(b"[1} "), value(b"[2]")]),
    (b"[x [y] z] [1]", [Text(b"[x [y] z] "), value(b"[1]")]),
    (b'["a\nb"] [1]', [Text(b'["a\nb"] '), value(b"[1]")]),  # no line feed in a string
    # what ends early does not swallow what follows on a line of its own
    (b"{a: x\n[1]", [Text(b"{a: x\n"), value(b"[1]")]),
    (b'{"a": x\n{}', [Text(b'{"a": x\n'), value(b"{}")]),
    # a list within a broken object is no value, nor is one behind it on its line
    (b'{"a": x,\n"s":\n[1]}\n[2]', [Text(b'{"a": x,\n"s":\n[1]}\n'), value(b"[2]")]),
    (b'{"a": \'}\', "s": [{}, 1]}\n[2]', [Text(b'{"a": \'}\', "s": [{}, 1]}\n'), value(b"[2]")]),
    (b'{"a": "x\n{"b": 1}', [Text(b'{"a": "x\n'), value(b'{"b": 1}')]),
    (b'[INFO\n\n  x\n{"b": 1}', [Text(b"[INFO\n\n  x\n"), value(b'{"b": 1}')]),
    (b"[x\n", [Text(b"[x\n")]),
    # nor does a bracket at the end of a line of text, for longer than one value
    (b'all: [\n{"a": [1]}\n{"b": [{}, {}]}\n[3]', [Text(b'all: [\n{"a": [1]}\n'),
                                               value(b'{"b": [{}, {}]}'), Text(b"\n"),
                                               value(b"[3]")]),
    (b'{"a": {}"b": 1}\n[1]', [Text(b'{"a": {}"b": 1}\n'), value(b"[1]")]),
    # but for a list behind brackets of its line that broke, or behind a name in quotes
    (b"{a: [1]} [2]", [Text(b"{a: [1]} "), value(b"[2]")]),
    (b"{'a' [1]\n[2]", [Text(b"{'a' [1]\n"), value(b"[2]")]),
    (b"{a [x [1] [2]}]}\n[3]", [Text(b"{a [x [1] [2]}]}\n"), value(b"[3]")]),
    (b"[x [y] [1]] [2]", [Text(b"[x [y] [1]] "), value(b"[2]")]),
    (b'{a: {"b": 1}} {}', [Text(b"{a: "), value(b'{"b": 1}'), Text(b"} "), value(b"{}")]),
    (b'[x {"a"\n, y} [1]', [Text(b'[x {"a"\n, y} '), value(b"[1]")]),
    (b'{a {"b":\n1} [1]', [Text(b"{a "), value(b'{"b":\n1}'), Text(b" "), value(b"[1]")]),
    (b'["a" {"b": 1} [1]', [Text(b'["a" '), value(b'{"b": 1}'), Text(b" [1]")]),
    (b'["a"\n, "b" {} [1]\n[2]', [Text(b'["a"\n, "b" '), value(b"{}"), Text(b" [1]\n"),
                                value(b"[2]")]),
    (b'"a": [1] [2]', [Text(b'"a": [1] '), value(b"[2]")]),
    (b"'a' :\n [\n1]\n[2]", [Text(b"'a' :\n [\n1]\n"), value(b"[2]")]),
    (b'"a": {"b": [1]}', [Text(b'"a": '), value(b'{"b": [1]}')]),
    (b"a: [1]", [Text(b"a: "), value(b"[1]")]),
    (b'"a":, [1]', [Text(b'"a":, '), value(b"[1]")]),
    (b'"a": {}: [1]', [Text(b'"a": '), value(b"{}"), Text(b": "), value(b"[1]")]),
    # one that has its line for itself is a value all the same
    (b'{"a": x, "b":\n [1] \r\n[2]', [Text(b'{"a": x, "b":\n '), value(b"[1]"), Text(b" \r\n"),
                                      value(b"[2]")]),
    (b'"b":\n[1]', [Text(b'"b":\n'), value(b"[1]")]),
    (b'"b":\n[1]  ', [Text(b'"b":\n'), value(b"[1]"), Text(b"  ")]),
    (b'"b":\n[1] , x [2]', [Text(b'"b":\n[1] , x '), value(b"[2]")]),
    (b'x "b":\nx [1]\n', [Text(b'x "b":\nx '), value(b"[1]"), Text(b"\n")]),
    (b'"b":\n\xef\xbb\xbf[1]\n', [Text(b'"b":\n\xef\xbb\xbf'), value(b"[1]"), Text(b"\n")]),
    # a bracket of a control sequence
    (b"\x1b[32m[1]\x1b[0m", [Text(b"\x1b[32m"), value(b"[1]"), Text(b"\x1b[0m")]),
    (b"{x\x1b[32m}[1]", [Text(b"{x\x1b[32m}"), value(b"[1]")]),
    (b"\x1b\x1b[K{}\x1b", [Text(b"\x1b\x1b[K"), value(b"{}"), Text(b"\x1b")]),
    (b"\x1b{}", [Text(b"\x1b"), value(b"{}")]),
    (b"\x1b {}[1]\x1b]0;x\x07[2]", [Text(b"\x1b "), value(b"{}"), value(b"[1]"),
                                  Text(b"\x1b]0;x\x07"), value(b"[2]")]),
    # a document in what is none
    (b'[\n{"stations": []}\n]', [Text(b"[\n"), value(b'{"stations": []}'), Text(b"\n]")]),
    (b'[{"stations": []}, {"stations":[]}] []',
     [Text(b"["), value(b'{"stations": []}'), Text(b", "), value(b'{"stations":[]}'), Text(b"] "),
      value(b"[]")]),
    (b'{"a":\n{"stations": []}\n[1]\n', [Text(b'{"a":\n'), value(b'{"stations": []}'),
                                        Text(b"\n"), value(b"[1]"), Text(b"\n")]),
    (b'{"a": {"stations": []}, x', [Text(b'{"a": '), value(b'{"stations": []}'), Text(b", x")]),
    (b'{"a": {"stations": []},', [Text(b'{"a": '), value(b'{"stations": []}'), Text(b",")]),
    (b'{"stations":\n[]', [Text(b'{"stations":\n'), value(b"[]")]),
    (b'{"a": {"stations": []}}', [value(b'{"a": {"stations": []}}')]),
    (b'{"stations":\n[]\nx [1]\n[2]', [Text(b'{"stations":\n'), value(b"[]"), Text(b"\nx [1]\n"),
                                      value(b"[2]")]),
    # the end of the stream
    (b"[", [Cut(1)]),
    (b'{"a": "x', [Cut(8)]),
    (b'x\n {"a": tru', [Text(b"x\n "), Cut(9)]),
    (b'[{"\\', [Cut(4)]),
    (b'at {"stations": [1', [Text(b"at "), Cut(15)]),
    # that was not meant for a document
    (b"[1", [Text(b"[1")]),
    (b'x {"a": [', [Text(b'x {"a": [')]),
    (b'["\\', [Text(b'["\\')]),
    # one bracket too many
    (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1) + b"[1]",
     [Text(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)), value(b"[1]")]),
]  # fmt: skip


@pytest.mark.parametrize("raw", VALUES)
def test_a_value_in_every_split(raw):
    for chunks in all_splits(raw):
        assert pieces(chunks) == [value(raw)]


@pytest.mark.parametrize("first", VALUES)
@pytest.mark.parametrize("second", VALUES)
def test_two_joined(first, second):
    both = [value(first), value(second)]

    assert pieces([first + second]) == both
    assert pieces([(first + second)[i : i + 1] for i in range(len(first + second))]) == both
    assert pieces([first + b"\n" + second]) == [both[0], Text(b"\n"), both[1]]


@pytest.mark.parametrize("raw", VALUES)
def test_garbage_before_and_behind(raw):
    for garbage in (b"Traceback: [<stdin>]\n", b"]", b"\xff\x00\n", b"{'x'}"):
        for chunks in all_splits(garbage + raw + garbage):
            assert pieces(chunks) == [Text(garbage), value(raw), Text(garbage)]


@pytest.mark.parametrize(("data", "expected"), SOURCE)
def test_text_and_values_in_every_split(data, expected):
    for chunks in all_splits(data):
        assert pieces(chunks) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": oops, "b": 1}', [b'{"a": o']),
        (b'x\n\xef\xbb\xbf {"a": oops', [b'{"a": o']),
        (b'{ "a": {}\n"b": 1}', [b'{ "a": {}\n']),
        (b'[\n {"a": {}} {', [b'[\n {"a": {}} ']),
        (b'{"a": "x\ty"}', [b'{"a": "x\t']),
        (b'got {"stations": oops', [b'{"stations": o']),
        (b'{"a" {"stations": []}', [b'{"a" ']),
        (b'{"a":\n{"stations": []}\n', [b'{"a":\n']),  # up to what counts by itself
        (b"{'a': 1}", []),  # other people's brackets
        (b'state: {"a": None}', []),
        (b'[1]{"a": oops', []),
        (b"[INFO] ready", []),
        (b"[1] {oops}", []),
        (b'["a" oops', []),
    ],
)
def test_what_was_meant_for_a_document_is_given_up_to_the_fault(data, expected):
    for chunks in all_splits(data):
        assert faults(chunks) == [Fault(begun, len(begun)) for begun in expected]


def test_of_a_long_fault_only_the_beginning_is_quoted():
    for size in (MAX_QUOTED, MAX_QUOTED + 1):
        data = b'{"a": '.ljust(size - 1) + b"x"
        (found,) = faults([data])

        assert found == Fault(data[:MAX_QUOTED], size)
        assert str(found.error) == (
            f"not valid JSON, as its byte {size} shows"
            if size > MAX_QUOTED
            else f"not valid JSON: Expecting value at line 1 column {size} of the document"
        )


@pytest.mark.parametrize("raw", VALUES)
def test_a_value_is_given_with_its_last_byte(raw):
    stream = ValueStream()

    assert list(stream.feed(raw[:-1])) == []
    assert list(stream.feed(raw[-1:])) == [value(raw)]


def test_text_is_given_at_once():
    stream = ValueStream()

    assert list(stream.feed(b"no line feed yet")) == [Text(b"no line feed yet")]
    assert joined(stream.feed(b"[no JSON")) == [Text(b"[no JSON")]


def test_no_piece_is_empty():
    for data, _ in SOURCE:
        for chunks in all_splits(data):
            stream = ValueStream(max_value=9)
            found = [piece for chunk in chunks for piece in stream.feed(chunk)]
            found += stream.end()
            assert Text(b"") not in found
            assert Cut(0) not in found


def test_a_stream_goes_on_behind_its_end():
    stream = ValueStream()
    list(stream.feed(b'{"a": "begun'))

    assert list(stream.end()) == [Cut(12)]
    assert list(stream.end()) == []
    assert list(stream.feed(b"[1]")) == [value(b"[1]")]


def long_value(size):
    """A list of `size` bytes."""
    return b"[" + b"1" * (size - 2) + b"]"


@pytest.mark.parametrize("extra", [b"", b" ", b"\n[2]"])
def test_the_longest_value_and_one_byte_more(extra):
    for chunks in all_splits(long_value(10) + extra):
        assert pieces(chunks, max_value=10)[0] == value(long_value(10))
    for chunks in all_splits(long_value(11)):
        assert pieces(chunks, max_value=10) == [Cut(11, too_long=True)]


def test_what_follows_a_value_too_long_is_not_lost():
    for chunks in all_splits(long_value(20) + b"\n[2]"):
        cut, *rest = pieces(chunks, max_value=10)
        assert isinstance(cut, Cut)
        assert cut.size > 10
        assert rest[-1] == value(b"[2]")


def test_a_string_that_never_ends_is_cut():
    stream = ValueStream(max_value=10)
    found = (
        list(stream.feed(b'["' + b"x" * 9))
        + list(stream.feed(b"x" * 100 + b"]"))
        + [*stream.feed(b"[3]")]
    )

    assert joined(found) == [Cut(11, too_long=True), Text(b"x" * 100 + b"]"), value(b"[3]")]


def test_16_mib_are_a_value_and_one_byte_more_is_cut():
    assert MAX_VALUE == 16 * 1024 * 1024
    assert pieces([long_value(MAX_VALUE)]) == [value(long_value(MAX_VALUE))]
    too_long = Cut(MAX_VALUE + 1, too_long=True)
    assert pieces([long_value(MAX_VALUE + 1), b"[2]"]) == [too_long, value(b"[2]")]


def test_a_big_value_in_many_pieces():
    size, chunk = 4 * 1024 * 1024, 4096
    data = long_value(size)
    stream = ValueStream()
    found = [p for i in range(0, size, chunk) for p in stream.feed(data[i : i + chunk])]

    assert found == [value(data)]


@pytest.mark.parametrize("opened", [b"[", b"[\n", b"[1,\n", b'{"a":\n', b'[{"a":\n', b'["b", [\n'])
@pytest.mark.parametrize("times", [1, 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 100])
def test_brackets_that_stay_open_hide_no_document(opened, times):
    one = raw(stations(a_station(1)))
    lines = [one, raw([a_station(2)])]

    assert values([opened * times + one]) == [one]
    if opened.endswith(b"\n"):
        for data in (b"\n".join(lines), b"\n".join([*lines, b"]", *lines])):
            expected = lines * (data.count(b"id") // 2)
            assert values([opened * times + data]) == expected
            assert values((opened * times + data + b"\n").splitlines(keepends=True)) == expected


def values(chunks, **more):
    return [bytes(piece.raw) for piece in pieces(chunks, **more) if isinstance(piece, Value)]


@pytest.mark.parametrize("opened", [b"[", b"[ 1,", b'{"a":', b'[[], {"a":'])
@pytest.mark.parametrize("times", [1, 2, MAX_DEPTH - 8])
def test_a_value_too_long_hides_no_document_that_is_not(opened, times):
    one = json.dumps(stations(a_station(1)), indent=3).encode()
    data = opened * times + one

    for chunks in ([data], [data[i : i + 1] for i in range(len(data))]):
        assert values(chunks, max_value=len(one)) == [one]
        found = pieces(chunks, max_value=len(one) - 1)
        assert not any(isinstance(piece, Value) for piece in found)
        assert sum(len(given(piece)) for piece in found) == len(data)


def test_what_is_within_a_value_too_long_goes_on():
    begun = b'{"a": {"b": "' + b"x" * 9

    assert pieces([begun, b'"}'], max_value=len(begun) - 1) == [
        Cut(6, too_long=True),
        value(b'{"b": "' + b"x" * 9 + b'"}'),
    ]


def test_what_is_found_in_a_value_too_long_is_given_in_its_order():
    first, second = raw(stations(a_station(1))), raw(stations(a_station(2)))
    data = b'{"a": ' + first + b', "b": {"c": ' + second + b', "d": [' + b"1," * 100
    for size in range(len(first) + 20, len(data)):
        found = pieces([data[i : i + 1] for i in range(len(data))], max_value=size)

        assert [p.raw for p in found if isinstance(p, Value)] == [first, second]
        assert sum(len(given(p)) for p in found) == len(data)


def given(piece):
    match piece:
        case Value(raw=data) | Text(data):
            return data
        case Cut(size, too_long):
            assert too_long
            return b"?" * size


def test_a_list_at_the_end_of_its_line_is_not_waited_for_for_ever():
    stream = ValueStream(max_value=10)
    list(stream.feed(b'"b":\n[1]'))

    assert list(stream.feed(b" " * 7)) == []
    assert list(stream.feed(b" ")) == [value(b"[1]"), Text(b" " * 8)]


def test_of_what_is_behind_a_value_too_long_a_part_of_it_is_none():
    assert values([b'{"a": 1,1,', b"[2]} [3]"], max_value=9) == [b"[3]"]
    cut = b'{"a": [1,'
    behind = b'2], "b": [{}], "c": 1} [3]\n"d":\n[4, 5]\n[6]'

    assert values([cut, behind], max_value=len(cut) - 1) == [b"[3]", b"[4, 5]", b"[6]"]


@pytest.mark.parametrize(
    ("before", "garbage"),
    [
        (b"", b"["),
        (b"", b'{"a":'),
        (b"", b"[x"),
        (b"", b"[[],"),
        (b"[", b"1, "),
        (b"[", b"[1],\n"),
        (b"[", b" \n"),
        (b'["', b"x\\t"),
        (b'{"a":', b'{"stations":[],"b":'),
        (b"{", b'"a":\n[]\n,'),
        (b'{"stations":\n[]', b" "),
        (b"'a':\n[1]", b" "),
        (b"{x", b"[1]"),
    ],
)
def test_the_time_it_takes_grows_with_the_bytes_and_no_faster(before, garbage):
    def seconds(size):
        data = (before + garbage * size)[:size]
        stream, started = ValueStream(), time.process_time()
        for i in range(0, size, 256):
            for _ in stream.feed(data[i : i + 256]):
                pass
        list(stream.end())
        return time.process_time() - started

    size, times = 20_000, 8
    least = [min(seconds(n) for _ in range(3)) for n in (size, times * size)]

    assert least[1] < 3 * times * least[0]  # with the square, it would be `times` times as much


def test_a_hundred_thousand_brackets_are_text():
    data = b"[" * 100_000 + b"]" * 100_000

    assert pieces([data + b"\n", b"[1]"]) == [Text(data + b"\n"), value(b"[1]")]


@pytest.mark.parametrize(
    "fed", [b"", b"[]", b"text\n", b'{"a": 1}\n', b"[INFO] on\n[]\n", b"[x\n", b'{"a": "x\n']
)
def test_it_is_at_its_start_when_what_was_fed_has_no_effect_any_more(fed):
    stream = ValueStream()
    list(stream.feed(fed))

    assert stream.at_start


@pytest.mark.parametrize(
    "fed", [b"[", b'{"a": ', b'{"a" x', b"[x", b"\x1b", b"'a':\n", b"'a':\n[]"]
)
def test_it_is_not_at_its_start_where_a_list_would_be_no_value(fed):
    stream = ValueStream()
    list(stream.feed(fed))

    assert not stream.at_start


def test_what_is_cut_is_told_with_what_cut_it():
    assert str(Cut(7).error) == "a JSON value ends early, 7 bytes dropped"
    assert str(Cut(7, too_long=True).error) == "a JSON value is longer than 16 MiB, 7 bytes dropped"
