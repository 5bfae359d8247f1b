"""Which frames are taken for answers, and when something may be asked; times are the test's."""

import pytest

from aoba.client.answers import Frame
from aoba.client.matching import (
    MAX_REPEATS,
    MIN_QUIET,
    QUIET,
    RECONNECTED,
    OrderMatcher,
    TransactionMatcher,
)

T = 2.0  # timeout
A, B = bytes.fromhex("03 0000 0001"), bytes.fromhex("03 0007 0001")
WIDER = bytes.fromhex("03 0000 0002")
ANSWER = bytes.fromhex("03 02 1234")  # to A as well as to B


class Line:
    """A matcher, and what is asked and answered at which time."""

    def __init__(self):
        self.it = OrderMatcher()
        self.it.connected(0.0)

    def ask(self, unit, pdu, now, times=1):
        """Without a look at whether it may be."""
        self.it.asks(unit, pdu)
        for _ in range(times):
            self.it.sent(T, now)

    def give_up(self):
        self.it.silent()
        self.it.done()

    def answers(self, unit, now, pdu=ANSWER):
        return self.it.is_answer(Frame(unit, pdu, b""), now)


@pytest.fixture
def line():
    return Line()


def test_as_long_as_all_is_answered_nothing_has_to_wait(line):
    for now, pdu in enumerate((A, B, A)):
        assert line.it.pause(1, pdu, now) == 0
        line.ask(1, pdu, now)
        assert line.answers(1, now + 0.5)
        line.it.done()
    assert line.it.open_for(9.0) == 0


def test_after_a_silence_something_different_waits_until_it_is_quiet(line):
    line.ask(1, A, 0.0)
    line.give_up()

    assert line.it.pause(1, B, T) == QUIET * T - T
    assert line.it.pause(1, B, QUIET * T - 0.1) == pytest.approx(0.1)
    assert line.it.pause(1, B, QUIET * T) == 0


def test_the_late_answer_ends_the_wait_and_is_nobodys(line):
    line.ask(1, A, 0.0)
    line.give_up()
    assert line.it.pause(1, B, T) > 0

    assert not line.it.is_late(1)
    assert not line.answers(1, T + 0.5)
    assert line.it.pause(1, B, T + 0.5) == 0
    assert line.it.is_late(1)
    assert not line.it.is_late(2)


def test_each_repetition_may_be_answered(line):
    """A device that answers after 2.1 s first, and then at once: both answers are A's."""
    line.ask(1, A, 0.0)
    line.it.sent(T, 2.0)
    assert line.answers(1, 2.1)
    line.it.done()

    assert line.it.pause(1, B, 2.1) == QUIET * T
    assert not line.answers(1, 2.2)
    assert line.it.pause(1, B, 2.2) == 0


def test_the_quiet_counts_from_the_last_answer_on(line):
    """A device answers one after the other, and takes as long for the second as for the first."""
    line.ask(1, A, 0.0, times=2)
    line.answers(1, 5.0)
    line.it.done()

    assert line.it.pause(1, B, 6.5) == pytest.approx(5.0 + QUIET * T - 6.5)


def test_the_same_may_be_asked_again_and_any_answer_to_it_is_right(line):
    line.ask(1, A, 0.0)
    line.give_up()

    assert line.it.pause(1, A, T) == 0
    line.ask(1, A, T)
    assert line.answers(1, T + 0.1)


def test_but_not_so_often_that_answers_grow_old(line):
    line.ask(1, A, 0.0, times=MAX_REPEATS)
    line.give_up()
    assert line.it.pause(1, A, T) == QUIET * T - T

    line.it.asks(1, A)
    assert line.answers(1, T + 1)  # while it waits
    line.it.done()
    assert line.it.pause(1, A, T + 1) == 0


def test_a_short_timeout_does_not_make_a_device_quick(line):
    line.it.asks(1, A)
    line.it.sent(0.01, 0.0)
    line.give_up()

    assert line.it.pause(1, B, 0.0) == MIN_QUIET


