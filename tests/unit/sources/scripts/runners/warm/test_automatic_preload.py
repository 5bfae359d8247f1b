"""In which fork server a script runs that tells what it imports. No process is started."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from aoba.sources.scripts.runners.warm.automatic_preload import LATE, AutomaticPreload
from aoba.sources.scripts.script_file import Version
from aoba.sources.scripts.spec import ScriptSpec

PLAIN = SimpleNamespace(loaded=())
WORTH = b"lib numpy 900000\n"


class Servers:
    """In place of `ForkServers`: one without libraries, which is ready."""

    def __init__(self):
        self.launches, self.rests, self.libraries = [], 0, Libraries()

    def get(self, _spec):
        return self

    def process(self, *, launch):
        self.launches.append(launch)
        return PLAIN

    def rest(self):
        self.rests += 1

    def shared(self, _key, _make):
        return self.libraries


class Libraries:
    """In place of `LibraryServers`."""

    def __init__(self):
        self.servers, self.known, self.full = {}, {}, False

    def get(self, _spec, wanted):
        if self.full:
            return None
        return self.servers.setdefault(wanted.packages, Server(wanted))

    def leave_out(self, _spec, reasons):
        self.known.update(reasons)

    def left_out(self, _spec):
        return self.known.keys()


class Server:
    """In place of a `LibraryServer`."""

    def __init__(self, wanted):
        self.tried, self.users = 0, []
        self.ready = SimpleNamespace(loaded=wanted.names, hides=frozenset(wanted.names))
        self.now = None

    def get_ready(self):
        self.tried, self.now = self.tried + 1, self.ready

    def process(self):
        return self.now

    def join(self, user):
        self.users.append(user)

    def leave(self, user):
        self.users.remove(user)


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
def script(servers):
    return AutomaticPreload(servers, ScriptSpec(Path("/a.py"), "/bin/python3"))


VERSION = Version(b"", b"")


def run(script, told=None, version=VERSION):
    """One run, and what it tells if it is asked; where it runs, and whether it was asked."""
    process = script.process(launch=True)
    hearer = script.hearer(version, process)
    if hearer is not None and told is not None:
        hearer(told)
    return process, hearer is not None


def server_of(servers, *packages):
    return servers.libraries.servers[frozenset(packages)]


def ready(script, servers):
    """The server that has what `WORTH` tells, with its process ready."""
    run(script, WORTH)
    server = server_of(servers, "numpy")
    server.get_ready()
    run(script)
    return server


def test_it_runs_without_libraries_until_those_are_loaded_that_it_imports(script, servers):
    assert run(script, WORTH) == (PLAIN, True)
    server = server_of(servers, "numpy")
    assert run(script) == (PLAIN, False)
    server.get_ready()
    run(script)

    assert run(script)[0] is server.ready
    assert server.users == [script]


def test_what_does_not_pay_changes_nothing(script, servers):
    for told in (b"", b"lib numpy 1\n", b"beside a\n"):
        run(script, told)
    assert servers.libraries.servers == {}


def test_a_first_run_starts_no_server(script, servers):
    script.process(launch=False)
    assert servers.launches == [False]


def test_where_there_are_too_many_servers_it_goes_without(script, servers):
    servers.libraries.full = True
    run(script, WORTH)
    assert run(script)[0] is PLAIN


def test_a_module_beside_it_that_would_be_found_instead(script, servers):
    server = ready(script, servers)
    assert run(script)[0] is server.ready
    server.ready.hides = frozenset(["numpy", "queue"])
    script._imports.take(b"beside queue\n")

    assert run(script)[0] is PLAIN


def test_while_the_server_has_none_it_runs_without(script, servers):
    server = ready(script, servers)
    server.now = None
    assert run(script)[0] is PLAIN


def test_another_version_is_asked_again_and_where_nothing_is_loaded(script, servers):
    server = ready(script, servers)
    newer = Version(b"2", b"2")

    assert run(script, WORTH, newer) == (server.ready, False)
    assert server.users == []
    assert run(script, WORTH, newer) == (PLAIN, True)
    assert server.users == [script]
    assert run(script, version=newer)[0] is server.ready


def test_what_a_run_of_an_old_version_tells_does_not_count(script, servers):
    process = script.process(launch=True)
    hearer = script.hearer(VERSION, process)
    script.hearer(Version(b"2", b"2"), process)
    hearer(WORTH)

    assert servers.libraries.servers == {}


def test_a_run_that_was_left_to_an_interpreter_is_the_last_one_there(script, servers):
    server = ready(script, servers)
    while not run(script, b"")[1]:
        pass

    assert server.users == []
    assert run(script, WORTH) == (PLAIN, True)


def test_one_that_tells_nothing_without_libraries_is_asked_later(script):
    assert [run(script, b"")[1] for _ in range(7)] == [True, False, True, False, False, False, True]


def test_what_turns_out_not_to_be_loadable_is_done_without(script, servers):
    run(script, WORTH + b"lib bad 900000\n")
    both = server_of(servers, "numpy", "bad")
    servers.libraries.known["bad"] = "opens sockets"
    both.get_ready()
    run(script)

    assert (both.users, server_of(servers, "numpy").users) == ([], [script])


def test_reasons_of_runs_are_passed_on(script, servers):
    run(script, b"refused bad opens sockets\n")
    assert servers.libraries.known == {"bad": "opens sockets"}


def test_why_a_library_comes_late_is_told_once(script, caplog):
    caplog.set_level("INFO")
    for _ in range(4):
        run(script, b"late numpy 900000\nlate csv 5\n")

    assert len(caplog.messages) == 1
    assert caplog.messages[0] == LATE % ("/bin/python3", "a.py", "numpy")


def test_the_server_without_libraries_may_rest_meanwhile(script, servers):
    ready(script, servers)
    assert servers.rests == 0
    while not run(script)[1]:
        pass
    assert servers.rests == 1


def test_it_leaves_at_its_end(script, servers):
    server = ready(script, servers)
    script.close()

    assert server.users == []
