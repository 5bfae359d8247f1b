import asyncio

import pytest
from aiomqtt import Message

from aoba.mqtt import backlog
from aoba.mqtt.backlog import MAX_MESSAGES, Backlog


class Counter:
    count = 0

    def __call__(self):
        self.count += 1


@pytest.fixture
def passed_over():
    return Counter()


@pytest.fixture
def queue(passed_over):
    return Backlog(0, passed_over=passed_over)


def message(topic, number, size=0):
    return Message(topic, str(number).encode().rjust(size), 1, False, 0, None)


def contents(queue):
    return [
        (m.topic.value, int(m.payload)) for m in (queue.get_nowait() for _ in range(queue.qsize()))
    ]


def test_a_few_messages_all_stay(queue, passed_over):
    for number in range(MAX_MESSAGES):
        queue.put_nowait(message("a", number))

    assert contents(queue) == [("a", number) for number in range(MAX_MESSAGES)]
    assert passed_over.count == 0


def test_of_many_the_newest_of_each_topic_stays_in_order(queue, passed_over):
    queue.put_nowait(message("b", 0))
    for number in range(MAX_MESSAGES - 1):
        queue.put_nowait(message("a", number))
    queue.put_nowait(message("c", 0))

    assert contents(queue) == [("b", 0), ("a", MAX_MESSAGES - 2), ("c", 0)]
    assert passed_over.count == 1


def test_of_too_many_topics_the_oldest_go(queue):
    for number in range(MAX_MESSAGES + 5):
        queue.put_nowait(message(f"t{number}", number))

    assert [number for _, number in contents(queue)] == list(range(5, MAX_MESSAGES + 5))


def test_bytes_are_limited_too(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    for number in range(3):
        queue.put_nowait(message("a", number, size=400))
    for number in range(3):
        queue.put_nowait(message(f"t{number}", number, size=400))

    assert contents(queue) == [("t1", 1), ("t2", 2)]


def test_a_single_message_may_be_larger(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    queue.put_nowait(message("a", 1, size=400))
    queue.put_nowait(message("b", 2, size=4000))
    assert contents(queue) == [("b", 2)]
    queue.put_nowait(message("a", 3, size=400))

    assert contents(queue) == [("a", 3)]


def test_who_waits_is_given_what_comes(queue):
    async def wait():
        waiting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        queue.put_nowait(message("a", 1))
        return await waiting

    assert asyncio.run(wait()).payload == b"1"
