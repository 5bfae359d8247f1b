"""What the fork server reads and reports; that it runs is tested where processes are."""

import os
import signal

import pytest

from aoba.sources.scripts.child.forks import serve
from aoba.sources.scripts.child.forks.code import Scripts
from aoba.sources.scripts.child.forks.serve import ROOM, Server, keep, refuse, tell_changed
from aoba.sources.scripts.runners.warm.fingerprint import Fingerprint
from aoba.sources.scripts.script_file import Version


class Named:
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
    monkeypatch.setattr(serve.os, "fork", forks.fork)
    monkeypatch.setattr(serve.os, "waitpid", forks.waitpid)
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
    made = Server(pipes[0], pipes[3], pipes[3], Named(), None)
    yield made
    for descriptor in made._undo[0][3:]:
        os.close(descriptor)


def command(name, same, new=b"7\0/dev/null\0/1\0/2"):
    return b"%b\0\0%b\0\0%b\0\n" % (name, new, same)


def carry_out(server, pipes, data):
    os.write(pipes[1], data)
    os.close(pipes[1])
    server._carry_out_commands()


def test_commands_of_any_length_however_they_are_read(server, pipes):
    """They are read in pieces of ROOM bytes, which end anywhere in a command."""
    cases = [(b"%d" % size, b"s\0" + size * b"x") for size in range(1, 300)]
    ends = {sum(len(command(*case)) for case in cases[:count]) % ROOM for count in range(300)}
    assert {0, 1, 2, ROOM - 1, ROOM - 2} & ends

    carry_out(server, pipes, b"".join(command(*case) for case in cases))

    assert list(server._runs.values()) == [name for name, _ in cases]
    assert list(server._known) == [same for _, same in cases]


def test_a_command_that_comes_byte_by_byte(server, pipes, monkeypatch):
    monkeypatch.setattr(serve, "ROOM", 1)
    carry_out(server, pipes, command(b"1", b"a\0b") + command(b"2", b"c"))

    assert server._runs == {1: b"1", 2: b"2"}
    assert list(server._known) == [b"a\0b", b"c"]


@pytest.mark.parametrize("argument", ["", "\n", "=", "\n\n", "\udcff", " "])
def test_arguments_of_any_kind_come_as_they_are(server, pipes, tmp_path, argument):
    path = str(tmp_path / "a\n=b.py")
    args = [argument, "", argument]
    same = Fingerprint(path, args).of(Version(b"", b"", stamp=b"1"))

    carry_out(server, pipes, command(b"1", same) + command(b"2", b"other"))

    assert list(server._known) == [same, b"other"]
    assert Scripts({}, None, ()).find(same)[2] == [path, *args]


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
    carry_out(server, pipes, command(b"7", b"a") + command(b"8", b"a"))
    forks.ended = [(2, 9), (1, 768), (99, 0)]
    server._reap()

    assert os.read(pipes[2], 1000) == b"exited 8 9\nexited 7 768\n"
    assert server._runs == {}


def test_a_fork_that_fails_is_reported(server, pipes, monkeypatch):
    def fail():
        raise OSError(11, "no more")

    monkeypatch.setattr(serve.os, "fork", fail)
    carry_out(server, pipes, command(b"7", b"a"))

    assert os.read(pipes[2], 1000) == b"unable 7 [Errno 11] no more\n"
    assert server._runs == {}


def test_a_reason_is_in_utf_8(pipes):
    refuse(pipes[3], b"7", "\u00fc \udcff")

    assert os.read(pipes[2], 1000) == b"unable 7 \xc3\xbc ?\n"


def test_what_is_kept_is_not_inherited(pipes):
    os.set_inheritable(pipes[0], True)
    keep(pipes[0])

    assert not os.get_inheritable(pipes[0])


def test_a_run_is_told_when_it_is_to_look_at_libraries(server, pipes, monkeypatch):
    due, begun = [True, False], []
    monkeypatch.setattr(server, "_is_due", lambda: due.pop(0))
    monkeypatch.setattr(server, "_be", lambda name, new, _script, _undo: begun.append((name, new)))
    monkeypatch.setattr(serve.os, "fork", lambda: 0)

    carry_out(server, pipes, command(b"1", b"a", b"7\0/x\0look") + command(b"2", b"a", b"8\0/x"))

    assert begun == [(b"1", b"7\0/x\0look\0libraries"), (b"2", b"8\0/x")]


def test_a_change_of_libraries_is_of_no_run(pipes):
    tell_changed(pipes[3])

    assert os.read(pipes[2], 1000) == b"changed\n"


def test_what_another_process_finds_out():
    assert serve.elsewhere(lambda: (os.getppid(), [1.5, None])) == (os.getpid(), [1.5, None])


def test_nothing_comes_of_a_process_that_fails():
    with pytest.raises((ValueError, EOFError)):
        serve.elsewhere(lambda: 1 // 0)


def test_nothing_comes_of_a_process_that_is_killed():
    with pytest.raises(ValueError, match="nothing to say"):
        serve.elsewhere(lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_a_process_that_hangs_is_not_waited_for(monkeypatch, tmp_path):
    made, fork = [], os.fork

    def noted():
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(serve, "SURVEY", 0.05)
    monkeypatch.setattr(serve.os, "fork", noted)
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(ValueError, match="does not answer"):
        serve.elsewhere((tmp_path / "fifo").read_bytes)
    assert os.waitpid(made[0], 0)[1] == signal.SIGKILL
