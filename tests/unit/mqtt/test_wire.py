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


def test_what_comes_is_received_in_parts(pair):
    pair.wire.data_received(b"abc")
    pair.wire.data_received(b"d")

    assert pair.calls == ["readable", "readable"]
    assert [pair.wire.recv(1), pair.wire.recv(100)] == [b"a", b"bcd"]
    assert not pair.wire.has_news


def test_where_nothing_is_a_socket_would_block(pair):
    with pytest.raises(BlockingIOError):
        pair.wire.recv(1)


def test_the_end_comes_behind_what_came_before(pair):
    pair.wire.data_received(b"a")
    pair.wire.connection_lost(None)

    assert [pair.wire.recv(9), pair.wire.recv(9)] == [b"a", b""]
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
    pair.wire.recv(1)
    assert pair.transport.calls == ["pause_reading"]
    pair.wire.recv(1)
    pair.wire.recv(1)

    assert pair.transport.calls == ["pause_reading", "resume_reading"]


def test_nothing_is_sent_where_there_is_no_room(pair):
    assert pair.wire.send(b"ab") == 2
    pair.wire.pause_writing()
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
