import logging

import pytest

from aoba.sources.stderr import MAX_LINES, StderrParser

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
    assert events(line) == [(level, [text], None)]


def test_a_traceback_is_one_event_among_lines():
    before, traceback, after = events("before", *TRACEBACK, "after")

    assert before.lines == ["before"]
    assert traceback.lines == TRACEBACK
    assert after.lines == ["after"]
    assert len({traceback.key, before.key, after.key}) == 3
    assert before.key is None


GROUP = [
    "  + Exception Group Traceback (most recent call last):",
    '  |   File "/opt/tank.py", line 3, in <module>',
    "  |     asyncio.run(main())",
    "  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)",
    "  +-+---------------- 1 ----------------",
    "    | Traceback (most recent call last):",
    '    |   File "/opt/tank.py", line 9, in ask',
    "    | TimeoutError: after 2.01 s",
    "    +---------------- 2 ----------------",
    "    | ValueError: 17",
    "    +------------------------------------",
]
DETAILS = ["ValueError: 2 errors", "field a: 17 is too much", "field b: is missing"]


def keys_of(*lines):
    return [event.key for event in events(*lines)]


@pytest.mark.parametrize(
    "behind", [[], ["next"], ["<6>next"], TRACEBACK, ["During handling of the above exception"]]
)
def test_a_group_of_exceptions_is_one_event_that_repeats(behind):
    later = [line.replace("2.01", "13.5").replace("17", "0x1F") for line in GROUP]

    assert keys_of(*GROUP, *behind) == keys_of(*later, *behind)
    assert None not in keys_of(*GROUP)
    group, after = events(*GROUP, "next")
    assert (group.lines, after.lines) == (GROUP, ["next"])
    elsewhere = [line.replace("line 9", "line 8") for line in GROUP]
    assert keys_of(*GROUP)[0] != keys_of(*elsewhere)[0]


def test_a_message_of_several_lines_repeats_as_a_whole():
    first, behind = events(*TRACEBACK[:-1], *DETAILS)
    assert first.lines + behind.lines == [*TRACEBACK[:-1], *DETAILS]
    assert None not in {first.key, behind.key}
    again = events(*TRACEBACK[:-1], *(line.replace("17", "18") for line in DETAILS))
    assert [event.key for event in again] == [first.key, behind.key]


def test_what_else_is_written_behind_it_makes_no_other_traceback_of_it():
    first, behind = events(*TRACEBACK, "valve open")
    other, behind_other = events(*TRACEBACK, "valve shut")
    assert first.key == other.key
    assert behind.key != behind_other.key


def test_a_line_that_says_its_level_is_not_of_the_message():
    assert events(*TRACEBACK, "<6>next")[1:] == [(logging.INFO, ["next"], None)]


def test_what_comes_after_a_pause_is_not_of_the_message():
    parser = StderrParser()
    found = [event for line in TRACEBACK for event in parser.feed(line)]
    assert parser.is_holding
    assert list(parser.end()) == []
    assert not parser.is_holding
    assert list(parser.feed("next")) == [(logging.WARNING, ["next"], None)]
    assert len(found) == 1


def test_a_flood_behind_a_traceback_is_not_held():
    lines = [f"line {number}" for number in range(3 * MAX_LINES)]
    parser = StderrParser()
    passed = [event for line in (*TRACEBACK, *lines) for event in parser.feed(line)]
    assert [text for event in passed for text in event.lines] == [*TRACEBACK, *lines]
    assert not parser.is_holding


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
