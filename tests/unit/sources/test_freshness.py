import pytest

from aoba.sources.freshness import Freshness


def test_before_the_first_document_nothing_is_stale():
    it = Freshness(5.0)

    assert (it.age(1000.0), it.deadline, it.expire(1000.0), it.is_stale) == (
        None,
        None,
        False,
        False,
    )


def test_stale_at_the_deadline_once():
    it = Freshness(5.0)
    assert it.renew(100.0) is False
    assert it.deadline == 105.0

    assert it.expire(104.999) is False
    assert it.expire(105.0) is True
    assert it.is_stale
    assert it.expire(106.0) is False
    assert it.age(106.5) == 6.5


def test_a_document_moves_the_deadline():
    it = Freshness(5.0)
    it.renew(100.0)
    it.renew(103.0)

    assert it.expire(105.0) is False
    assert it.deadline == 108.0


def test_a_document_ends_it_and_it_can_begin_again():
    it = Freshness(5.0)
    it.renew(100.0)
    it.expire(105.0)

    assert it.renew(110.0) is True
    assert not it.is_stale
    assert it.renew(111.0) is False
    assert it.expire(116.0) is True


@pytest.mark.parametrize("now", [0.0, 1e9])
def test_without_a_rule_never(now):
    it = Freshness(None)
    it.renew(0.0)

    assert (it.deadline, it.expire(now), it.age(now)) == (None, False, now)
