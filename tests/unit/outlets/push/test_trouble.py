import pytest

from aoba.outlets.push.trouble import REMIND, Trouble


@pytest.fixture
def trouble():
    return Trouble(first=0.5, most=10.0)


def happened(trouble, *times, text="bad"):
    return [line for now in times for line in trouble.happened(text, now)]


def test_it_is_told_once(trouble):
    assert happened(trouble, 0, 1, 2) == ["bad"]


def test_the_rest_is_counted_when_it_is_over(trouble):
    happened(trouble, 0, 1, 2)

    assert list(trouble.over()) == ["same error, 2 times: bad"]
    assert list(trouble.over()) == []


def test_what_happened_once_needs_no_count(trouble):
    happened(trouble, 0)

    assert list(trouble.over()) == []


def test_the_count_has_the_newest_words(trouble):
    happened(trouble, 0)
    happened(trouble, 1, text="worse")

    assert list(trouble.over()) == ["same error, 1 time: worse"]


def test_it_is_told_again_from_time_to_time(trouble):
    happened(trouble, 0, 1, 2)

    assert happened(trouble, REMIND) == ["same error, 3 times: bad"]
    assert happened(trouble, REMIND + 1) == []
    assert list(trouble.over()) == ["same error, 1 time: bad"]


def test_it_is_tried_again_ever_more_seldom(trouble):
    pauses = []
    for now in range(100, 107):
        happened(trouble, now)
        pauses.append(trouble.until - now)

    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]


def test_what_is_over_begins_anew(trouble):
    happened(trouble, 100, 101)
    list(trouble.over())

    assert (trouble.lasts, trouble.until) == (False, 0.0)
    assert happened(trouble, 200) == ["bad"]
    assert (trouble.lasts, trouble.since, trouble.until) == (True, 200, 200.5)


def test_a_failure_may_cost_a_pause_and_no_word(trouble):
    trouble.wait(100)

    assert (trouble.lasts, trouble.until) == (False, 100.5)
    assert list(trouble.over()) == []
