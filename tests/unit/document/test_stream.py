import pytest

from aoba.document.stream import MAX_DEPTH, MAX_VALUE, Cut, Fault, Text, Value, ValueStream
from builders import all_splits


def pieces(chunks, **more):
    """What a stream gives but faults; text is joined, since its pieces depend on the split."""
    stream = ValueStream(**more)
    found = [piece for chunk in chunks for piece in stream.feed(chunk)]
    return joined([p for p in [*found, *stream.end()] if not isinstance(p, Fault)])


def faults(chunks):
    stream = ValueStream()
    return [p.begun for chunk in chunks for p in stream.feed(chunk) if isinstance(p, Fault)]


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
    (b'{"a": \'}\', "s": [{}, 1]}\n[2]', [Text(b'{"a": \'}\', "s": ['), value(b"{}"),
                                         Text(b", 1]}\n"), value(b"[2]")]),
    (b'{"a": "x\n{"b": 1}', [Text(b'{"a": "x\n'), value(b'{"b": 1}')]),
    (b'[INFO\n\n  x\n{"b": 1}', [Text(b"[INFO\n\n  x\n"), value(b'{"b": 1}')]),
    (b"[x\n", [Text(b"[x\n")]),
    # nor does a bracket at the end of a line of text, for longer than one value
    (b'all: [\n{"a": [1]}\n{"b": [{}, {}]}\n[3]', [Text(b'all: [\n{"a": [1]}\n'),
                                               value(b'{"b": [{}, {}]}'), Text(b"\n"),
                                               value(b"[3]")]),
    (b'{"a": {}"b": 1}\n[1]', [Text(b'{"a": {}"b": 1}\n'), value(b"[1]")]),
    # the end of the stream
    (b"[1", [Cut(2)]),
    (b'{"a": "x', [Cut(8)]),
    (b"[1] {", [value(b"[1]"), Text(b" "), Cut(1)]),
    (b'["\\', [Cut(3)]),
    (b"[tru", [Cut(4)]),
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
        (b'{ "a": {}\n"b": 1}', [b'{ "a": {}\n']),
        (b'[\n {"a": {}} {', [b'[\n {"a": {}} ']),
        (b'{"a": "x\ty"}', [b'{"a": "x\t']),
        (b"{'a': 1}", []),  # other people's brackets
        (b"[INFO] ready", []),
        (b"[1] {oops}", []),
        (b'{"a": ' + b"1," * 40_000 + b"x", []),  # too much to read again
    ],
)
def test_what_was_meant_for_json_is_given_up_to_the_fault(data, expected):
    for chunks in all_splits(data) if len(data) < 100 else [[data]]:
        assert faults(chunks) == expected


@pytest.mark.parametrize("raw", VALUES)
def test_a_value_is_given_with_its_last_byte(raw):
    stream = ValueStream()

    assert list(stream.feed(raw[:-1])) == []
    assert list(stream.feed(raw[-1:])) == [value(raw)]


def test_text_is_given_at_once():
    stream = ValueStream()

    assert list(stream.feed(b"no line feed yet")) == [Text(b"no line feed yet")]
    assert list(stream.feed(b"[no JSON")) == [Text(b"[no JSON")]


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
        assert pieces(chunks, max_value=10) == [Cut(11)]


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

    assert joined(found) == [Cut(11), Text(b"x" * 100 + b"]"), value(b"[3]")]


def test_16_mib_are_a_value_and_one_byte_more_is_cut():
    assert MAX_VALUE == 16 * 1024 * 1024
    assert pieces([long_value(MAX_VALUE)]) == [value(long_value(MAX_VALUE))]
    assert pieces([long_value(MAX_VALUE + 1), b"[2]"]) == [Cut(MAX_VALUE + 1), value(b"[2]")]


def test_a_big_value_in_many_pieces():
    size, chunk = 4 * 1024 * 1024, 4096
    data = long_value(size)
    stream = ValueStream()
    found = [p for i in range(0, size, chunk) for p in stream.feed(data[i : i + chunk])]

    assert found == [value(data)]


def test_a_hundred_thousand_brackets_are_text():
    data = b"[" * 100_000 + b"]" * 100_000

    assert pieces([data + b"\n", b"[1]"]) == [Text(data + b"\n"), value(b"[1]")]


@pytest.mark.parametrize("fed", [b"", b"[]", b"[]\n", b"text\n", b'{"a": 1}\n', b"[INFO] on\n[]\n"])
def test_it_is_at_its_start_when_what_was_fed_has_no_effect_any_more(fed):
    stream = ValueStream()
    list(stream.feed(fed))

    assert stream.at_start


@pytest.mark.parametrize("fed", [b"[", b'{"a": ', b'{"a" x', b"[x\n"])
def test_it_is_not_at_its_start_within_a_value_or_behind_a_broken_one(fed):
    stream = ValueStream()
    list(stream.feed(fed))

    assert not stream.at_start
