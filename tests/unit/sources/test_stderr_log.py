import asyncio
import logging
import time

import pytest

from aoba.sources.stderr import MAX_LINES
from aoba.sources.stderr_log import BURST, StderrLog
from support.waiting import DEADLINE

TRACEBACK = ("Traceback (most recent call last):", '  File "a.py", line 3', "KeyError: 'x'")
GROUP = (
    "  + Exception Group Traceback (most recent call last):",
    '  |   File "a.py", line 5, in <module>',
    "  | ExceptionGroup: pumps (1 sub-exception)",
    "  +-+---------------- 1 ----------------",
    "    | KeyError: 'x'",
    "    +------------------------------------",
)


class Said:
    def __init__(self, level=logging.INFO, **options):
        self.lines, self.looks = [], 0
        self.log = StderrLog(
            lambda _, line: self.lines.append(line),
            lambda each: each >= level,
            self._looked,
            remind=60.0,
            **options,
        )

    def _looked(self):
        self.looks += 1

    def runs(self, *lines, times=1):
        for _ in range(times):
            for line in lines:
                self.log.feed(line)
            self.log.run_over()
        return self.lines


@pytest.mark.parametrize(
    "lines",
    [
        TRACEBACK,
        (*TRACEBACK, "[SQL: SELECT 1]", "(Background on this error at: https://sqlalche.me/e/20)"),
        ('  File "a.py", line 3', "    def (", "SyntaxError: invalid syntax"),
        GROUP,
        (*TRACEBACK, "During handling of the above exception, another one occurred:", *TRACEBACK),
        TRACEBACK[:2],
        (TRACEBACK[0], *("    line" for _ in range(MAX_LINES + 20)), "KeyError: 'x'"),
    ],
)
def test_an_error_of_each_run_is_logged_once_then_counted(lines):
    said = Said()

    assert said.runs(*lines, times=30) == list(lines)
    said.log.end()
    counts = said.lines[len(lines) :]
    assert counts
    assert all(line.startswith("same traceback, 29 times: ") for line in counts)


def test_what_is_new_behind_a_known_traceback_is_logged():
    said = Said()
    said.runs(*TRACEBACK, "at pump 1")
    said.runs(*TRACEBACK, "at pump 2", "at valve 2")
    said.runs("at pump 3")

    assert said.lines == [*TRACEBACK, "at pump 1", "at valve 2", "at pump 3"]


def test_what_is_behind_a_traceback_that_is_logged_again_is_logged_again(monkeypatch):
    said = Said()
    said.runs(*TRACEBACK, "at pump 1")
    now = time.monotonic() + 10_000
    monkeypatch.setattr(time, "monotonic", lambda: now)

    assert said.runs(*TRACEBACK, "at pump 1") == 2 * [*TRACEBACK, "at pump 1"]


def test_a_group_that_nothing_follows_is_logged_though_the_run_goes_on():
    async def feed():
        said = Said(held=0.001)
        for line in GROUP[:-1]:
            said.log.feed(line)
        async with asyncio.timeout(DEADLINE):
            while not said.looks:  # noqa: ASYNC110  it sets no event
                await asyncio.sleep(0.001)
        return said.lines

    assert asyncio.run(feed()) == list(GROUP[:-1])


def test_what_is_not_shown_costs_nothing():
    said = Said()
    for _ in range(BURST // 1000):
        said.log.feed("<7>" + "x" * 2000)
    said.log.feed("<3>bad")
    said.log.end()

    assert said.lines == ["bad"]


def test_lines_cost_the_bytes_that_they_take():
    said = Said()
    for number in range(1000):
        said.log.feed(f"{number} " + "\U0001f600" * 450)

    assert 500 < sum(len(line.encode()) for line in said.lines) / 1024 < BURST / 1024


def test_memory_for_what_stands_behind_is_bounded():
    said = Said()
    for number in range(10_000):
        said.runs(TRACEBACK[0], f'  File "a.py", line {number}', "KeyError: 'x'", f"pump {number}")

    assert len(said.log._behind) <= 100
