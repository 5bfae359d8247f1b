import pytest

from aoba.spans import Span, Spans


def spans(*pairs):
    result = Spans()
    for start, stop in pairs:
        result.add(start, stop)
    return result


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (Span(0, 1), "0"),
        (Span(0, 2), "0..1"),
        (Span(65535, 65536), "65535"),
        (Span(0, 65536), "0..65535"),
    ],
)
def test_span_shows_both_ends(span, text):
    assert str(span) == text


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ([(10, 20)], [(10, 20)]),
        ([(10, 20), (10, 20)], [(10, 20)]),
        ([(10, 20), (30, 40)], [(10, 20), (30, 40)]),
        ([(30, 40), (10, 20)], [(10, 20), (30, 40)]),
        ([(10, 20), (20, 30)], [(10, 30)]),  # touching behind
        ([(20, 30), (10, 20)], [(10, 30)]),  # touching before
        ([(10, 20), (21, 30)], [(10, 20), (21, 30)]),  # one address apart
        ([(10, 20), (15, 30)], [(10, 30)]),
        ([(15, 30), (10, 20)], [(10, 30)]),
        ([(10, 40), (20, 30)], [(10, 40)]),  # within
        ([(20, 30), (10, 40)], [(10, 40)]),  # around
        ([(0, 10), (20, 30), (40, 50), (10, 20)], [(0, 30), (40, 50)]),
        ([(0, 10), (20, 30), (40, 50), (5, 45)], [(0, 50)]),
        ([(0, 10), (20, 30), (40, 50), (12, 18)], [(0, 10), (12, 18), (20, 30), (40, 50)]),
        ([(0, 1), (65535, 65536)], [(0, 1), (65535, 65536)]),
        ([(0, 65535), (65535, 65536)], [(0, 65536)]),
    ],
)
def test_add_joins_what_touches(added, expected):
    assert list(spans(*added)) == expected


def test_add_gives_the_index_of_the_span():
    some = spans((0, 10), (40, 50))

    assert some.add(20, 30) == 1
    assert some.add(60, 70) == 3
    assert some.add(10, 20) == 0
    assert some[0] == Span(0, 30)


@pytest.mark.parametrize(
    ("start", "stop", "index"),
    [
        (10, 20, 0),
        (10, 11, 0),
        (19, 20, 0),
        (30, 40, 1),
        (9, 10, -1),
        (20, 21, -1),
        (9, 20, -1),
        (10, 21, -1),
        (10, 40, -1),  # both ends are covered, the middle is not
        (0, 65536, -1),
    ],
)
def test_find_wants_all_of_it_in_one_span(start, stop, index):
    some = spans((10, 20), (30, 40))

    assert some.find(start, stop) == index
    assert some.covers(start, stop) == (index >= 0)


def test_nothing_is_found_in_no_spans():
    assert Spans().find(0, 1) == -1
    assert Spans().overlap(0, 65536) is None
    assert list(Spans().gaps(3, 5)) == [Span(3, 5)]
    assert list(Spans()) == []


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 10, None),
        (20, 30, None),
        (40, 50, None),
        (0, 11, (10, 11)),
        (19, 30, (19, 20)),
        (12, 15, (12, 15)),
        (0, 50, (10, 20)),  # the first of two
        (20, 50, (30, 40)),
    ],
)
def test_overlap_is_the_first_common_part(start, stop, expected):
    assert spans((10, 20), (30, 40)).overlap(start, stop) == expected


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (10, 20, []),
        (0, 10, [(0, 10)]),
        (20, 30, [(20, 30)]),
        (0, 50, [(0, 10), (20, 30), (40, 50)]),
        (15, 35, [(20, 30)]),
        (5, 15, [(5, 10)]),
        (12, 18, []),
    ],
)
def test_gaps_are_what_is_not_there(start, stop, expected):
    assert list(spans((10, 20), (30, 40)).gaps(start, stop)) == expected


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 9, []),
        (0, 10, [0]),
        (20, 30, [0, 1]),
        (21, 29, []),
        (12, 13, [0]),
        (40, 41, [1]),
        (41, 42, []),
        (0, 65536, [0, 1]),
    ],
)
def test_touching_counts_common_ends(start, stop, expected):
    assert list(spans((10, 20), (30, 40)).touching(start, stop)) == expected


def test_every_second_address_makes_a_span_each_until_the_gaps_are_filled():
    some = spans(*((i, i + 1) for i in range(0, 65536, 2)))
    assert len(list(some)) == 32768

    some.add(0, 65536)
    assert list(some) == [Span(0, 65536)]


def test_parts_are_what_is_covered_of_an_interval():
    spans = Spans()
    for start, stop in ((2, 4), (6, 8), (10, 12)):
        spans.add(start, stop)

    assert list(spans.parts(3, 11)) == [(3, 4), (6, 8), (10, 11)]
    assert list(spans.parts(4, 6)) == []
    assert list(spans.parts(2, 3)) == [(2, 3)]
    assert list(spans.parts(0, 20)) == list(spans)
