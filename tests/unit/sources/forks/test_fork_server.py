"""What the fork server reads; that it runs is tested where processes are."""

from aoba.sources.forks.fork_server import parse, text

FIRST = [b"1", b"", b"2", b"3", b"/a:b.py", b"1", b"N=1:2", b"x", b""]
SECOND = [b"4", b"", b"5", b"6", b"/c.py", b"0"]


def command(fields):
    data = b"\0".join(fields)
    return b"%d:%s" % (len(data), data)


def test_two_commands_split_at_each_place():
    data = command(FIRST) + command(SECOND)
    for index in range(len(data) + 1):
        before, rest = parse(data[:index])
        after, end = parse(rest + data[index:])
        assert before + after == [FIRST, SECOND]
        assert end == b""


def test_nothing_is_no_command():
    assert parse(b"") == ([], b"")


def test_bytes_that_are_no_utf_8():
    assert text(b"\xff") == "\udcff"
