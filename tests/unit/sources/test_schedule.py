import pytest

from aoba.sources.schedule import Schedule


def test_the_first_run_is_due_at_once_and_the_next_an_interval_later():
    schedule = Schedule(1.0, first=100.0)
    assert schedule.due == 100.0

    schedule.begin(schedule.due)
    assert schedule.due == 101.0
    assert schedule.finish(100.3) == 0
    assert schedule.due == 101.0


def test_runs_that_start_late_do_not_move_the_slots():
    schedule = Schedule(0.25, first=0.0)
    starts = []
    for _ in range(1000):
        starts.append(schedule.due)
        schedule.begin(schedule.due)
        assert schedule.finish(starts[-1] + 0.24) == 0  # begun late, and takes long

    assert starts == [0.25 * i for i in range(1000)]
    assert schedule.skipped == 0


@pytest.mark.parametrize(
    ("over", "passed", "due"),
    [
        (10.0, 0, 11.0),
        (10.99, 0, 11.0),
        (11.0, 0, 11.0),  # over at the very moment of the next slot, which is kept
        (11.01, 1, 12.0),
        (12.0, 1, 12.0),
        (12.5, 2, 13.0),
        (19.9, 9, 20.0),
    ],
)
def test_slots_that_pass_during_a_run_are_skipped_and_counted(over, passed, due):
    schedule = Schedule(1.0, first=10.0)
    schedule.begin(schedule.due)

    assert schedule.finish(over) == passed
    assert (schedule.due, schedule.skipped) == (due, passed)


def test_skipped_slots_add_up():
    schedule = Schedule(1.0, first=0.0)
    for over in (2.5, 4.5, 5.5):
        schedule.begin(schedule.due)
        schedule.finish(over)

    assert schedule.skipped == 2 + 1 + 0
    assert schedule.due == 6.0


def test_a_new_interval_counts_from_the_start_of_the_run():
    schedule = Schedule(1.0, first=10.0)
    schedule.begin(schedule.due)
    schedule.set_interval(5.0)
    assert schedule.due == 15.0

    assert schedule.finish(14.0) == 0
    schedule.begin(schedule.due)
    assert schedule.due == 20.0


def test_the_newest_interval_holds():
    schedule = Schedule(1.0, first=0.0)
    schedule.begin(schedule.due)
    for interval in (5.0, 0.01, 2.0):
        schedule.set_interval(interval)

    assert (schedule.interval, schedule.due) == (2.0, 2.0)


def test_a_shorter_interval_may_lie_in_the_past_when_the_run_is_over():
    schedule = Schedule(10.0, first=0.0)
    schedule.begin(schedule.due)
    schedule.set_interval(1.0)

    assert schedule.finish(3.5) == 3
    assert schedule.due == 4.0


def test_a_day_with_the_shortest_interval_does_not_drift():
    schedule = Schedule(0.01, first=0.0)
    schedule.begin(schedule.due)
    schedule.finish(86_400.0 - 0.005)

    assert schedule.due == pytest.approx(86_400.0, abs=1e-6)
    assert schedule.skipped == 8_640_000 - 1


def test_a_run_that_starts_late_starts_in_the_newest_slot():
    schedule = Schedule(1.0, first=10.0)
    schedule.begin(13.4)
    assert (schedule.due, schedule.skipped) == (14.0, 3)


def test_a_slot_may_be_skipped():
    schedule = Schedule(1.0, first=10.0)
    schedule.skip()
    assert (schedule.due, schedule.skipped) == (11.0, 1)
