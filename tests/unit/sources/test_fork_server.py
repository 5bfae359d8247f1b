"""What the fork server reads; that it runs is tested where processes are."""

import pytest

from aoba.sources.fork_server import FIELDS, parse, text, words

FIRST = [b"1", b"/a:b.py", b"x\0", b"", b"", b"2", b"3"]
SECOND = [b"4", b"/c.py", b"", b"N=1:2\0", b"", b"5", b"6"]


def command(fields):
    return b"".join(b"%d:%s" % (len(field), field) for field in fields)


def test_two_commands_split_at_each_place():
    data = command(FIRST) + command(SECOND)
    for index in range(len(data) + 1):
        before, rest = parse(data[:index])
        after, end = parse(rest + data[index:])
        assert before + after == [FIRST, SECOND]
        assert end == b""


def test_nothing_is_no_command():
    assert parse(b"") == ([], b"")
    assert len(FIRST) == FIELDS


@pytest.mark.parametrize(("data", "parts"), [(b"", []), (b"\0", [""]), (b"a\0b c\0", ["a", "b c"])])
def test_lists_of_words(data, parts):
    assert words(data) == parts


def test_bytes_that_are_no_utf_8():
    assert text(b"\xff") == "\udcff"
