import pytest

from aoba.outlets.push.rejections import Refused, Rejections
from aoba.spans import Span


def refused(start, stop, code=2):
    return Refused(Span(start, stop), code)


@pytest.fixture
def values():
    return {}


@pytest.fixture
def rejections(values):
    return Rejections(lambda it: f"{it.span} by {it.code}", values.get)


def test_each_run_of_addresses_is_told_once(rejections):
    told = rejections.add([refused(0, 2), refused(2, 5), refused(7, 9)], 100)

    assert told == ["0..4 by 2", "7..8 by 2"]
    assert list(rejections.spans) == [(0, 5), (7, 9)]


def test_those_refused_for_other_reasons_are_others(rejections):
    assert rejections.add([refused(0, 2), refused(2, 5, code=4)], 100) == ["0..1 by 2", "2..4 by 4"]


def test_they_are_tried_again_after_a_pause(rejections):
    rejections.add([refused(0, 2)], 100)

    assert rejections.take(100.4) is None
    assert rejections.take(100.5).refused == refused(0, 2)
    assert list(rejections.spans) == []
    assert rejections.take(100.5) is None


def test_one_that_is_refused_again_is_counted(rejections):
    rejections.add([refused(0, 2)], 100)
    before = rejections.take(101)

    assert rejections.add([refused(0, 1), refused(1, 2)], 101, before) == []
    assert rejections.take(101.9) is None
    before = rejections.take(102)
    assert rejections.add([], 102, before) == ["same error, 1 time: 0..1 by 2"]
    assert list(rejections) == []


def test_a_part_that_is_taken_leaves_the_others_as_rejections_of_their_own(rejections):
    rejections.add([refused(0, 9)], 100)
    before = rejections.take(101)

    assert rejections.add([refused(0, 3), refused(8, 9)], 101, before) == ["0..2 by 2", "8 by 2"]
    assert list(rejections.spans) == [(0, 3), (8, 9)]


def test_one_that_could_not_be_tried_stays(rejections):
    rejections.add([refused(0, 2)], 100)
    rejections.put_back(rejections.take(101))

    assert list(rejections.spans) == [(0, 2)]
    assert rejections.take(101).refused == refused(0, 2)


def test_a_value_that_is_refused_makes_way_for_another_at_once(rejections, values):
    values[Span(0, 2)] = b"bad!"
    rejections.add([refused(0, 2, code=3)], 100)
    assert rejections.take(100) is None

    values[Span(0, 2)] = b"good"
    before = rejections.take(100)
    assert rejections.add([refused(0, 2, code=3)], 100, before) == []
    assert rejections.take(100) is None


def test_another_value_at_an_address_that_is_refused_has_to_wait(rejections, values):
    values[Span(0, 2)] = b"bad!"
    rejections.add([refused(0, 2)], 100)
    values[Span(0, 2)] = b"good"

    assert rejections.take(100) is None
