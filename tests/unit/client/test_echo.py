"""Frames that are the same as the request, on lines that give it back, and on others."""

import pytest

from aoba.client.echo import Echo, Kind

WRITE, READ = True, False  # whether a device may answer with the request itself


def test_nobody_knows_at_first():
    it = Echo(is_line=True)

    assert it.is_possible
    assert not it.is_unexpected
    assert it.came_back(may_be_answer=WRITE) is Kind.DOUBTFUL
    assert it.came_back(may_be_answer=WRITE) is Kind.DOUBTFUL


def test_a_read_that_comes_back_shows_that_there_is_one():
    it = Echo(is_line=True)

    assert it.came_back(may_be_answer=READ) is Kind.ECHO
    assert it.is_unexpected
    it.answered()  # by the device behind it
    assert it.is_unexpected
    assert it.came_back(may_be_answer=WRITE) is Kind.ECHO


@pytest.mark.parametrize("finding_out", [Echo.answered, Echo.excluded])
def test_an_answer_or_nothing_at_all_shows_that_there_is_none(finding_out):
    it = Echo(is_line=True)
    finding_out(it)

    assert not it.is_possible
    assert it.came_back(may_be_answer=WRITE) is Kind.ANSWER


def test_one_that_is_expected_comes_before_the_answer():
    it = Echo(is_line=True, is_expected=True)
    it.asks()
    it.sent()

    assert it.came_back(may_be_answer=WRITE) is Kind.ECHO
    assert it.came_back(may_be_answer=WRITE) is Kind.ANSWER
    assert not it.is_unexpected


def test_each_repetition_comes_back():
    it = Echo(is_line=True, is_expected=True)
    it.asks()
    it.sent()
    it.sent()
    kinds = [it.came_back(may_be_answer=WRITE) for _ in range(3)]

    assert kinds == [Kind.ECHO, Kind.ECHO, Kind.ANSWER]
    it.asks()
    it.sent()
    assert it.came_back(may_be_answer=WRITE) is Kind.ECHO


def test_what_cannot_be_an_answer_is_none_though_one_was_expected_once():
    it = Echo(is_line=True, is_expected=True)

    assert it.came_back(may_be_answer=READ) is Kind.ECHO


def test_an_answer_does_not_show_that_one_that_is_expected_is_missing():
    it = Echo(is_line=True, is_expected=True)
    it.answered()
    it.asks()
    it.sent()

    assert it.came_back(may_be_answer=WRITE) is Kind.ECHO


def test_one_that_is_expected_may_be_missing():
    it = Echo(is_line=True, is_expected=True)
    it.asks()
    it.sent()
    it.answered()
    assert it.is_missing

    it.asks()
    it.sent()
    it.came_back(may_be_answer=READ)
    it.answered()
    assert not it.is_missing


def test_a_network_gives_nothing_back_until_it_does():
    it = Echo(is_line=False)

    assert not it.is_possible
    assert it.came_back(may_be_answer=WRITE) is Kind.ANSWER
    assert it.came_back(may_be_answer=READ) is Kind.ECHO
    assert it.is_unexpected
