"""What the health registers and the log say of a source; the timers are tested with real ones."""

import asyncio
import logging
import struct
from typing import NamedTuple

import pytest

from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.freshness import FreshnessRule
from aoba.sources.health_monitor import HealthMonitor
from aoba.sources.health_place import HealthPlace
from aoba.sources.monitoring import Monitoring
from aoba.sources.scripts.run import Outcome
from aoba.sources.source_log import SourceLog
from builders import decoded, one_range

NAME = "a.py"


class Shown(NamedTuple):
    age: int
    runs: int
    failures: int
    status: int
    is_stale: int


class Source:
    now = 100.0

    def __init__(self, rule):
        self.image = Image()
        place = HealthPlace(1, "input", 9000)
        self.health = HealthMonitor(NAME, Monitoring(rule, place), self.image, SourceLog(NAME))

    def shown(self):
        cells = self.image.stations[1].read(Table.INPUT, 9000, 8)
        return Shown(*struct.unpack(">IIIhH", cells))

    def document(self):
        self.image.apply(NAME, decoded(one_range("holding", 0, [7])))
        self.health.document()

    def run(self, *outcome):
        self.health.run_begins()
        self.health.run_over(Outcome(*outcome))


@pytest.fixture
def source(monkeypatch):
    made = Source(FreshnessRule(5.0, "exception"))
    monkeypatch.setattr("aoba.sources.health_monitor.time.monotonic", lambda: made.now)
    return made


@pytest.mark.parametrize(
    ("outcome", "failures", "status"),
    [
        ((None, 0), 0, 0),
        (("exit status 3", 3), 1, 3),
        (("killed by SIGKILL", -9), 1, -9),
        (("printed no document", 0), 1, 0),
        (("no such script", None, False), 1, 127),
        (("cannot be killed, and is left running", None), 1, 5),
    ],
)
def test_how_runs_end(source, outcome, failures, status):
    source.run("exit status 5", 5)
    source.run(*outcome)

    assert source.shown()[1:4] == (2, 1 + failures, status)


def test_a_run_counts_from_its_begin(source):
    source.health.run_begins()

    assert source.shown() == (0xFFFFFFFF, 1, 0, 0, 1)


def test_the_first_document_shows_at_once(source):
    source.document()

    assert source.shown() == (0, 0, 0, 0, 0)


def test_the_age_is_that_of_the_newest_document(source):
    source.document()
    source.now += 2.5
    source.run(None, 0)
    assert source.shown().age == 2500
    source.document()
    source.now += 0.25
    source.run(None, 0)

    assert source.shown().age == 250


def test_stale_and_fresh_again(source, caplog, monkeypatch):
    async def sleep_until(due):
        source.now = due

    async def watch():
        source.health.start()
        await asyncio.sleep(0)
        source.document()
        await asyncio.sleep(0.01)
        source.health.stop()

    monkeypatch.setattr("aoba.sources.health_monitor.sleep_until", sleep_until)
    caplog.set_level(logging.INFO, "aoba.source")
    asyncio.run(watch())
    assert source.shown()[::4] == (5000, 1)
    assert source.image.stations[1].stale.keys() == {NAME}

    source.now += 2
    source.document()
    assert source.shown()[::4] == (0, 0)
    assert source.image.stations[1].stale == {}
    assert caplog.messages == [
        "a.py: stale, newest document is 5.0 s old; reads answer exception 04",
        "a.py: fresh again, after 7.0 s",
    ]


@pytest.mark.parametrize(("address", "lines"), [(40001, 1), (0, 0)])
def test_a_place_that_looks_as_if_it_were_out_of_a_manual_is_told_at_the_start(
    address, lines, caplog
):
    async def start():
        place = Monitoring(health=HealthPlace(1, "holding", address))
        health = HealthMonitor(NAME, place, Image(), SourceLog(NAME))
        health.start()
        health.stop()

    asyncio.run(start())

    assert len(caplog.messages) == lines
    assert all(f"{NAME}: its health is in holding 40001 (" in line for line in caplog.messages)
