import pytest

from aoba.document.brackets import MAX_DEPTH, MAX_FOUND, Brackets, Verdict
from builders import a_station, all_splits, raw

LIST = raw([a_station(1)])  # a document that is a list
OBJECT = raw({"stations": [a_station(1)]})


def ends(data):
    """(verdict, stop, documents in it) of a value, whatever the split."""
    seen = {tuple(_ends(chunks)) for chunks in all_splits(data)}
    (only,) = seen
    return only


def _ends(chunks):
    brackets, buffer, verdict = Brackets(), bytearray(), Verdict.UNFINISHED
    for chunk in chunks:
        if verdict is Verdict.UNFINISHED:
            buffer += chunk
            verdict = brackets.scan(buffer)
    if verdict is Verdict.UNFINISHED:
        brackets.end(buffer)
    found = tuple(bytes(buffer[span.start : span.stop]) for span in brackets.found)
    return verdict, brackets.stop, found


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b'{"a": [1, {"b": "]}"}, []], "c": {}}',
        b'[\n  {\n    "a": -1.5e3\n  },\n  [\n    true\n  ]\n]',
        b'["\\"", "\\\\", "\\u005d"]',
        b"[1,,2]",  # what stands between brackets is for the decoder
        b"[NaN]",
        b'{"a" 1}',
        b"[[],]",
    ],
)
def test_a_value_ends_with_its_bracket(data):
    assert ends(data + b"[") == (Verdict.WHOLE, len(data), ())


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        # what JSON has nowhere
        (b"[", b"x"),
        (b'{"a": ', b"'"),
        (b"[1, ", b"trux"),
        (b'["a', b"\n"),
        (b'["', b"\\\n"),
        # the wrong bracket
        (b"[1", b"}"),
        (b'{"a": [', b"}"),
        # a list or an object where JSON has none
        (b"[1", b"[2]"),
        (b"[1", b" {}"),
        (b"{", b"{}"),
        (b"{", b" []"),
        (b'{"a"', b"\n[]"),
        (b'{"a": 1,', b"\n[]"),
        (b'[{"a": 1', b" {}"),
        (b'["a"', b'{"b": 1}'),
        # no comma behind one
        (b"[[]", b" []"),
        (b"[{}", b"\n{}"),
        (b'{"a": {}', b'"b": []'),
        (b'{"a": []', b"\n1}"),
        (b"[{}", b":[]"),
    ],
)
def test_a_value_is_broken_from_what_cannot_belong_to_it(value, rest):
    assert ends(value + rest)[:2] == (Verdict.BROKEN, len(value))


@pytest.mark.parametrize("data", [b"[", b'{"a', b'["\\', b"[tru", b"[1", b'{"a": {}', b"[[],"])
def test_a_value_may_be_unfinished(data):
    assert ends(data)[0] is Verdict.UNFINISHED


@pytest.mark.parametrize(
    ("before", "document"),
    [
        # nothing but lists around it
        (b"[", OBJECT),
        (b"[[1, ", OBJECT),
        (b"[\n", LIST),
        (b"[[\n \t", LIST),
        (b"[\n1,\n", LIST.replace(b", ", b",\n")),
    ],
)
def test_a_document_within_lists_breaks_them_with_its_last_bracket(before, document):
    data = before + document

    assert ends(data) == (Verdict.BROKEN, len(data), (document,))


@pytest.mark.parametrize("document", [OBJECT, LIST])
@pytest.mark.parametrize("before", [b'{"a":', b'[{"a":', b'{"a": {"stations" : 1, "b":'])
@pytest.mark.parametrize(("indent", "behind"), [(b"\n", b"\n"), (b"\n \t", b" \r\n")])
def test_a_document_with_a_line_of_its_own_breaks_all_when_that_is_over(
    document, before, indent, behind
):
    data = before + indent + document

    assert ends(data + behind) == (Verdict.BROKEN, len(data), (document,))
    assert ends(data + behind[:-1]) == (Verdict.UNFINISHED, 0, (document,))  # but it is found
    assert ends(data + b"}" * before.count(b"{") + b"]" * before.count(b"["))[0] is Verdict.WHOLE


