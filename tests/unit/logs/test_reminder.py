import asyncio

from aoba.logs.reminder import Reminder
from support.waiting import soon


class Counts:
    def __init__(self, *pending):
        self.pending, self.told = list(pending), 0
        self.reminder = Reminder(0.0, lambda: bool(self.pending), self._tell)

    def _tell(self):
        self.told += 1
        self.pending.pop()


def test_it_tells_for_as_long_as_there_is_something_to_tell():
    async def remind():
        counts = Counts(1, 2, 3)
        counts.reminder.look()
        counts.reminder.look()
        await soon(lambda: not counts.pending)
        return counts.told

    assert asyncio.run(remind()) == 3


def test_it_tells_nothing_where_there_is_nothing_or_nothing_more():
    async def remind():
        nothing, nothing_more = Counts(), Counts(1)
        nothing.reminder.look()
        nothing_more.reminder.look()
        nothing_more.reminder.cancel()
        for _ in range(3):  # turns of the loop, which the timer would have come in
            await asyncio.sleep(0)
        return nothing.told, nothing_more.told

    assert asyncio.run(remind()) == (0, 0)


def test_without_a_loop_it_is_left_to_the_next_call():
    counts = Counts(1)
    counts.reminder.look()

    async def remind():
        counts.reminder.look()
        await soon(lambda: counts.told)

    asyncio.run(remind())
    assert counts.told == 1
