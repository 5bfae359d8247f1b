"""Whatever happens in whatever order: each event is logged or counted, and the log is bounded."""

import re

from hypothesis import given
from hypothesis import strategies as st

from aoba.logs.dedup import Dedup
from aoba.logs.rate_limit import OVERHEAD, RateLimit

BURST, PER_SECOND = 1_000, 20

EVENTS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 0.5, 7.0, 61.0])), max_size=80)


def events_in(line):
    """For how many events a line stands."""
    match = re.match(r"same error, (\d+) times?: |(\d+) more errors?, not shown", line)
    return int(match[1] or match[2]) if match else 1


@given(EVENTS, st.integers(1, 5))
def test_no_event_is_lost_and_no_burst_exceeded(events, max_keys):
    limit = RateLimit(BURST, PER_SECOND)
    dedup = Dedup(remind=60, forget=600, max_keys=max_keys, limit=limit)
    now, logged = 1000.0, []
    for number, pause in events:
        now += pause
        logged += dedup.happened(f"event {number}", now) + (dedup.due(now) if pause > 1 else [])
        assert len(dedup._entries) <= max_keys
        assert sum(OVERHEAD + len(line) for line in logged) <= BURST + PER_SECOND * (now - 1000)
    logged += dedup.end()

    assert sum(map(events_in, logged)) == len(events)
    assert not dedup.pending


@given(EVENTS)
def test_with_room_for_all_nothing_is_logged_in_full_twice(events):
    dedup = Dedup(remind=60, forget=1e9)
    now, logged = 0.0, []
    for number, pause in events:
        now += pause
        logged += dedup.happened(f"event {number}", now)

    full = [line for line in logged if line.startswith("event")]
    assert len(full) == len(set(full)) == len({number for number, _ in events})
