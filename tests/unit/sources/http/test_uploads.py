import pytest

from aoba.document.stream import MAX_VALUE
from aoba.sources.http.uploads import MAX_LARGE, SLOW, SLOW_AFTER, Upload, Uploads

NOW = 1000.0


@pytest.fixture
def uploads():
    return Uploads()


@pytest.fixture
def stopped():
    """Names, in the order in which they had to make way."""
    return []


@pytest.fixture
def begin(uploads, stopped):
    def begin(name, *, age=0.0, received=0, is_trusted=False, is_complete=False):
        upload = Upload(NOW - age, is_trusted, lambda: stopped.append(name), received, is_complete)
        uploads.begin(upload)
        return upload

    return begin


def test_there_is_room_for_the_largest_document_and_then_no_more(uploads, begin):
    one, other = begin("one"), begin("other")

    assert uploads.reserve(one, MAX_VALUE, NOW)
    assert not uploads.reserve(other, MAX_VALUE, NOW)
    uploads.end(one)
    assert uploads.reserve(other, MAX_VALUE, NOW)


def test_smaller_ones_fit_side_by_side(uploads, begin):
    fits = [uploads.reserve(begin(str(n)), MAX_LARGE // 4, NOW) for n in range(5)]

    assert fits == [True] * 4 + [False]


def test_who_waits_longer_goes_first(uploads, begin):
    one, first, second = begin("one"), begin("first"), begin("second")
    uploads.reserve(one, MAX_VALUE, NOW)
    assert not uploads.reserve(first, MAX_VALUE, NOW)

    assert not uploads.reserve(second, 1, NOW)  # though there is room for it
    uploads.end(one)
    assert not uploads.reserve(second, 1, NOW)
    assert uploads.reserve(first, MAX_VALUE, NOW)
    assert uploads.reserve(second, 1, NOW)


def test_who_has_a_token_goes_before_all_who_have_none(uploads, begin):
    one, first, trusted = begin("one"), begin("first"), begin("trusted", is_trusted=True)
    uploads.reserve(one, MAX_VALUE, NOW)
    uploads.reserve(first, MAX_VALUE, NOW)
    uploads.reserve(trusted, MAX_VALUE, NOW)
    uploads.end(one)

    assert not uploads.reserve(first, MAX_VALUE, NOW)
    assert uploads.reserve(trusted, MAX_VALUE, NOW)


def test_who_gives_up_waiting_is_not_waited_for(uploads, begin):
    one, first, second = begin("one"), begin("first"), begin("second")
    uploads.reserve(one, MAX_VALUE, NOW)
    uploads.reserve(first, MAX_VALUE, NOW)
    uploads.end(first)
    uploads.end(one)

    assert uploads.reserve(second, MAX_VALUE, NOW)


def test_who_sends_slowly_makes_way_for_who_waits(uploads, begin, stopped):
    quick = begin("quick", age=2 * SLOW_AFTER, received=3 * SLOW_AFTER * SLOW)
    slow = begin("slow", age=2 * SLOW_AFTER, received=SLOW_AFTER * SLOW)
    young = begin("young", age=SLOW_AFTER / 2)
    for each in (quick, slow, young):
        assert uploads.reserve(each, MAX_LARGE // 3, NOW)
    late = begin("late")

    assert not uploads.reserve(late, MAX_VALUE, NOW)
    assert not uploads.reserve(late, MAX_VALUE, NOW)
    assert stopped == ["slow"]
    uploads.end(quick)
    uploads.end(slow)
    assert not uploads.reserve(late, MAX_VALUE, NOW)
    assert not uploads.reserve(late, MAX_VALUE, NOW + SLOW_AFTER)
    assert stopped == ["slow", "young"]  # which is not young any more


def test_as_many_make_way_for_a_token_as_have_to(uploads, begin, stopped):
    begun = [
        begin("done", is_complete=True),
        begin("trusted", is_trusted=True),
        begin("quick", received=10 * SLOW),
        begin("none"),
    ]
    for each in begun:
        assert uploads.reserve(each, MAX_LARGE // 4, NOW)
    late = begin("late", is_trusted=True)

    assert not uploads.reserve(late, MAX_LARGE // 4, NOW)
    assert stopped == ["none"]
    assert not uploads.reserve(late, MAX_LARGE // 2, NOW)
    assert stopped == ["none", "quick"]
    assert not uploads.reserve(late, MAX_VALUE, NOW)
    assert stopped == ["none", "quick"]


def test_the_slowest_makes_way_for_a_new_client(uploads, begin, stopped):
    begin("slow", age=10, received=10)
    begin("slower", age=20, received=10)
    begin("young", age=SLOW_AFTER / 2)
    begin("quick", age=10, received=11 * SLOW)
    begin("trusted", age=20, is_trusted=True)
    begin("done", age=20, is_complete=True)

    assert [uploads.make_way(NOW) for _ in range(3)] == [True, True, False]
    assert stopped == ["slower", "slow"]
