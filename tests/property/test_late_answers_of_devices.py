"""Answers that come at any time, without transaction ids: none is taken for another one.

Devices behind a converter answer one request after the other, or each by itself, up to 2.5 timeouts
late, or never. The converter keeps answers for whoever connects next. All answers look the same;
the model knows which request each belongs to.
"""

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoba.client.answers import Frame
from aoba.client.matching import OrderMatcher

T = 1.0  # timeout
LATEST = 2.5 * T
REQUESTS = tuple(bytes((3, 0, start, 0, 1)) for start in (0, 10))
ANSWER = b"\x03\x02\x12\x34"

delays = st.sampled_from((None, 0.0, 0.9 * T, 1.1 * T, 1.9 * T, 2.1 * T, LATEST))
tries = st.lists(delays | st.floats(0, LATEST), min_size=1, max_size=3)
asks = st.tuples(st.integers(1, 2), st.sampled_from(REQUESTS), tries)
rests = st.floats(0, 5 * T)
absences = st.tuples(st.floats(0, 5 * T))
"""Without a connection."""


@dataclass
class Devices:
    """Answers on their way, in the order in which they come."""

    is_converter: bool
    free_at: dict[int, float] = field(default_factory=dict)
    coming: deque[tuple[float, int, bytes]] = field(default_factory=deque)

    def receive(self, now, unit, pdu, delay):
        """`delay` is how long the device takes for it; None: it never gets it."""
        if delay is not None:
            who = 0 if self.is_converter else unit
            at = self.free_at[who] = max(now, self.free_at.get(who, 0.0)) + delay
            self.coming = deque(sorted((*self.coming, (at, unit, pdu))))

    def keep(self, until):
        """Nobody is there; what would have come by then comes then."""
        self.coming = deque((max(at, until), unit, pdu) for at, unit, pdu in self.coming)


class Master:
    def __init__(self, devices):
        self.devices, self.it, self.now = devices, OrderMatcher(), 0.0
        self.taken = []  # for which request, and to which it was
        self.it.connected(0.0)

    def ask(self, unit, pdu, delays):
        self.it.asks(unit, pdu)
        self._try(unit, pdu, delays)
        self.it.done()

    def rest(self, seconds):
        self._hear(self.now + seconds)

    def be_away(self, seconds):
        self.it.disconnected()
        self.now += seconds
        self.devices.keep(self.now)
        self.it.connected(self.now)

    def _try(self, unit, pdu, delays):
        while pause := self.it.pause(unit, pdu, self.now):
            assert pause > 0
            if self._hear(self.now + pause, unit, pdu, once=True):
                return
        for delay in delays:
            self.it.sent(T, self.now)
            self.devices.receive(self.now, unit, pdu, delay)
            if self._hear(self.now + T, unit, pdu):
                return
            self.it.silent()

    def _hear(self, until, unit=None, pdu=None, *, once=False):
        """Whether the answer comes by then; with `once`, or something else."""
        coming = self.devices.coming
        while coming and coming[0][0] <= until:
            self.now, of_unit, of_pdu = coming.popleft()
            if self.it.is_answer(Frame(of_unit, ANSWER, b""), self.now):
                self.taken.append(((unit, pdu), (of_unit, of_pdu)))
                return True
            if once:
                return False
        self.now = until
        return False


@pytest.mark.parametrize("is_converter", [False, True])
@given(steps=st.lists(asks | rests | absences, max_size=30))
def test_no_answer_is_taken_for_another_one(is_converter, steps):
    master = Master(Devices(is_converter))
    for step in steps:
        if isinstance(step, float):
            master.rest(step)
        elif len(step) == 1:
            master.be_away(*step)
        else:
            master.ask(*step)

    assert [asked for asked, answered in master.taken if asked != answered] == []


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(REQUESTS)), max_size=30))
def test_where_all_answer_in_time_nobody_ever_waits(requests):
    master = Master(Devices(is_converter=True))
    for unit, pdu in requests:
        assert master.it.pause(unit, pdu, master.now) == 0
        master.ask(unit, pdu, [T / 2])
    assert len(master.taken) == len(requests)
