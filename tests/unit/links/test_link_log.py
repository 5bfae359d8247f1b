"""What the log is told of a link: once, then counted, and never more than its bounds allow."""

import asyncio
import json
import logging

import pytest

from aoba.links import link_log
from aoba.links.link_log import (
    DETAIL_BURST,
    HOST_BURST,
    HOST_PER_SECOND,
    LINK_BURST,
    LINK_PER_SECOND,
    MAX_HOSTS,
    LinkLog,
)
from aoba.logs.rate_limit import OVERHEAD
from support.waiting import soon

DAY = 24 * 3600
MIB = 1024 * 1024


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(link_log, "time", clock)
    return clock


@pytest.fixture
def log(clock, caplog):
    caplog.set_level(logging.DEBUG, "aoba.link")
    assert clock.now
    return LinkLog("tcp://a:1")


def test_a_warning_is_logged_once_then_counted(log, caplog):
    for _ in range(3):
        log.tell("bad", host="10.0.0.7")
    assert caplog.messages == ["bad"]

    log.close()
    assert caplog.messages == ["bad", "same warning, 2 times: bad"]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_a_refusal_is_logged_at_info_and_counted_by_its_key(log, caplog):
    assert not log.count_refusal("key")
    log.refusal(lambda: "refused", "key", host="10.0.0.7", client="10.0.0.7 port 1")
    assert log.count_refusal("key")
    log.close()

    assert caplog.messages == ["refused", "same refusal, 1 time: refused"]
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert (caplog.records[0].link, caplog.records[0].client) == ("tcp://a:1", "10.0.0.7 port 1")


def test_each_line_of_a_text_is_a_line_of_the_log(log, caplog):
    log.tell("first\nsecond", client="b port 2")

    assert [(r.getMessage(), r.client) for r in caplog.records] == [
        ("first", "b port 2"),
        ("second", "b port 2"),
    ]


def test_one_host_leaves_room_for_the_others(log, caplog):
    for i in range(10_000):
        log.tell(f"{i:04} " + "x" * 200, host="10.0.0.66")
    told = len(caplog.messages)
    log.tell("bad", host="10.0.0.7")

    assert 0.9 * HOST_BURST < sum(len(m) + OVERHEAD for m in caplog.messages[:-1]) <= HOST_BURST
    assert caplog.messages[-1] == "bad"
    log.close()
    assert caplog.messages[-1] == f"tcp://a:1: {10_000 - told} more warnings, not shown"


def test_no_number_of_hosts_exceeds_the_bounds_of_the_link(log, clock, caplog):
    for i in range(20_000):
        log.tell("x" * 200, key=i, host=f"10.0.{i // 256}.{i % 256}")
        clock.now += 0.01
    assert len(log._hosts) <= MAX_HOSTS

    logged = sum(len(message) + OVERHEAD for message in caplog.messages)
    assert logged <= LINK_BURST + 200 * LINK_PER_SECOND


@pytest.mark.parametrize("hosts", [1, 50])
def test_a_day_of_the_worst_comes_to_less_than_100_mb(log, clock, hosts):
    """In JSON, too; computed from what an hour adds when the bursts are over."""
    written = []
    logger = logging.getLogger("aoba.link")
    handler = logging.Handler()
    handler.emit = lambda record: written.append(
        len(json.dumps({"message": record.getMessage(), "link": "x" * 30, "time": "x" * 29}))
    )
    logger.addHandler(handler)
    logger.propagate = False
    try:
        for second in range(1200):
            for i in range(20):
                host = f"10.0.0.{i % hosts}"
                log.tell(f"frame {second} {i}" + "x" * 30, host=host)
                log.refusal(lambda: "y" * 60, (host, second, i), host=host, client="")
            clock.now += 1
            if second == 600:
                before = sum(written)
    finally:
        logger.removeHandler(handler)
        logger.propagate = True

    assert HOST_PER_SECOND * 300 < sum(written) - before < 100 * MIB * 600 / DAY


def test_details_are_bounded_too_and_counted(log, caplog):
    line = "x" * 10_000
    for _ in range(DETAIL_BURST // len(line) + 10):
        log.detail(line, client="b")
    shown = len(caplog.messages)
    assert shown < DETAIL_BURST / len(line)

    log.close()
    left_out = DETAIL_BURST // len(line) + 10 - shown
    assert caplog.messages[-1] == f"tcp://a:1: {left_out} more lines, not shown"


def test_details_left_out_are_told_though_nothing_follows(clock, caplog):
    caplog.set_level(logging.DEBUG, "aoba.link")
    log = LinkLog("tcp://a:1", remind=0.001)
    log._details.take(DETAIL_BURST, clock.now)

    async def leave_out():
        log.detail("x")
        log.start()
        await soon(lambda: caplog.messages)

    asyncio.run(leave_out())
    assert caplog.messages == ["tcp://a:1: 1 more lines, not shown"]


def test_details_that_nobody_wants_cost_nothing(log, caplog):
    caplog.set_level(logging.INFO, "aoba.link")
    log.detail("x")

    assert caplog.messages == []
    assert log._details.is_full(0.0)


def test_counts_are_logged_in_time(clock, caplog):
    log = LinkLog("tcp://a:1", remind=0.01)

    async def scenario():
        log.start()
        log.tell("bad")
        log.tell("bad")
        clock.now += 60
        while len(caplog.messages) < 2:  # noqa: ASYNC110  nobody tells of it
            await asyncio.sleep(0.01)
        log.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert caplog.messages == ["bad", "same warning, 1 time: bad"]
