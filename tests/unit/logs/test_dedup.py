import pytest

from aoba.logs.dedup import FORGET, MAX_KEYS, REMIND, Dedup
from aoba.logs.rate_limit import OVERHEAD, RateLimit


@pytest.fixture
def dedup():
    return Dedup()


def test_an_event_is_logged_once(dedup):
    assert dedup.happened("bad", 0.0) == ["bad"]
    assert dedup.happened("bad", 1.0) == []
    assert dedup.happened("bad", 2.0) == []


def test_events_that_take_turns_are_logged_once_each(dedup):
    lines = [line for now in range(50) for line in dedup.happened(f"bad {now % 2}", now)]

    assert lines == ["bad 0", "bad 1"]


def test_what_goes_on_is_counted_now_and_then(dedup):
    lines = [(now, line) for now in range(200) for line in dedup.happened("bad", now)]

    assert lines == [
        (0, "bad"),
        (60, "same error, 60 times: bad"),
        (120, "same error, 60 times: bad"),
        (180, "same error, 60 times: bad"),
    ]
    assert dedup.end() == ["same error, 19 times: bad"]


def test_once_more_is_no_plural_and_a_kind_has_its_name():
    dedup = Dedup("warning")
    dedup.happened("bad", 0.0)

    assert dedup.happened("bad", REMIND) == ["same warning, 1 time: bad"]


def test_what_is_known_is_counted_without_its_text(dedup):
    assert not dedup.count("key", 0.0)
    assert dedup.happened("bad", 0.0, key="key") == ["bad"]
    assert dedup.count("key", 1.0)
    assert dedup.count("key", REMIND - 1)
    assert not dedup.count("key", REMIND)
    assert dedup.happened("other words", REMIND, key="key") == ["same error, 3 times: bad"]
    assert dedup.count("key", REMIND)


def test_the_brief_text_is_what_is_counted(dedup):
    traceback = "Traceback ...\nKeyError: 'x'"

    assert dedup.happened(traceback, 0.0, brief="KeyError: 'x'") == [traceback]
    assert dedup.happened(traceback, 60.0, brief="KeyError: 'x'") == [
        "same error, 1 time: KeyError: 'x'"
    ]


def test_the_newest_brief_text_is_what_is_counted(dedup):
    dedup.happened("off by 1", 0.0, key="off", brief="off by 1")

    assert dedup.happened("off by 2", 1.0, key="off", brief="off by 2") == []
    assert dedup.happened("off by 3", 60.0, key="off", brief="off by 3") == [
        "same error, 2 times: off by 3"
    ]


def test_of_many_lines_the_first_is_what_is_counted(dedup):
    dedup.happened("bad\nin detail", 0.0)

    assert dedup.happened("bad\nin detail", 60.0) == ["same error, 1 time: bad"]


def test_a_text_is_made_only_where_it_is_logged():
    dedup = Dedup(limit=RateLimit(burst=1000, per_second=0))
    made = []

    def text():
        made.append("text")
        return "x" * (660 - OVERHEAD)

    long = "x" * (660 - OVERHEAD)
    assert dedup.happened(text, 0.0, key=1) == [long]
    assert dedup.happened(text, 0.0, key=1) == []
    assert dedup.happened(text, 0.0, key=2) == [long]  # there was room for a usual one
    assert dedup.happened(text, 0.0, key=3) == []
    assert len(made) == 2
    assert dedup.end() == [f"same error, 1 time: {long}", "1 more error, not shown"]


def test_each_line_of_a_text_has_its_cost():
    dedup = Dedup(limit=RateLimit(burst=10 * LINE, per_second=0))
    dedup.happened("error 0000", 0.0)

    assert dedup.happened("\n" * 9, 0.0) == []
    assert dedup.happened("\n" * 8, 0.0) == ["\n" * 8]


def test_the_count_of_what_was_left_out_may_have_a_name():
    dedup = Dedup("warning", limit=RateLimit(burst=LINE, per_second=0))
    dedup.name = "tcp://a:1: "
    for i in range(2):
        dedup.happened(f"error {i:04}", 0.0)

    assert dedup.end() == ["tcp://a:1: 1 more warning, not shown"]


def test_an_event_that_has_long_been_quiet_is_new(dedup):
    dedup.happened("bad", 0.0)

    assert dedup.happened("bad", FORGET - 1) == ["same error, 1 time: bad"]
    assert dedup.happened("bad", 2 * FORGET - 1) == ["bad"]


