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
    for number in range(2 * MAX_MESSAGES - 1):
        queue.put(message("a", number))

    assert queue.has_room.is_set()
    assert contents(queue) == [("a", number) for number in range(2 * MAX_MESSAGES - 1)]
    assert passed_over.count == 0


def test_of_many_the_newest_of_each_topic_stays_in_order(queue, passed_over):
    queue.put(message("b", 0))
    for number in range(2 * MAX_MESSAGES - 2):
        queue.put(message("a", number))
    queue.put(message("c", 0))

    assert queue.has_room.is_set()
    assert contents(queue) == [("b", 0), ("a", 2 * MAX_MESSAGES - 3), ("c", 0)]
    assert passed_over.count == 1


def test_of_too_many_topics_none_is_lost_and_there_is_no_room_for_more(queue, passed_over):
    for number in range(2 * MAX_MESSAGES):
        assert queue.has_room.is_set()
        queue.put(message(f"t{number}", number))

    taken = []
    while not queue.has_room.is_set():
        taken.append(int(queue.take().payload))
    assert len(queue) == MAX_MESSAGES - 1
    assert taken == list(range(MAX_MESSAGES + 1))
    assert passed_over.count == 0


def test_what_was_replaced_is_looked_for_but_rarely(queue, passed_over):
    for number in range(100 * MAX_MESSAGES):
        queue.put(message(f"t{number % 100}", number))

    assert passed_over.count < 100


def test_bytes_are_limited_too(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    for number in range(3):
        queue.put(message("a", number, size=400))
    assert queue.has_room.is_set()
    for number in range(2):
        queue.put(message(f"t{number}", number, size=400))

    assert not queue.has_room.is_set()
    assert queue.take() == message("a", 2, size=400)
    assert queue.has_room.is_set()
    assert contents(queue) == [("t0", 0), ("t1", 1)]


def test_long_topics_count_as_bytes(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    for number in range(3):
        assert queue.has_room.is_set()
        queue.put(message(str(number) * 400, number))

    assert not queue.has_room.is_set()


def test_a_single_message_may_be_larger(queue, monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    queue.put(message("a", 1, size=4000))
    assert not queue.has_room.is_set()

    assert contents(queue) == [("a", 1)]
    assert queue.has_room.is_set()
