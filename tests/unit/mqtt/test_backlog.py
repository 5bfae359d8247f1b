import pytest

from aoba.mqtt import backlog
from aoba.mqtt.backlog import MAX_MESSAGES, Backlog, Message


class Counter:
    count = 0

    def __call__(self):
        self.count += 1


@pytest.fixture
def passed_over():
    return Counter()


@pytest.fixture
def queue(passed_over):
    return Backlog(passed_over)


def message(topic, number, size=0):
    return Message(topic, str(number).encode().rjust(size))


def contents(queue):
    taken = [queue.take() for _ in range(len(queue))]
    return [(item.topic, int(item.payload)) for item in taken]


def test_a_few_messages_all_stay(queue, passed_over):
    for number in range(MAX_MESSAGES):
        queue.put(message("a", number))

    assert contents(queue) == [("a", number) for number in range(MAX_MESSAGES)]
    assert passed_over.count == 0


def test_of_many_the_newest_of_each_topic_stays_in_order(queue, passed_over):
    queue.put(message("b", 0))
    for number in range(MAX_MESSAGES - 1):
        queue.put(message("a", number))
    queue.put(message("c", 0))

    assert contents(queue) == [("b", 0), ("a", MAX_MESSAGES - 2), ("c", 0)]
    assert passed_over.count == 1


def test_of_too_many_topics_the_oldest_go(queue):
    for number in range(MAX_MESSAGES + 5):
        queue.put(message(f"t{number}", number))

    assert [number for _, number in contents(queue)] == list(range(5, MAX_MESSAGES + 5))


def test_bytes_are_limited_too(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    for number in range(3):
        queue.put(message("a", number, size=400))
    for number in range(3):
        queue.put(message(f"t{number}", number, size=400))

    assert contents(queue) == [("t1", 1), ("t2", 2)]


def test_a_single_message_may_be_larger(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    queue.put(message("a", 1, size=400))
    queue.put(message("b", 2, size=4000))
    assert contents(queue) == [("b", 2)]
    queue.put(message("a", 3, size=400))

    assert contents(queue) == [("a", 3)]
