import pytest

from aoba.mqtt.wire import FULL, Wire


class Transport:
    """Notes what it is asked for."""

    def __init__(self):
        self.calls, self.written = [], b""

    def write(self, data):
        self.written += data

    def __getattr__(self, name):
        return lambda: self.calls.append(name)


class Pair:
    def __init__(self):
        self.calls = []
        self.wire = Wire(
            lambda: self.calls.append("readable"), lambda: self.calls.append("writable")
        )
        self.transport = Transport()
        self.wire.connection_made(self.transport)


@pytest.fixture
def pair():
    return Pair()


def test_what_comes_is_taken_at_once(pair):
    pair.wire.data_received(b"abc")
    pair.wire.data_received(b"d")

    assert pair.calls == ["readable", "readable"]
    assert [pair.wire.take(), pair.wire.take()] == [b"abcd", b""]


def test_paho_receives_what_it_is_offered_in_parts(pair):
    pair.wire.data_received(b"abc")
    pair.wire.offer(b"xyz")

    assert [pair.wire.recv(1), pair.wire.recv(100)] == [b"x", b"yz"]
    with pytest.raises(BlockingIOError):
        pair.wire.recv(1)


def test_the_end_comes_behind_what_came_before(pair):
    pair.wire.data_received(b"a")
    pair.wire.connection_lost(None)

    with pytest.raises(BlockingIOError):
        pair.wire.recv(9)
    assert pair.wire.take() == b"a"
    assert pair.wire.recv(9) == b""
    assert (pair.wire.is_open, pair.wire.error) == (False, None)


def test_how_it_ended_is_kept(pair):
    pair.wire.connection_lost(ConnectionResetError())

    assert isinstance(pair.wire.error, ConnectionResetError)


def test_no_more_is_asked_for_than_can_be_taken(pair):
    pair.wire.data_received(bytes(FULL))
    assert pair.transport.calls == []
    pair.wire.data_received(b"a")
    pair.wire.data_received(b"b")
    assert pair.transport.calls == ["pause_reading"]
    pair.wire.take()
    pair.wire.take()

    assert pair.transport.calls == ["pause_reading", "resume_reading"]


def test_nothing_is_sent_where_there_is_no_room(pair):
    assert pair.wire.send(b"ab") == 2
    assert pair.wire.has_room.is_set()
    pair.wire.pause_writing()
    assert not pair.wire.has_room.is_set()
    with pytest.raises(BlockingIOError):
        pair.wire.send(b"c")
    pair.wire.resume_writing()
    assert pair.calls == ["writable"]
    pair.wire.send(b"c")

    assert pair.transport.written == b"abc"


def test_nothing_is_sent_after_the_end_or_before_the_begin(pair):
    pair.wire.connection_lost(None)
    for wire in (pair.wire, Wire(lambda: None, lambda: None)):
        with pytest.raises(BrokenPipeError):
            wire.send(b"a")
