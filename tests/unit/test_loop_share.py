"""How much of the loop's time work may take, by a clock that the work itself moves."""

import asyncio

import pytest
import uvloop

from aoba.loop_share import LoopShare
from support.waiting import DEADLINE

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Work:
    """Steps that take `seconds` each, in the order in which they came about."""

    def __init__(self, share, clock):
        self.share, self.clock, self.steps = share, clock, []

    async def go_on(self, name, seconds, count):
        for _ in range(count):
            await self.share.turn()
            self.clock.now += seconds
            self.steps.append(name)


def pauses(loop, monkeypatch):
    """What the loop is asked to wait, instead of waiting; the clock goes on by that."""
    asked = []

    def call_later(delay, callback):
        asked.append(delay)
        return loop.call_soon(callback)

    monkeypatch.setattr(loop, "call_later", call_later)
    return asked


def run(work, factory=asyncio.new_event_loop):
    async def in_time():
        async with asyncio.timeout(DEADLINE):
            return await work()

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(in_time())


@pytest.mark.parametrize("factory", LOOPS)
def test_work_is_done_in_the_order_in_which_it_was_asked_for(factory):
    async def work():
        clock = Clock()
        made = Work(LoopShare(clock=clock), clock)
        await asyncio.gather(*(made.go_on(name, 0, 3) for name in "abc"))
        return made.steps

    assert run(work, factory) == list("abcabcabc")


def test_a_burst_is_let_through_and_then_there_are_pauses(monkeypatch):
    async def work():
        clock = Clock()
        made = Work(LoopShare(share=0.25, burst=0.1, clock=clock), clock)
        asked = pauses(asyncio.get_running_loop(), monkeypatch)
        await made.go_on("a", 0.02, 6)
        assert asked == []
        await made.go_on("a", 0.02, 2)
        return asked

    asked = run(work)

    # What it can save up is 0.1 s, so the first step has to be paid. Of the others, a quarter is
    # gained while they last.
    left = 0.1 - 0.02 - 6 * 0.75 * 0.02
    assert asked[0] == pytest.approx(4 * -left)


def test_in_the_long_run_it_has_its_share(monkeypatch):
    async def work():
        clock = Clock()
        share = LoopShare(share=0.25, burst=0.1, clock=clock)
        made = Work(share, clock)
        loop = asyncio.get_running_loop()

        def call_later(delay, callback):
            def wake():
                clock.now += delay
                callback()

            return loop.call_soon(wake)

        monkeypatch.setattr(loop, "call_later", call_later)
        await made.go_on("a", 0.003, 3000)
        return 9 / (clock.now - 100)

    assert run(work) == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize("factory", LOOPS)
def test_nothing_is_charged_but_the_step(factory):
    """Not what other callbacks of the same turn of the loop take, nor the time between steps."""

    async def work():
        clock = Clock()
        share = LoopShare(share=0.5, burst=1, clock=clock)

        def others():
            clock.now += 1000

        loop = asyncio.get_running_loop()
        for _ in range(5):
            loop.call_soon(others)
            await share.turn()
            loop.call_soon(others)
            clock.now += 0.5
            await asyncio.sleep(0)
        await share.turn()
        return share._left

    assert run(work, factory) == pytest.approx(1 - 0.5)


def test_others_have_their_turn_behind_each_step():
    async def work():
        share = LoopShare()
        turns = 0

        async def others():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        other = asyncio.create_task(others())
        for _ in range(50):
            await share.turn()
        other.cancel()
        return turns

    assert run(work) >= 50


def test_who_does_not_wait_any_more_is_passed_over():
    async def work():
        share = LoopShare()
        waiting = [asyncio.create_task(share.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await share.turn()
        return [task.cancelled() for task in waiting]

    assert run(work) == [False, True, False]
