import pytest

from aoba.sources.repeats import MAX_KNOWN, REMIND, Repeats


@pytest.fixture
def repeats():
    return Repeats()


def run(repeats, *errors, now=0.0):
    """What is told during a run with `errors`, and at its end."""
    told = [line for error in errors for line in repeats.happened(error, now)]
    return told + list(repeats.run_over())


def test_an_error_is_told_once(repeats):
    assert run(repeats, "bad") == ["bad"]
    assert run(repeats, "bad") == []
    assert run(repeats, "bad", "bad") == []


def test_the_count_is_told_when_a_run_passes_without_it(repeats):
    for _ in range(60):
        run(repeats, "bad")

    assert run(repeats) == ["same error, 59 times: bad"]
    assert run(repeats) == []


def test_once_more_is_no_plural(repeats):
    run(repeats, "bad", "bad")

    assert run(repeats) == ["same error, 1 time: bad"]


def test_an_error_that_came_once_leaves_nothing_to_count(repeats):
    run(repeats, "bad")

    assert run(repeats) == []


def test_an_error_that_comes_back_is_new(repeats):
    run(repeats, "bad")
    run(repeats)

    assert run(repeats, "bad") == ["bad"]


def test_errors_are_counted_each_by_itself(repeats):
    run(repeats, "bad", "worse")
    assert run(repeats, "bad", "worse", "worse") == []
    assert run(repeats, "worse") == ["same error, 1 time: bad"]
    assert run(repeats) == ["same error, 3 times: worse"]


def test_an_error_that_goes_on_is_told_again_now_and_then(repeats):
    told = [(now, line) for now in range(200) for line in run(repeats, "bad", now=float(now))]

    assert told == [
        (0, "bad"),
        (60, "same error, 60 times: bad"),
        (120, "same error, 60 times: bad"),
        (180, "same error, 60 times: bad"),
    ]
    assert run(repeats) == ["same error, 19 times: bad"]


def test_a_reminder_comes_within_a_run_as_well(repeats):
    assert list(repeats.happened("bad", 10.0)) == ["bad"]
    assert list(repeats.happened("bad", 10.0 + REMIND - 0.1)) == []
    assert list(repeats.happened("bad", 10.0 + REMIND)) == ["same error, 2 times: bad"]
    assert list(repeats.happened("bad", 10.0 + REMIND)) == []


def test_the_end_tells_what_was_not_told(repeats):
    run(repeats, "bad", "bad", "once")
    list(repeats.happened("bad", 0.0))

    assert list(repeats.end()) == ["same error, 2 times: bad"]
    assert list(repeats.end()) == []


def test_the_oldest_of_too_many_makes_way_and_is_told(repeats):
    errors = [f"error {i}" for i in range(MAX_KNOWN)]
    assert run(repeats, *errors, *errors) == errors

    assert list(repeats.happened("another", 0.0)) == ["same error, 1 time: error 0", "another"]
    assert list(repeats.happened("error 1", 0.0)) == []
    assert list(repeats.happened("error 0", 0.0)) == ["same error, 2 times: error 1", "error 0"]
    assert len(list(repeats.end())) == MAX_KNOWN - 2
