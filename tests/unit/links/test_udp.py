"""Which datagrams show that there is another server at the other end, and no client."""

import pytest

from aoba.links.udp import LOOP, LOOP_TIME, Peer

MANY = 5 * LOOP


@pytest.fixture
def peer():
    return Peer(None, ("10.0.0.7", 1), None, None)


def loops(peer, datagrams, per_second):
    return sum(peer.is_loop(data, 100 + i / per_second) for i, data in enumerate(datagrams))


def test_the_same_again_and_again_is_a_loop(peer):
    assert loops(peer, MANY * [b"same"], 1000) > 0


def test_a_master_that_writes_as_often_as_it_can_is_none(peer):
    assert loops(peer, (i.to_bytes(2, "big") for i in range(MANY)), 1000) == 0


def test_neither_is_one_that_repeats_itself_now_and_then(peer):
    assert loops(peer, MANY * [b"same"], LOOP / LOOP_TIME / 2) == 0


def test_a_loop_may_begin_after_other_requests(peer):
    assert loops(peer, (i.to_bytes(2, "big") for i in range(MANY)), 1000) == 0
    assert loops(peer, MANY * [b"same"], 1000) > 0
