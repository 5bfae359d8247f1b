import logging

import pytest

from aoba.sources.stderr import MAX_BEHIND, MAX_LINES, Event, StderrParser

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/opt/tank.py", line 3, in <module>',
    "    1 / 0",
    "    ~~^~~",
    "ZeroDivisionError: division by zero",
]


def events(*lines):
    parser = StderrParser()
    return [event for line in lines for event in parser.feed(line)] + list(parser.end())


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("pump", logging.WARNING, "pump"),
        ("<0>pump", logging.ERROR, "pump"),
        ("<3>pump", logging.ERROR, "pump"),
        ("<4>pump", logging.WARNING, "pump"),
        ("<5>pump", logging.INFO, "pump"),
        ("<6>pump", logging.INFO, "pump"),
        ("<7> pump", logging.DEBUG, " pump"),
        ("<8>pump", logging.WARNING, "<8>pump"),
        ("<6", logging.WARNING, "<6"),
        ("a <6>pump", logging.WARNING, "a <6>pump"),
    ],
)
def test_the_level_of_a_line(line, level, text):
    assert events(line) == [Event(level, [text])]


def test_a_traceback_is_one_event_among_lines():
    before, traceback, after = events("before", *TRACEBACK, "after")

    assert before.lines == ["before"]
    assert traceback.lines == TRACEBACK
    assert after.lines == ["after"]
    assert traceback.key is not None
    assert before.key is after.key is before.behind is None
    assert after.behind == traceback.key


def test_numbers_in_the_message_make_no_other_error():
    keys = {
        events(*TRACEBACK[:-1], message)[0].key
        for message in (
            "OSError: timed out after 2.01 s",
            "OSError: timed out after 13.5 s",
        )
    }

    assert len(keys) == 1


@pytest.mark.parametrize(
    "other",
    [
        [*TRACEBACK[:-1], "KeyError: 'x'"],
        [TRACEBACK[0], '  File "/opt/tank.py", line 4, in <module>', *TRACEBACK[2:]],
    ],
)
def test_another_exception_or_place_is_another_error(other):
    assert events(*TRACEBACK)[0].key != events(*other)[0].key


SYNTAX_ERROR = [
    '  File "/opt/tank.py", line 3',
    "    def (",
    "        ^",
    "SyntaxError: invalid syntax",
]
GROUP = [
    "  + Exception Group Traceback (most recent call last):",
    '  |   File "/opt/tank.py", line 5, in <module>',
    "  |     raise ExceptionGroup('pumps', errors)",
    "  | ExceptionGroup: pumps (2 sub-exceptions)",
    "  +-+---------------- 1 ----------------",
    "    | ValueError: 21.5",
    "    +---------------- 2 ----------------",
    "    | KeyError: 'x'",
    "    +------------------------------------",
]


@pytest.mark.parametrize(
    ("lines", "brief"),
    [
        (TRACEBACK, TRACEBACK[-1]),
        (SYNTAX_ERROR, SYNTAX_ERROR[-1]),
        (GROUP, "KeyError: 'x'"),
        (GROUP[:-1], "KeyError: 'x'"),
        (TRACEBACK[:1], TRACEBACK[0]),
    ],
)
def test_errors_of_every_kind_are_one_event(lines, brief):
    parser = StderrParser()
    first, second = (
        [event for line in lines for event in parser.feed(line)] + list(parser.end())
        for _ in range(2)
    )

    assert [(event.lines, event.brief) for event in first] == [(lines, brief)]
    assert first == second
    assert first[0].key is not None


@pytest.mark.parametrize("lines", [GROUP, GROUP[:-1]])
def test_what_follows_a_group_is_no_part_of_it(lines):
    group, after = events(*lines, "pump started")

    assert group.lines == lines
    assert (after.lines, after.behind) == (["pump started"], group.key)


def test_numbers_in_a_group_make_no_other_error():
    other = [line.replace("21.5", "22.0") for line in GROUP]
    elsewhere = [line.replace("line 5", "line 6") for line in GROUP]

    assert events(*GROUP)[0].key == events(*other)[0].key
    assert events(*GROUP)[0].key != events(*elsewhere)[0].key


def test_a_stack_that_somebody_shows_does_not_end_with_what_follows():
    stack, after = events(*TRACEBACK[1:3], "value 21")

    assert stack.lines == TRACEBACK[1:3]
    assert after.lines == ["value 21"]


def test_what_stands_behind_a_traceback_is_told_with_its_key():
    traceback, *behind = events(*TRACEBACK, "[SQL: SELECT 1]", "  more", "<4>of it")

    assert [event.behind for event in behind] == [traceback.key] * 3
    assert [event.lines for event in behind] == [["[SQL: SELECT 1]"], ["  more"], ["of it"]]


@pytest.mark.parametrize("between", [["<6>pump"], ["pump"] * MAX_BEHIND])
def test_another_level_or_many_lines_are_behind_a_traceback_no_more(between):
    *_, last = events(*TRACEBACK, *between, "last")

    assert last.behind is None


def test_a_run_that_is_over_has_nothing_behind_it():
    parser = StderrParser()
    for line in TRACEBACK:
        list(parser.feed(line))
    assert (parser.is_holding, parser.may_go_on) == (False, True)
    assert list(parser.end()) == []
    assert not parser.may_go_on
    assert next(parser.feed("pump")).behind is None


def test_exceptions_behind_each_other():
    during = "During handling of the above exception, another exception occurred:"
    first, second = events(*TRACEBACK, during, *TRACEBACK)

    assert first.lines == TRACEBACK
    assert second.lines == [during, *TRACEBACK]


def test_what_is_never_completed_is_passed_on_at_the_end():
    parser = StderrParser()
    assert [event for line in TRACEBACK[:3] for event in parser.feed(line)] == []
    assert parser.is_holding
    assert [event.lines for event in parser.end()] == [TRACEBACK[:3]]
    assert not parser.is_holding
    assert list(parser.end()) == []


def test_a_traceback_without_end_is_not_held_for_ever():
    lines = [TRACEBACK[0], *(f"  line {number}" for number in range(3 * MAX_LINES))]
    parser = StderrParser()
    most = 0
    passed = []
    for line in lines:
        passed += [text for event in parser.feed(line) for text in event.lines]
        most = max(most, len(parser._held))

    assert most <= MAX_LINES
    assert passed + [text for event in parser.end() for text in event.lines] == lines
