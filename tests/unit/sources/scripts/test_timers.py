"""Timers that are moved, and waiting with a deadline."""

import asyncio
import time

from aoba.sources.scripts.timers import ReusableEvent, ReusableTimer


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 30))


def test_an_alarm_that_is_moved_calls_once_at_the_last_time_set():
    async def main():
        called = asyncio.Event()
        times = []
        alarm = ReusableTimer(lambda: (times.append(time.monotonic()), called.set()))
        start = time.monotonic()
        for seconds in (0.01, 0.02, 0.05):
            alarm.set(start + seconds)
        await called.wait()
        await asyncio.sleep(0.02)
        return [at - start for at in times]

    (elapsed,) = run(main)
    assert elapsed >= 0.05


def test_an_alarm_may_be_moved_forward():
    async def main():
        called = asyncio.Event()
        alarm = ReusableTimer(called.set)
        alarm.set(time.monotonic() + 600)
        alarm.set(time.monotonic())
        await called.wait()
        return alarm._timer

    assert run(main) is None


def test_an_alarm_that_is_unset_is_silent():
    async def main():
        called = []
        alarm = ReusableTimer(lambda: called.append(1))
        alarm.set(time.monotonic() + 0.01)
        alarm.unset()
        while alarm._timer is not None:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.005)
        return called

    assert run(main) == []


def test_moving_an_alarm_makes_no_timer():
    async def main():
        alarm = ReusableTimer(int)
        timers = set()
        for number in range(100):
            alarm.set(time.monotonic() + 600 + number)
            alarm.unset()
            timers.add(alarm._timer)
        alarm.close()
        return len(timers)

    assert run(main) == 1


def test_waiting_ends_when_it_is_set_and_at_the_deadline():
    async def main():
        wake = ReusableEvent()
        asyncio.get_running_loop().call_soon(wake.set)
        await wake.wait(time.monotonic() + 600)
        await wake.wait(time.monotonic() + 600)  # still set
        wake.clear()
        deadline = time.monotonic() + 0.02
        await wake.wait(deadline)
        wake.close()
        return time.monotonic() - deadline

    assert run(main) > -0.005