@pytest.mark.parametrize(
    ("unit", "pdu"),
    [
        (2, ANSWER),
        (1, bytes.fromhex("04 02 1234")),
        (1, bytes.fromhex("03 04 1234 5678")),
        (1, bytes.fromhex("03 04 1234")),
    ],
)
def test_what_cannot_be_an_answer_is_none(line, unit, pdu):
    line.ask(1, A, 0.0)

    assert not line.answers(unit, 0.1, pdu)
    assert line.answers(1, 0.2)


def test_an_exception_is_an_answer(line):
    line.ask(1, A, 0.0)

    assert line.answers(1, 0.1, bytes.fromhex("83 02"))


def test_what_nobody_asked_for_is_no_answer(line):
    assert not line.answers(1, 0.0)
    line.ask(1, A, 0.0)
    assert line.answers(1, 0.1)
    assert not line.answers(1, 0.1)


def test_a_station_that_never_answered_keeps_nobody_waiting(line):
    line.ask(9, A, 0.0)
    line.give_up()

    assert line.it.pause(1, B, T) == 0
    line.ask(1, B, T)
    assert not line.answers(9, T + 0.1)
    assert line.answers(1, T + 0.2)


def test_one_that_usually_answers_has_the_line_until_its_answer_has_come(line):
    line.ask(9, A, 0.0)
    line.answers(9, 0.1)
    line.it.done()
    line.ask(9, A, 1.0)
    line.give_up()
    assert line.it.pause(1, B, 3.0) == 1.0 + QUIET * T - 3.0

    line.answers(9, 4.0)
    assert line.it.pause(1, B, 4.0) == 0


def test_one_that_was_quiet_all_the_time_is_absent(line):
    line.ask(9, A, 0.0)
    line.answers(9, 0.1)
    line.ask(9, A, 1.0)
    line.give_up()
    later = 1.0 + QUIET * T
    assert line.it.pause(1, B, later) == 0

    line.ask(9, A, later)
    line.give_up()
    assert line.it.pause(1, B, later + T) == 0
    assert line.it.pause(9, B, later + T) > 0


def test_one_answer_lost_does_not_make_it_absent(line):
    line.ask(9, A, 0.0, times=2)
    line.answers(9, 0.1)
    line.give_up()
    later = 0.1 + QUIET * T
    assert line.it.pause(1, B, later) == 0

    line.ask(9, A, later)
    line.give_up()
    assert line.it.pause(1, B, later + T) > 0


def test_what_waits_behind_another_answer_is_later_by_that(line):
    """A converter answers one after the other, whichever station it was for."""
    line.ask(1, A, 0.0)
    line.give_up()
    line.ask(2, A, 2.0)
    line.give_up()

    assert not line.answers(1, 4.0)
    assert line.it.pause(2, B, 7.9) == pytest.approx(4.0 + QUIET * T - 7.9)


def test_what_was_asked_before_does_not_wait_for_the_later_answer(line):
    line.ask(1, A, 0.0)
    line.give_up()
    line.ask(2, A, 2.0)
    line.answers(2, 2.1)
    line.it.done()

    assert line.it.pause(1, B, QUIET * T) == 0


def test_an_answer_that_came_damaged_has_come(line):
    line.ask(1, A, 0.0)
    line.it.damaged(0.1)
    line.give_up()

    assert line.it.pause(1, B, 0.1) == 0


def test_a_broadcast_waits_for_all_and_nobody_waits_for_it(line):
    line.ask(9, A, 0.0)
    line.give_up()
    assert line.it.pause(0, A, T) > 0

    line.ask(0, A, QUIET * T)
    line.it.done()
    assert line.it.pause(1, B, QUIET * T) == 0