def test_counts_are_due_though_nothing_follows(dedup):
    dedup.happened("bad", 0.0)
    assert not dedup.pending
    dedup.happened("bad", 1.0)
    assert dedup.pending

    assert dedup.due(REMIND - 1) == []
    assert dedup.due(REMIND) == ["same error, 1 time: bad"]
    assert not dedup.pending
    assert dedup.due(2 * REMIND) == []


def test_the_end_has_all_counts_once(dedup):
    for event in ("bad", "worse", "once", "bad", "worse", "worse"):
        dedup.happened(event, 0.0)

    assert dedup.end() == ["same error, 1 time: bad", "same error, 2 times: worse"]
    assert dedup.end() == []


def test_a_recovery_is_said_once_for_all_that_was_wrong(dedup):
    assert not dedup.recovered()
    for event in ("bad", "bad", "worse"):
        dedup.happened(event, 0.0)

    assert dedup.recovered() == 3
    assert dedup.recovered() == 0
    assert dedup.end() == []  # the number of the recovery stood for the counts


def test_what_fails_every_second_time_is_said_to_be_well_once_a_minute(dedup):
    lines = []
    for now in range(130):
        lines += [(now, line) for line in dedup.happened("bad", now)] if now % 2 == 0 else []
        if now % 2 and (times := dedup.recovered()):
            lines.append((now, f"well after {times}"))

    assert lines == [
        (0, "bad"),
        (1, "well after 1"),
        (60, "same error, 30 times: bad"),
        (61, "well after 30"),
        (120, "same error, 30 times: bad"),
        (121, "well after 30"),
    ]


def test_the_quietest_of_too_many_makes_way_and_is_counted(dedup):
    for turn in range(2):
        for i in range(MAX_KEYS):
            dedup.happened(f"error {i}", turn)
    dedup.happened("error 0", 2.0)

    assert dedup.happened("another", 3.0) == ["same error, 1 time: error 1", "another"]
    assert dedup.happened("error 0", 3.0) == []
    assert dedup.happened("error 1", 4.0) == ["same error, 1 time: error 2", "error 1"]


LINE = OVERHEAD + len("error 0000")


def test_more_than_may_be_logged_is_counted():
    dedup = Dedup(limit=RateLimit(burst=6 * LINE, per_second=LINE / 10))
    lines = [line for i in range(100) for line in dedup.happened(f"error {i:04}", 0.0)]

    assert lines == [f"error {i:04}" for i in range(6)]
    assert dedup.pending
    assert dedup.happened("error 0099", 10.0) == ["error 0099"]  # not remembered when left out
    assert dedup.due(REMIND - 1) == []
    assert dedup.due(REMIND) == ["94 more errors, not shown"]
    assert dedup.due(2 * REMIND) == []


def test_what_was_left_out_stands_before_what_is_new():
    dedup = Dedup(limit=RateLimit(burst=6 * LINE, per_second=LINE))
    for i in range(7):
        dedup.happened(f"error {i:04}", 0.0)

    assert dedup.happened("error 0007", 60.0) == ["1 more error, not shown", "error 0007"]


def test_a_reminder_that_may_not_be_logged_is_due_still():
    dedup = Dedup(limit=RateLimit(burst=2 * LINE, per_second=LINE / 100))
    assert dedup.happened("bad", 0.0) == ["bad"]
    assert dedup.happened("x" * LINE, 1.0) == []
    assert dedup.happened("other", 1.0) == ["other"]

    assert dedup.happened("bad", 60.0) == []
    assert dedup.due(61.0) == []
    assert dedup.due(200.0) == ["1 more error, not shown"]
    assert dedup.due(400.0) == ["same error, 1 time: bad"]


def test_the_end_has_what_was_left_out_once():
    dedup = Dedup(limit=RateLimit(burst=LINE, per_second=0))
    for i in range(3):
        dedup.happened(f"error {i:04}", 0.0)

    assert dedup.end() == ["2 more errors, not shown"]
    assert dedup.end() == []
    assert not dedup.pending


def test_one_of_many_may_have_a_share_of_his_own():
    dedup = Dedup()
    share = RateLimit(burst=LINE, per_second=0)

    assert dedup.happened("error 0000", 0.0, limit=share) == ["error 0000"]
    assert dedup.happened("error 0001", 0.0, limit=share) == []
    assert dedup.happened("error 0002", 0.0) == ["error 0002"]


def test_reminders_may_come_ever_more_seldom():
    dedup = Dedup(remind=60, max_remind=200)

    assert [now for now in range(900) if dedup.happened("bad", now)] == [0, 60, 180, 380, 580, 780]
