import pytest

from aoba.modbus.port import Port

OK = b"\x03\x02\x00\x00"
READ, SENT = 0x80, 0x40


@pytest.fixture
def port():
    return Port(is_serial=True)


def counters(port):
    names = "bus_messages communication_errors exceptions messages silences overruns events"
    return [getattr(port, name) for name in names.split()]


def exchanges(port, count):
    for _ in range(count):
        port.received(3)
        port.answered(OK)


def test_begins_with_nothing(port):
    assert counters(port) == [0] * 7
    assert not port.log


def test_a_request_and_its_response(port):
    port.received(3)
    port.answered(OK)

    assert counters(port) == [1, 0, 0, 1, 0, 0, 1]
    assert list(port.log) == [SENT, READ]


@pytest.mark.parametrize(("code", "flag"), [(1, 0x01), (2, 0x01), (3, 0x01), (4, 0x02)])
def test_an_exception_is_counted_and_is_no_event_of_the_counter(port, code, flag):
    port.received(3)
    port.answered(bytes((0x83, code)))

    assert counters(port) == [1, 0, 1, 1, 0, 0, 0]
    assert list(port.log) == [SENT | flag, READ]


def test_asking_for_the_event_counter_is_not_counted(port):
    port.received(3)
    port.answered(b"\x0b\x00\x00\x00\x00")

    assert port.events == 0
    assert port.messages == 1


def test_a_frame_for_others_is_on_the_bus_and_not_in_the_log(port):
    port.overheard()

    assert counters(port) == [1, 0, 0, 0, 0, 0, 0]
    assert not port.log


def test_damaged_frames_are_no_messages(port):
    port.damaged()
    port.overrun()

    assert counters(port) == [0, 2, 0, 0, 0, 1, 0]
    assert list(port.log) == [0x92, 0x82]
    port.clear_overruns()
    assert counters(port) == [0, 2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("done", [True, False])
def test_silence_is_counted(port, done):
    port.received(3, 0x40)
    port.kept_silent(0x20, done=done)

    assert counters(port) == [1, 0, 0, 1, 1, 0, int(done)]
    assert list(port.log) == [0x60, 0xC0]


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_answers_from_memory_count_as_if_they_had_been_asked_for(count):
    port, other = Port(), Port()
    for _ in range(count):
        other.received(3)

    port.requests[3] += count
    port.received(3)
    other.received(3)

    assert counters(port) == counters(other)


def test_the_log_has_the_64_newest_events(port):
    port.damaged()
    exchanges(port, 31)
    assert len(port.log) == 63
    port.received(3)
    assert list(port.log) == [READ] + [SENT, READ] * 31 + [0x82]
    port.answered(OK)
    assert list(port.log) == [SENT, READ] * 32


def test_what_is_to_come_afterwards_comes_once_and_after_all_is_counted(port):
    port.received(3)
    port.afterwards(port.clear)
    assert port.messages == 1
    port.answered(OK)

    assert counters(port) == [0] * 7
    assert list(port.log) == [SENT, READ]
    port.received(3)
    port.kept_silent()
    assert counters(port) == [1, 0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(("clear_log", "log"), [(True, [0]), (False, [0, SENT, READ])])
def test_a_restart_is_an_event_of_its_own(port, clear_log, log):
    port.received(3)
    port.answered(OK)
    port.restart(clear_log=clear_log)

    assert counters(port) == [0] * 7
    assert list(port.log) == log


def test_a_network_keeps_no_log():
    port = Port()
    port.received(3)
    port.answered(OK)
    exchanges(port, 5)
    port.damaged()
    port.entered_listen_only()
    port.restart(clear_log=False)

    assert not port.log
