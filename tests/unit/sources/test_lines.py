import pytest

from aoba.sources.lines import HEAD, MAX_LINES, TAIL, WINDOW, Lines
from builders import all_splits


def lines_of(chunks, now=0.0):
    lines = Lines()
    found = [line for chunk in chunks for line in lines.feed(chunk, now)]
    return found + list(lines.end())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"one\n", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"no line feed", ["no line feed"]),
        (b"one\nrest", ["one", "rest"]),
        (b"\n\none\n\n  \ntwo\n", ["one", "two"]),  # blank lines are left out
        (b"  indented \t\n", ["  indented"]),
        (b"21 \xc2\xb0C\n", ["21 \u00b0C"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
        (b"a\x00b\x1b[2J\n", ["a\x00b\x1b[2J"]),
    ],
)
def test_lines_in_every_split(data, expected):
    for chunks in all_splits(data):
        assert lines_of(chunks) == expected


def test_a_line_comes_with_its_line_feed():
    lines = Lines()

    assert list(lines.feed(b"one", 0.0)) == []
    assert list(lines.feed(b"\ntwo", 0.0)) == ["one"]
    assert list(lines.feed(b"", 5.0)) == []
    assert list(lines.end()) == ["two"]
    assert list(lines.end()) == []


def test_of_a_long_line_the_middle_is_left_out():
    long = b"x" * HEAD + b"-" * 50 + b"y" * TAIL
    shown = "x" * HEAD + " ... (50 bytes left out) ... " + "y" * TAIL

    for chunks in ([long + b"\nz\n"], [long, b"\nz\n"], [long[:-7], long[-7:], b"\n", b"z"]):
        assert lines_of(chunks) == [shown, "z"]
    assert lines_of([long[i : i + 1] for i in range(len(long))]) == [shown]


def test_the_longest_line_that_is_shown_whole():
    assert lines_of([b"x" * (HEAD + TAIL)]) == ["x" * (HEAD + TAIL)]


def test_a_line_without_an_end_is_kept_only_as_far_as_it_is_shown():
    lines = Lines()
    for _ in range(100):
        assert list(lines.feed(b"x" * 32768, 0.0)) == []
    assert len(lines._head) + len(lines._tail) == HEAD + TAIL

    left_out = 100 * 32768 - HEAD - TAIL
    assert list(lines.end()) == ["x" * HEAD + f" ... ({left_out} bytes left out) ... " + "x" * TAIL]


def test_blank_lines_count_as_part_of_a_flood():
    found = lines_of([b"\n" * MAX_LINES + b"one\ntwo\n"])

    assert found == ["(2 more lines, not shown)"]


def numbered(first, count):
    return [f"line {i}" for i in range(first, first + count)]


def as_bytes(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def test_a_flood_is_counted_and_told_in_the_next_window():
    lines = Lines()
    flood = numbered(0, MAX_LINES + 5)

    assert list(lines.feed(as_bytes(flood), 10.0)) == flood[:MAX_LINES]
    assert list(lines.feed(b"more\nrest", 10.9)) == []
    assert list(lines.feed(b" of it\n", 10.0 + WINDOW)) == [
        "(6 more lines, not shown)",
        "rest of it",
    ]
    assert list(lines.end()) == []


def test_a_flood_in_small_pieces_is_bounded_as_well():
    flood = numbered(0, MAX_LINES + 7)

    assert lines_of([as_bytes([line]) for line in flood]) == [
        *flood[:MAX_LINES],
        "(7 more lines, not shown)",
    ]


def test_the_end_tells_what_was_held_back():
    lines = Lines()
    list(lines.feed(as_bytes(numbered(0, MAX_LINES + 2)) + b"broken off", 0.0))

    assert list(lines.end()) == ["broken off", "(2 more lines, not shown)"]


def test_as_many_as_allowed_are_all_shown_in_each_window():
    lines = Lines()
    for window in range(3):
        some = numbered(window, MAX_LINES)
        assert list(lines.feed(as_bytes(some), window * WINDOW)) == some
    assert list(lines.end()) == []


def test_blank_lines_are_not_counted():
    lines = Lines()
    for _ in range(2 * MAX_LINES):
        assert list(lines.feed(b"\n", 0.0)) == []
    assert list(lines.feed(b"said", 0.0)) == []
    assert list(lines.feed(b"\n", 0.0)) == ["said"]
    assert list(lines.end()) == []
