"""What the fork server reads and reports; that it runs is tested where processes are."""

import os
import signal
from pathlib import Path

import pytest

from aoba.sources.forks import fork_serve
from aoba.sources.forks.fork_serve import ROOM, Server, report


class Scripts:
    """In place of what finds scripts: each is its own name."""

    def __init__(self):
        self.known = {}

    def find(self, same):
        self.known[same] = b"found " + same
        return self.known[same]


class Forks:
    """In place of forks: each is a number, and ends as it is told."""

    def __init__(self):
        self.made, self.ended = 0, []

    def fork(self):
        self.made += 1
        return self.made

    def waitpid(self, _pid, _options):
        return self.ended.pop(0) if self.ended else (0, 0)


@pytest.fixture
def forks(monkeypatch):
    forks = Forks()
    monkeypatch.setattr(fork_serve.os, "fork", forks.fork)
    monkeypatch.setattr(fork_serve.os, "waitpid", forks.waitpid)
    return forks


@pytest.fixture
def pipes():
    """Commands and reports, both ends of each."""
    ends = [*os.pipe(), *os.pipe()]
    before = signal.getsignal(signal.SIGCHLD)
    yield ends
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, before)
    for end in ends:
        try:
            os.close(end)
        except OSError:  # the test has closed it
            continue


@pytest.fixture
def server(pipes, forks):  # noqa: ARG001  it makes some
    made = Server(pipes[0], pipes[3], pipes[3], Scripts(), None)
    yield made
    for descriptor in made._undo[0][3:]:
        os.close(descriptor)


def command(new, same):
    data = new + b"\0\0" + same
    return b"%d:%b" % (len(data), data)


def carry_out(server, pipes, data):
    os.write(pipes[1], data)
    os.close(pipes[1])
    server._carry_out_commands()


def test_commands_of_any_length_however_they_are_read(server, pipes):
    """They are read in pieces of ROOM bytes, which end anywhere in a command."""
    cases = [(b"%d\0%d" % (size, size), b"s\0" + size * b"x") for size in range(300)]
    assert all(len(command(*case)) != ROOM for case in cases[:100])

    carry_out(server, pipes, b"".join(command(*case) for case in cases))

    assert list(server._runs.values()) == [new for new, _ in cases]
    assert list(server._known) == [same for _, same in cases]


def test_what_is_the_same_may_have_empty_fields(server, pipes):
    carry_out(server, pipes, command(b"1\0n", b"a\0b\0/path\0\0\0x"))

    assert server._runs == {1: b"1\0n"}
    assert list(server._known) == [b"a\0b\0/path\0\0\0x"]


def test_a_command_that_is_not_whole_is_not_carried_out(server, pipes):
    carry_out(server, pipes, command(b"1", b"a") + command(b"2", b"b")[:-1])

    assert server._runs == {1: b"1"}


def test_a_script_is_found_once(server, pipes, monkeypatch):
    found = []
    find = server._find
    monkeypatch.setattr(server, "_find", lambda same: found.append(same) or find(same))

    carry_out(server, pipes, command(b"1", b"a") + command(b"2", b"b") + command(b"3", b"a"))

    assert found == [b"a", b"b"]


def test_ends_are_reported_with_the_run(server, pipes, forks):
    carry_out(server, pipes, command(b"7\0n", b"a") + command(b"8\0n", b"a"))
    forks.ended = [(2, 9), (1, 768), (99, 0)]
    server._reap()

    assert os.read(pipes[2], 1000) == b"exited 8 9\nexited 7 768\n"
    assert server._runs == {}


def test_a_fork_that_fails_is_reported(server, pipes, monkeypatch):
    def fail():
        raise OSError(11, "no more")

    monkeypatch.setattr(fork_serve.os, "fork", fail)
    carry_out(server, pipes, command(b"7\0n", b"a"))

    assert os.read(pipes[2], 1000) == b"unable 7 [Errno 11] no more\n"
    assert server._runs == {}


def test_a_report_is_a_line_in_utf_8(pipes):
    report(pipes[3], b"unable", b"7\0n", "\u00fc \udcff")

    assert os.read(pipes[2], 1000) == b"unable 7 \xc3\xbc ?\n"


def test_nothing_of_a_server_is_inherited(server):
    descriptors, _ = server._undo
    assert not any(os.get_inheritable(descriptor) for descriptor in descriptors[3:])
    assert len({Path(f"/dev/fd/{descriptor}") for descriptor in descriptors}) == 4
