import logging

import pytest

from aoba.sources.source_log import SourceLog


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
