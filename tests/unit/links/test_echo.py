"""What of the bytes that come in is an echo, and what is not."""

import pytest

from aoba.links.echo import MISSED, SUSPECTED, EchoFilter
from builders import all_splits

READ, VALUE = b"\x01\x03\x00\x00\x00\x01\xaa\xbb", b"\x01\x03\x02\x00\x07\xcc\xdd"
WRITE = b"\x01\x06\x00\x05\x00\x4d\xee\xff"
"""Frames, as far as a filter looks at them."""


class Line:
    def __init__(self, **options):
        self.found = 0
        self.filter = EchoFilter(self._found, **options)

    def _found(self):
        self.found += 1

    def reads(self):
        self.filter.sent(VALUE, repeats=False)

    def writes(self):
        self.filter.sent(WRITE, repeats=True)

    def comes(self, *parts):
        return b"".join(map(self.filter.received, parts))

    def probes(self):
        probe, self.filter.probe = self.filter.probe, b""
        return probe


@pytest.fixture
def line():
    return Line()


def test_before_anything_was_sent_nothing_is_an_echo(line):
    assert line.comes(READ) == READ
    assert not line.filter.waiting


def test_an_answer_that_comes_back_in_any_split_is_an_echo():
    for parts in all_splits(VALUE):
        line = Line()
        line.reads()
        assert line.comes(*parts) == b""
        assert line.found == 1


def test_what_stands_behind_an_echo_is_not(line):
    line.reads()

    assert line.comes(VALUE + READ) == READ


@pytest.mark.parametrize("glitch", [b"\0", b"\xff\0"])
def test_noise_before_an_echo_belongs_to_it(line, glitch):
    line.reads()

    assert line.comes(glitch + VALUE) == b""
    assert line.found == 1


def test_what_only_begins_like_the_answer_comes_in_all_the_same():
    for parts in all_splits(READ):
        line = Line()
        line.reads()
        assert line.comes(*parts) + line.filter.silence() == READ
        assert line.found == 0


def test_where_a_line_has_an_echo_every_answer_has(line):
    line.reads()
    line.comes(VALUE)
    for _ in range(3):
        line.writes()
        assert not line.filter.waiting
        assert line.comes(WRITE[:3], WRITE[3:]) == b""
        assert line.comes(WRITE) == WRITE  # the next request, which is the same
    assert line.found == 1


@pytest.mark.parametrize("given", [False, True])
def test_on_a_line_with_an_echo_a_request_may_begin_like_the_answer(given):
    for parts in all_splits(READ):
        line = Line(given=given)
        line.reads()
        line.comes(VALUE)
        line.reads()  # and its echo is lost
        assert line.comes(*parts) + line.filter.silence() == READ


def test_what_is_held_back_there_is_given_back_when_nothing_follows():
    line = Line(given=True)
    line.writes()
    assert line.comes(WRITE[:3]) == b""
    assert line.filter.waiting

    assert line.filter.silence() == WRITE[:3]
    assert not line.filter.waiting


def test_where_a_line_has_none_the_same_again_is_a_request(line):
    line.reads()
    line.comes(READ)
    for _ in range(SUSPECTED - 1):
        line.writes()
        assert not line.filter.waiting
        assert line.comes(WRITE) == WRITE
    assert line.probes() == b""


def test_silence_behind_an_answer_says_that_there_is_none(line):
    line.writes()
    assert line.filter.waiting
    assert line.filter.silence() == b""
    assert not line.filter.waiting

    line.writes()
    assert line.comes(WRITE) == WRITE


def test_a_suspect_that_was_an_echo_is_dropped(line):
    line.writes()
    assert line.comes(WRITE) == b""
    assert line.probes() == WRITE[:1]
    assert line.filter.waiting

    assert line.comes(WRITE[:1]) == b""
    assert line.found == 1
    assert line.filter.begun == b""
    assert line.comes(READ) == READ


def test_a_suspect_that_was_a_request_is_carried_out_and_its_answer_has_begun(line):
    line.writes()
    assert line.comes(WRITE) == b""
    assert line.probes() == WRITE[:1]

    assert line.filter.silence() == WRITE
    assert line.filter.begun == WRITE[:1]
    assert not line.filter.waiting
    line.filter.begun = b""
    line.writes()
    assert line.comes(WRITE) == WRITE
    assert line.found == 0


def test_who_asks_anew_does_not_wait_for_the_rest(line):
    line.writes()
    line.comes(WRITE)

    assert line.comes(b"\x02" + READ[1:]) == b"\x02" + READ[1:]
    assert line.filter.begun == b""
    assert line.filter.silence() == b""
    assert line.found == 0


def test_the_begin_of_an_answer_within_something_else_is_no_echo(line):
    line.writes()
    line.comes(WRITE)

    assert line.comes(b"\x02\x01\x00") == b"\x02\x01\x00"
    assert line.found == 0


def test_the_same_with_more_behind_it_is_a_request(line):
    line.writes()

    assert line.comes(WRITE + READ) == WRITE + READ
    assert line.probes() == b""


def test_a_loop_on_a_line_that_seemed_to_have_no_echo_ends(line):
    line.writes()
    line.filter.silence()  # the first echo was lost
    for times in (SUSPECTED, 4 * SUSPECTED):
        for _ in range(times - 1):
            line.writes()
            assert line.comes(WRITE) == WRITE
        line.writes()
        assert line.comes(WRITE) == b""
        assert line.probes() == WRITE[:1]
        assert line.filter.silence() == WRITE  # a master that repeats itself, after all
        line.filter.begun = b""


def test_who_writes_something_else_in_between_is_not_suspected(line):
    line.reads()
    line.comes(READ)
    for _ in range(3 * SUSPECTED):
        line.writes()
        assert line.comes(WRITE) == WRITE
        line.reads()
        assert line.comes(READ) == READ


def test_a_line_that_has_lost_its_echo_is_looked_at_again(line):
    line.reads()
    line.comes(VALUE)
    for _ in range(MISSED):
        line.reads()
        assert line.comes(READ) == READ

    line.reads()
    assert line.comes(READ) == READ
    line.writes()
    assert line.comes(WRITE) == WRITE


def test_what_was_given_is_never_doubted():
    line = Line(given=True)
    for _ in range(3 * MISSED):
        line.reads()
        assert line.comes(READ) == READ
    line.writes()
    assert not line.filter.waiting
    assert line.comes(WRITE) == b""
    assert line.found == 0


def test_several_answers_repeat_their_requests_only_if_all_do(line):
    line.writes()
    line.reads()

    assert line.comes(WRITE + VALUE) == b""
    assert line.found == 1


def test_silence_before_anything_was_sent_says_nothing(line):
    line.comes(b"\x01")
    line.filter.silence()

    line.writes()
    assert line.filter.waiting
