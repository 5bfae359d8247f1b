"""A gap is told once, in time, and not where more has come."""

import asyncio
from contextlib import contextmanager

import pytest

from aoba.links.frame_timeout import FrameTimeout


class Loop:
    """A loop whose time the test moves."""

    def __init__(self):
        self.now, self.timers = 0.0, []

    def call_later(self, delay, function):
        timer = Timer(self.now + delay, function, self)
        self.timers.append(timer)
        return timer

    def wait(self, seconds):
        self.now += seconds
        for timer in [it for it in self.timers if it.due <= self.now]:
            timer.cancel()
            timer.function()


class Timer:
    def __init__(self, due, function, loop):
        self.due, self.function, self._loop = due, function, loop

    def cancel(self):
        if self in self._loop.timers:
            self._loop.timers.remove(self)


@contextmanager
def running(loop):
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


@pytest.fixture
def loop():
    loop = Loop()
    with running(loop):
        yield loop


@pytest.fixture
def gaps():
    return []


@pytest.fixture
def timer(gaps, loop):
    return FrameTimeout(2.0, lambda: gaps.append(loop.now))


def test_a_gap_is_told_once_when_the_line_has_been_quiet(loop, timer, gaps):
    timer.watch(waiting=True)
    loop.wait(1.9)
    assert gaps == []
    loop.wait(0.1)
    loop.wait(10)

    assert gaps == [2.0]


def test_each_byte_begins_the_wait_anew(loop, timer, gaps):
    for _ in range(5):
        timer.watch(waiting=True)
        loop.wait(1.5)

    assert gaps == []
    assert len(loop.timers) == 1


def test_where_nothing_is_incomplete_there_is_no_gap(loop, timer, gaps):
    timer.watch(waiting=True)
    timer.watch(waiting=False)
    loop.wait(10)

    assert gaps == []
    assert loop.timers == []


def test_a_wait_may_be_longer_and_never_shorter(loop, timer, gaps):
    timer.watch(waiting=True, at_least=5.0)
    loop.wait(4)
    assert gaps == []
    loop.wait(1)
    timer.watch(waiting=True, at_least=0.5)
    loop.wait(1)
    assert gaps == [5.0]


def test_a_timer_that_is_cancelled_tells_nothing(loop, timer, gaps):
    timer.watch(waiting=True)
    timer.cancel()
    timer.cancel()
    loop.wait(10)

    assert gaps == []
