import asyncio
import logging

import pytest

from aoba.logs.rate_limit import OVERHEAD
from aoba.sources.source_log import BURST, SourceLog
from aoba.sources.stderr_log import BURST as STDERR_BURST
from support.waiting import DEADLINE


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, "aoba.source")
    return lambda: [(record.levelname, record.message) for record in caplog.records]


def test_a_script_has_the_number_of_its_run(said):
    log = SourceLog("a.py")
    log.run_begins(7)
    log.of_run(logging.WARNING, "hot")
    log.of_source(logging.INFO, "fresh")

    assert said() == [("WARNING", "a.py run 7: hot"), ("INFO", "a.py: fresh")]


def test_what_repeats_is_counted_by_its_level(said):
    log = SourceLog("a.json")
    for _ in range(3):
        log.repeatable(logging.ERROR, "bad")
        log.repeatable(logging.WARNING, "odd")
        log.run_over()
    log.end("over")

    assert said() == [
        ("ERROR", "a.json: bad"),
        ("WARNING", "a.json: odd"),
        ("ERROR", "a.json: same error, 2 times: bad"),
        ("WARNING", "a.json: same warning, 2 times: odd"),
        ("INFO", "a.json: over"),
    ]


TRACEBACK = ("Traceback (most recent call last):", '  File "a.py", line 3', "KeyError: 'x'")


def test_recovery_is_said_once(said):
    log = SourceLog("a.py")
    for number in range(1, 10):
        log.run_begins(number)
        if number % 2:
            log.repeatable(logging.ERROR, "bad")
        log.run_over()

    assert said() == [
        ("ERROR", "a.py run 1: bad"),
        ("INFO", "a.py run 2: well again, after 1 error"),
    ]


def test_warnings_are_nothing_to_recover_from(said):
    log = SourceLog("a.py")
    for number in (1, 2, 3):
        log.run_begins(number)
        if number == 1:
            log.repeatable(logging.WARNING, "odd")
        log.run_over()

    assert said() == [("WARNING", "a.py run 1: odd")]


def test_a_traceback_is_logged_once_then_counted(said):
    log = SourceLog("a.py")
    for number in range(1, 6):
        log.run_begins(number)
        for line in ("starting", *TRACEBACK):
            log.stderr(line)
        log.run_over()
    log.end("over")

    assert said() == [
        ("WARNING", "a.py run 1: starting"),
        *(("WARNING", f"a.py run 1: {line}") for line in TRACEBACK),
        *(("WARNING", f"a.py run {number}: starting") for number in range(2, 6)),
        ("WARNING", "a.py run 5: same traceback, 4 times: KeyError: 'x'"),
        ("INFO", "a.py: over"),
    ]


def test_a_traceback_that_is_cut_off_is_logged_with_its_run(said):
    log = SourceLog("a.py")
    log.run_begins(1)
    log.stderr(TRACEBACK[0])
    log.run_over()

    assert said() == [("WARNING", f"a.py run 1: {TRACEBACK[0]}")]


def test_a_flood_of_stderr_leaves_room_for_errors_and_is_counted(said):
    log = SourceLog("a.py")
    for number in range(50_000):
        log.stderr(f"line {number}")
    log.repeatable(logging.ERROR, "bad")
    log.end("over")

    shown = sum("line" in text and "more" not in text for _, text in said())
    assert shown * OVERHEAD < STDERR_BURST
    assert said()[shown:] == [
        ("ERROR", "a.py: bad"),
        ("WARNING", f"a.py: {50_000 - shown} more lines on stderr, not shown"),
        ("INFO", "a.py: over"),
    ]


def test_so_does_a_flood_of_all_else(said):
    log = SourceLog("a.py")
    for number in range(10_000):
        log.of_source(logging.INFO, f"line {number}")
        log.repeatable(logging.ERROR, f"bad {number}")
    log.end("over")

    assert sum(len(text) for _, text in said()) < BURST
    assert len(said()) * OVERHEAD < 2 * BURST
    assert any("more errors, not shown" in text for _, text in said())
    assert any("more lines, not shown" in text for _, text in said())


def test_a_state_that_goes_to_and_fro_is_counted(said):
    log = SourceLog("a.py")
    for _ in range(5):
        log.changed(logging.WARNING, "stale", "stale")
        log.changed(logging.INFO, "fresh", "fresh")
    log.end("over")

    assert said() == [
        ("WARNING", "a.py: stale"),
        ("INFO", "a.py: fresh"),
        ("INFO", "a.py: same message, 4 times: fresh"),
        ("WARNING", "a.py: same message, 4 times: stale"),
        ("INFO", "a.py: over"),
    ]


def test_what_nothing_follows_is_said_in_time(said):
    async def twice():
        log = SourceLog("a.py", remind=0.01)
        log.repeatable(logging.ERROR, "bad")
        log.repeatable(logging.ERROR, "bad")
        async with asyncio.timeout(DEADLINE):
            while len(said()) < 2:  # noqa: ASYNC110  a line of the log sets no event
                await asyncio.sleep(0.001)

    asyncio.run(twice())
    assert said()[1] == ("ERROR", "a.py: same error, 1 time: bad")


def test_a_flood_of_warnings_leaves_room_for_errors(said):
    log = SourceLog("a.py")
    for number in range(10_000):
        log.repeatable(logging.WARNING, f"odd {number}")
    log.repeatable(logging.ERROR, "bad")

    assert said()[-1] == ("ERROR", "a.py: bad")
    log.end("over")
    assert any("more warnings, not shown" in text for _, text in said())
