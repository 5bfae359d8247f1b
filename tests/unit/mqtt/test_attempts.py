import logging

import pytest

from aoba.mqtt.attempts import LONGEST, SHORTEST, STEADY, Attempts


class Log:
    def __init__(self):
        self.lines = []

    def __call__(self, level, text):
        self.lines.append((logging.getLevelName(level), text))

    def news(self):
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def attempts(log):
    return Attempts("mqtt://b:1883", log)


def test_a_connection_at_once(attempts, log):
    attempts.connected(0)

    assert log.news() == [("INFO", "connected to mqtt://b:1883")]
    assert attempts.connections == 1


def test_a_broker_that_comes_later(attempts, log):
    attempts.failed("nobody", 0)
    attempts.failed("nobody", 1)
    attempts.failed("nobody", 3)
    attempts.connected(7)
    attempts.end()

    assert log.news() == [
        ("ERROR", "mqtt://b:1883: nobody"),
        ("INFO", "connected to mqtt://b:1883 after 7.0 s, at attempt 4"),
    ]


def test_a_broker_that_goes_and_comes_back(attempts, log):
    attempts.connected(0)
    log.news()
    attempts.failed("closed", 60)
    attempts.failed("nobody", 61)
    attempts.connected(62)

    assert log.news() == [
        ("ERROR", "mqtt://b:1883: closed"),
        ("ERROR", "mqtt://b:1883: nobody"),
        ("INFO", "connected to mqtt://b:1883 after 2.0 s, at attempt 2"),
    ]


def test_what_goes_on_is_counted(attempts, log):
    for second in range(0, 130, 10):
        attempts.failed("nobody", second)
    attempts.end()

    assert [line for _, line in log.news()] == [
        "mqtt://b:1883: nobody",
        "same error, 6 times: mqtt://b:1883: nobody",
        "same error, 6 times: mqtt://b:1883: nobody",
    ]


def test_connections_that_are_lost_at_once_do_not_fill_the_log(attempts, log):
    pauses = []
    for second in range(20):
        attempts.connected(second)
        pauses.append(attempts.failed("closed", second + 0.1))

    assert [line for _, line in log.news()] == [
        "connected to mqtt://b:1883",
        "mqtt://b:1883: closed",
        "connected to mqtt://b:1883 after 0.9 s, at attempt 1",
    ]
    assert pauses[-1] > LONGEST / 2


def test_after_a_minute_all_is_told_again(attempts, log):
    attempts.failed("closed", 0)
    attempts.connected(1)
    log.news()
    attempts.failed("closed", 61)

    assert log.news() == [("ERROR", "mqtt://b:1883: closed")]


def test_after_a_steady_connection_there_is_no_hurry(attempts):
    for second in range(10):
        attempts.failed("nobody", second)
    attempts.connected(20)

    assert attempts.failed("closed", 20 + STEADY) <= SHORTEST


def test_connections_that_are_lost_after_a_while_do_not_fill_the_log_either(attempts, log):
    for second in range(0, 24 * 3600, 12):
        attempts.connected(second)
        attempts.failed("closed" if second % 24 else "nobody", second + 11)

    day = log.news()
    assert len(day) < 24 * 60 * 4
    assert day[:7] == [
        ("INFO", "connected to mqtt://b:1883"),
        ("ERROR", "mqtt://b:1883: nobody"),
        ("INFO", "connected to mqtt://b:1883 after 1.0 s, at attempt 1"),
        ("ERROR", "mqtt://b:1883: closed"),
        ("INFO", "connected to mqtt://b:1883 after 1.0 s, at attempt 1"),
        ("ERROR", "same error, 3 times: mqtt://b:1883: nobody"),
        ("INFO", "connected to mqtt://b:1883 after 1.0 s, at attempt 1"),
    ]


def test_pauses_grow_up_to_a_limit(attempts):
    pauses = [attempts.failed("nobody", 0) for _ in range(10)]
    steps = [0.5, 1, 2, 4, 8, 10, 10, 10, 10, 10]

    assert all(0.75 * step <= pause <= step for pause, step in zip(pauses, steps, strict=True))


def test_where_hurry_is_of_no_use(attempts):
    assert attempts.failed("wrong password", 0, hopeless=True) >= 0.75 * LONGEST