@pytest.mark.parametrize(
    "data",
    [
        b'{"stations":\n' + LIST + b"\n}",
        b'{"a": 1, "stations" :\n  ' + LIST + b'\n , "b": []}',
        b'{"a":\n[]\n}',
        b"[\n[]\n]",
        b'{"a": ' + OBJECT + b"}",
        b'{"a":\n' + OBJECT + b"}",
        b'{"a":\n' + OBJECT.replace(b", ", b",\n") + b"\n}",
        b'{"a":\n' + LIST + b', "b": 1}',
        b'{"a": {"b":\n' + OBJECT + b"}\n}",
        b'{"a": {"b":\n' + LIST + b"}\n}",
        b'[{"a": [' + OBJECT + b"]}]",
    ],
)
def test_what_may_be_a_part_of_a_document_breaks_nothing(data):
    verdict, stop, _ = ends(data)

    assert (verdict, stop) == (Verdict.WHOLE, len(data))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"stations":\n' + LIST + b"\n", (LIST,)),
        (b'{"stations":\n' + LIST, (LIST,)),
        (b'{"stations":\n' + LIST + b" ,", ()),  # not alone on its line
        (b'{"stations":\n' + LIST + b' "', ()),
        (b'{"stations":\n' + LIST + b" tr", ()),
        (b'{"stations":\n' + LIST.replace(b", ", b",\n") + b"\n", ()),
        (b'{"stations": ' + LIST + b"\n", ()),
        (b'{"\\"stations":\n' + LIST + b"\n", None),
        (b'{"a":\n[]\n', (b"[]",)),
        (b"[\n[ ]\n", (b"[ ]",)),
        (b"[\n[\n]\n", ()),
        (b"[[]\n", ()),
        (b'{"a":\n' + LIST.replace(b", ", b",\n") + b"\n", (LIST.replace(b", ", b",\n"),)),
        (b'{"a": ' + LIST + b"\n", ()),
        (b'{"a": 1,\n"b": ' + LIST + b"\n", ()),
        (b'{"a": 1,\n"b": ' + OBJECT + b"\n", (OBJECT,)),
        (b'{"a":\n{"stations": {}}\n', ()),
        (b'{"a":\n{:[]}\n', ()),
        (b'{"a": {"stations": [], "stations": []}', (b'{"stations": [], "stations": []}',)),
        (b'{"a": ' + OBJECT + b', "b": ' + OBJECT, (OBJECT, OBJECT)),
        (b'{"a": {"stations":[{"id":1,"mode":2,"map":3,"x":' + OBJECT + b"}]}",
         (b'{"stations":[{"id":1,"mode":2,"map":3,"x":' + OBJECT + b"}]}",)),
        # no documents
        (b'{"a": {"stations": 1}', ()),
        (b'{"a": {"stations": [1]}', ()),
        (b'{"a": {"\\"stations": []}', ()),
        (b'{"a": ["stations", []]', ()),
        (b'{"a": {"stations": [{"id": 1, "mode": "master"}]}', ()),
        (b'{"a":\n[{"id": 1, "mode": "master"}]\n', ()),
        (b'{"a":\n[1]\n', ()),
        (b"[\n[[]]\n", ()),
    ],
)  # fmt: skip
def test_documents_that_count_when_the_value_breaks(data, found):
    verdict, _, its_own = ends(data)

    if found is None:  # the name only looks like `stations`
        assert verdict is Verdict.BROKEN
    else:
        assert (verdict, its_own) == (Verdict.UNFINISHED, found)


def test_what_was_meant_for_a_document_breaks_all_if_it_has_its_line():
    wrong = b'{"stations": [1,],}'
    data = b'[{"a":\n' + wrong

    assert ends(data + b"\n") == (Verdict.BROKEN, len(data), (wrong,))
    assert ends(data + b"}]") == (Verdict.WHOLE, len(data) + 2, ())
    assert ends(data) == (Verdict.UNFINISHED, 0, (wrong,))
    assert ends(b"[" + wrong) == (Verdict.UNFINISHED, 0, ())


def test_so_many_documents_in_a_value_are_none_of_its_parts():
    one = b'"a": ' + OBJECT + b", "
    brackets = Brackets()

    assert brackets.scan(bytearray(b"{" + one * (MAX_FOUND - 1))) is Verdict.UNFINISHED
    brackets = Brackets()
    assert brackets.scan(bytearray(b"{" + one * MAX_FOUND)) is Verdict.BROKEN
    assert brackets.stop == 1 + len(one) * MAX_FOUND - len(b", ")
    assert len(brackets.found) == MAX_FOUND


def test_what_is_dropped_is_forgotten_and_the_rest_goes_on():
    outer = b'{"a": ' + OBJECT + b', "b": [' + b"[" * (MAX_DEPTH - 3)
    inner = b'{"c": ' + OBJECT + b', "stations":\n' + LIST + b"\n"
    buffer, brackets = bytearray(outer + inner), Brackets()
    assert brackets.scan(buffer) is Verdict.TOO_DEEP
    assert brackets.depth == MAX_DEPTH

    start, found = brackets.drop(MAX_DEPTH - 1)

    assert start == len(outer)
    assert [bytes(buffer[span.start : span.stop]) for span in found] == [OBJECT]
    del buffer[:start]
    assert brackets.depth == 1
    assert brackets.scan(buffer) is Verdict.UNFINISHED
    assert [bytes(buffer[span.start : span.stop]) for span in brackets.found] == [OBJECT, LIST]
    assert brackets.scan(buffer + b"x") is Verdict.BROKEN
    assert brackets.stop == len(buffer)


def test_all_that_is_known_of_what_is_kept_moves_with_it():
    before, inner = b'{"a": ', b'{"b": ' + OBJECT + b', "stations":\n' + LIST
    buffer, brackets = bytearray(before + inner), Brackets()
    assert brackets.scan(buffer) is Verdict.UNFINISHED

    assert brackets.drop(1) == (len(before), [])

    del buffer[: len(before)]
    buffer += b"\n "
    assert brackets.scan(buffer) is Verdict.UNFINISHED
    assert [bytes(buffer[span.start : span.stop]) for span in brackets.found] == [OBJECT, LIST]
    buffer += b"}"
    assert brackets.scan(buffer) is Verdict.WHOLE
    assert brackets.stop == len(buffer)


def test_an_object_whose_stations_are_begun_is_known_by_them_when_others_are_dropped():
    before, inner = b'[{"a": [', OBJECT[:-2]
    buffer, brackets = bytearray(before + inner), Brackets()
    assert brackets.scan(buffer) is Verdict.UNFINISHED

    brackets.drop(2)

    del buffer[: before.rindex(b"[")]
    buffer += OBJECT[-2:]
    assert brackets.scan(buffer) is Verdict.BROKEN  # a list is open around it, and no object
    assert [bytes(buffer[span.start : span.stop]) for span in brackets.found] == [OBJECT]
