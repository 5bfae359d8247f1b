"""Which datagrams show that there is another server at the other end, and no client."""

import pytest

from aoba.links.udp import LOOP, LOOP_TIME, Sender

MANY = 5 * LOOP


@pytest.fixture
def sender():
    return Sender(None, ("10.0.0.7", 1), None, None)


def loops(sender, datagrams, per_second):
    return sum(sender.is_loop(data, 100 + i / per_second) for i, data in enumerate(datagrams))


def test_the_same_again_and_again_is_a_loop(sender):
    assert loops(sender, MANY * [b"same"], 1000) > 0


def test_a_master_that_writes_as_often_as_it_can_is_none(sender):
    assert loops(sender, (i.to_bytes(2, "big") for i in range(MANY)), 1000) == 0


def test_neither_is_one_that_repeats_itself_now_and_then(sender):
    assert loops(sender, MANY * [b"same"], LOOP / LOOP_TIME / 2) == 0


def test_a_loop_may_begin_after_other_requests(sender):
    assert loops(sender, (i.to_bytes(2, "big") for i in range(MANY)), 1000) == 0
    assert loops(sender, MANY * [b"same"], 1000) > 0