def test_how_long_late_answers_may_come(line):
    line.ask(1, A, 0.0)
    line.give_up()
    line.ask(2, A, 2.0)
    line.give_up()

    assert line.it.open_for(3.0) == 2.0 + QUIET * T - 3.0
    assert line.it.open_for(2.0 + QUIET * T) == 0


def test_another_connection_is_given_time_to_bring_what_was_kept(line):
    """By a serial server, for whoever connects next."""
    line.ask(1, A, 0.0)
    line.give_up()
    line.it.disconnected()
    assert line.it.pause(1, B, QUIET * T - 0.1) == pytest.approx(0.1)
    assert line.it.pause(1, B, 100.0) == 0

    line.it.connected(100.0)
    assert line.it.pause(1, B, 100.0) == RECONNECTED
    assert not line.answers(1, 100.1)
    assert line.it.pause(1, B, 100.1) == 0


def test_a_new_connection_does_not_shorten_the_wait(line):
    line.ask(1, A, 0.0)
    line.give_up()
    line.it.disconnected()
    line.it.connected(1.0)

    assert line.it.pause(1, B, 1.0) == QUIET * T - 1.0
    assert not line.it.is_spent


def test_where_nothing_is_open_a_new_connection_is_free(line):
    line.it.disconnected()
    line.it.connected(1.0)

    assert line.it.pause(1, A, 1.0) == 0


def by_id(frames, unit=1, *, silences=0):
    """Which of these, as transaction and unit ids, are taken for the answer to request 1."""
    it = TransactionMatcher()
    assert it.asks(unit, A) == 1
    it.sent(T, 0.0)
    for _ in range(silences):
        it.silent()
    taken = [it.is_answer(Frame(u, ANSWER, b"", t), 0.1) for t, u in frames]
    return taken, it.is_spent


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([(1, 1)], [True]),
        ([(2, 1), (1, 1)], [False, True]),
        ([(1, 2)], [False]),
        ([(0, 1)], [True]),  # of a device that never copies the id
        ([(0, 2)], [False]),
        ([(7, 1), (0, 1)], [False, False]),  # of one that does
        ([(1, 1), (0, 1)], [True, False]),
    ],
)
def test_ids_tell_answers_from_others(frames, expected):
    assert by_id(frames) == (expected, False)


def test_after_a_silence_an_id_of_zero_may_belong_to_anything():
    assert by_id([(0, 1), (1, 1)], silences=1) == ([False, True], True)
    assert by_id([(1, 1)], silences=1) == ([True], False)


def test_over_another_connection_it_may_be_taken_again():
    it = TransactionMatcher()
    it.asks(1, A)
    it.silent()
    it.is_answer(Frame(1, ANSWER, b"", 0), 0.1)
    assert it.is_spent

    it.connected(1.0)
    assert not it.is_spent
    assert it.asks(1, A) == 2  # not one that was used before
    assert it.is_answer(Frame(1, ANSWER, b"", 0), 0.1)


def test_the_device_itself_may_tell_its_own_unit_id():
    assert by_id([(1, 17)], unit=0) == ([True], False)


def test_ids_begin_again_after_the_last_one():
    it = TransactionMatcher()
    ids = [it.asks(1, A) for _ in range(0x10001)]

    assert ids[0xFFFE:] == [0xFFFF, 1, 2]


@pytest.mark.parametrize(("transaction", "expected"), [(1, True), (2, False), (0x7777, False)])
def test_an_id_that_was_used_before_is_a_late_answer(transaction, expected):
    it = TransactionMatcher()
    it.asks(1, A)
    it.asks(1, A)
    it.is_answer(Frame(1, ANSWER, b"", transaction), 0.1)

    assert it.is_late(1) is expected


def test_nothing_has_to_wait_where_there_are_ids():
    it = TransactionMatcher()
    it.asks(1, A)
    it.sent(T, 0.0)
    it.silent()
    it.done()

    assert it.pause(1, B, 0.1) == 0
    assert it.open_for(0.1) == 0
