import pytest

from aoba.modbus.counters import Counters

OK = b"\x03\x02\x00\x00"
READ, SENT = 0x80, 0x40


@pytest.fixture
def counters():
    return Counters(is_serial=True)


def figures(counters):
    names = "bus_messages communication_errors exceptions messages silences overruns events"
    return [getattr(counters, name) for name in names.split()]


def exchanges(counters, count):
    for _ in range(count):
        counters.received(3)
        counters.answered(OK)


def test_begins_with_nothing(counters):
    assert figures(counters) == [0] * 7
    assert not counters.log


def test_a_request_and_its_response(counters):
    counters.received(3)
    counters.answered(OK)

    assert figures(counters) == [1, 0, 0, 1, 0, 0, 1]
    assert list(counters.log) == [SENT, READ]


@pytest.mark.parametrize(("code", "flag"), [(1, 0x01), (2, 0x01), (3, 0x01), (4, 0x02)])
def test_an_exception_is_counted_and_is_no_event_of_the_counter(counters, code, flag):
    counters.received(3)
    counters.answered(bytes((0x83, code)))

    assert figures(counters) == [1, 0, 1, 1, 0, 0, 0]
    assert list(counters.log) == [SENT | flag, READ]


def test_asking_for_the_event_counter_is_not_counted(counters):
    counters.received(3)
    counters.answered(b"\x0b\x00\x00\x00\x00")

    assert counters.events == 0
    assert counters.messages == 1


def test_a_frame_for_others_is_on_the_bus_and_not_in_the_log(counters):
    counters.overheard()

    assert figures(counters) == [1, 0, 0, 0, 0, 0, 0]
    assert not counters.log


def test_damaged_frames_are_no_messages(counters):
    counters.damaged()
    counters.overrun()

    assert figures(counters) == [0, 2, 0, 0, 0, 1, 0]
    assert list(counters.log) == [0x92, 0x82]
    counters.clear_overruns()
    assert figures(counters) == [0, 2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("done", [True, False])
def test_silence_is_counted(counters, done):
    counters.received(3, 0x40)
    counters.kept_silent(0x20, done=done)

    assert figures(counters) == [1, 0, 0, 1, 1, 0, int(done)]
    assert list(counters.log) == [0x60, 0xC0]


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_answers_from_memory_count_as_if_they_had_been_asked_for(count):
    counters, other = Counters(), Counters()
    for _ in range(count):
        other.received(3)

    counters.requests[3] += count
    counters.received(3)
    other.received(3)

    assert figures(counters) == figures(other)


def test_the_log_has_the_64_newest_events(counters):
    counters.damaged()
    exchanges(counters, 31)
    assert len(counters.log) == 63
    counters.received(3)
    assert list(counters.log) == [READ] + [SENT, READ] * 31 + [0x82]
    counters.answered(OK)
    assert list(counters.log) == [SENT, READ] * 32


def test_what_is_to_come_afterwards_comes_once_and_after_all_is_counted(counters):
    counters.received(3)
    counters.afterwards(counters.clear)
    assert counters.messages == 1
    counters.answered(OK)

    assert figures(counters) == [0] * 7
    assert list(counters.log) == [SENT, READ]
    counters.received(3)
    counters.kept_silent()
    assert figures(counters) == [1, 0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(("clear_log", "log"), [(True, [0]), (False, [0, SENT, READ])])
def test_a_restart_is_an_event_of_its_own(counters, clear_log, log):
    counters.received(3)
    counters.answered(OK)
    counters.restart(clear_log=clear_log)

    assert figures(counters) == [0] * 7
    assert list(counters.log) == log


def test_a_network_keeps_no_log():
    counters = Counters()
    counters.received(3)
    counters.answered(OK)
    exchanges(counters, 5)
    counters.damaged()
    counters.entered_listen_only()
    counters.restart(clear_log=False)

    assert not counters.log
