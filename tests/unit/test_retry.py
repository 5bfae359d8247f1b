import pytest

from aoba.logs.dedup import REMIND
from aoba.retry import Backoff, Outage


def test_pauses_are_doubled_up_to_a_limit():
    backoff = Backoff(0.1, 1.0)

    assert [backoff.pause() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_what_works_is_tried_again_soon():
    backoff = Backoff(0.5, 10.0)
    assert backoff.is_reset
    assert (backoff.failed(100), backoff.failed(101)) == (100.5, 102)
    assert (backoff.until, backoff.is_reset) == (102, False)

    backoff.reset()
    assert (backoff.until, backoff.is_reset, backoff.pause()) == (0.0, True, 0.5)


@pytest.fixture
def outage():
    return Outage(first=0.5, most=10.0)


def happened(outage, *times, text="bad"):
    return [line for now in times for line in outage.happened(text, now)]


def test_it_is_told_once(outage):
    assert happened(outage, 0, 1, 2) == ["bad"]


def test_the_rest_is_counted_when_it_is_over(outage):
    happened(outage, 0, 1, 2)

    assert outage.over() == ["same error, 2 times: bad"]
    assert outage.over() == []


def test_what_happened_once_needs_no_count(outage):
    happened(outage, 0)

    assert outage.over() == []


def test_the_count_has_the_newest_words(outage):
    happened(outage, 0)
    happened(outage, 1, text="worse")

    assert outage.over() == ["same error, 1 time: worse"]


def test_it_is_told_again_from_time_to_time(outage):
    happened(outage, 0, 1, 2)

    assert happened(outage, REMIND) == ["same error, 3 times: bad"]
    assert happened(outage, REMIND + 1) == []
    assert outage.over() == ["same error, 1 time: bad"]


def test_it_is_tried_again_ever_more_seldom(outage):
    pauses = []
    for now in range(100, 107):
        happened(outage, now)
        pauses.append(outage.backoff.until - now)

    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]


def test_what_is_over_begins_anew(outage):
    happened(outage, 100, 101)
    outage.over()

    assert (outage.lasts, outage.backoff.until) == (False, 0.0)
    assert happened(outage, 200) == ["bad"]
    assert (outage.lasts, outage.since, outage.backoff.until) == (True, 200, 200.5)


def test_a_failure_may_cost_a_pause_and_no_word(outage):
    outage.backoff.failed(100)

    assert (outage.lasts, outage.backoff.until) == (False, 100.5)
    assert outage.over() == []


def test_what_is_told_the_first_time_only(outage):
    assert outage.happened("bad", 0, "; 3 values wait") == ["bad; 3 values wait"]
    outage.happened("bad", 1, "; 3 values wait")

    assert outage.over() == ["same error, 1 time: bad"]
