"""Warm starts in a server: forks of one fork server, which may go at any time."""

import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.documents import RUN_NUMBER
from support.runs import Runs, open_descriptors
from support.server import Server, is_alive, kill
from support.waiting import eventually
from support.wire import Client

pytestmark = pytest.mark.of_python

Serve = Callable[..., Server]
Script = Callable[..., Path]

PARENT = "sys.stderr.write('parent %d pid %d\\n' % (os.getppid(), os.getpid()))\nput(run)\n"


def fork_servers(server: Server) -> list[int]:
    """Those that Aoba has started, and not the forks, which have the same command line."""
    found = []
    for pid in server.processes():
        try:
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if int(parent) == server.process.pid and "fork_server.py" in command:
            found.append(pid)
    return found


def pids(server: Server, kind: str) -> list[int]:
    return [int(re.search(rf"{kind} (\d+)", line)[1]) for line in server.logged("parent")]


def test_the_first_run_is_cold_and_later_ones_are_forks(serve: Serve, script: Script) -> None:
    server = serve(script(RUN_NUMBER, PARENT))  # which is what one gets without asking
    [fork_server] = eventually(lambda: fork_servers(server), "a fork server")
    eventually(lambda: pids(server, "parent").count(fork_server) >= 3, "three warm runs")

    assert pids(server, "parent")[0] == server.process.pid
    assert len(set(pids(server, "pid"))) == len(pids(server, "pid"))


def test_cold_starts_have_no_fork_server(serve: Serve, script: Script) -> None:
    server = serve(f"{script(RUN_NUMBER, PARENT)}?start=cold")
    eventually(lambda: len(pids(server, "parent")) >= 5, "five runs")

    assert set(pids(server, "parent")) == {server.process.pid}


def test_modules_are_imported_once_and_state_does_not_leak(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "heavy.py").write_text("import os\nwho, seen = os.getpid(), []\n")
    body = """
    import heavy
    heavy.seen.append(run)
    sys.stderr.write("parent %d pid %d who %d seen %d\\n"
        % (os.getppid(), os.getpid(), heavy.who, len(heavy.seen)))
    put(run)
    """
    server = serve(
        f"{script(RUN_NUMBER, body)}?preload=heavy",
        env={"PYTHONPATH": str(tmp_path / "modules")},
    )
    [fork_server] = eventually(lambda: fork_servers(server), "a fork server")
    eventually(lambda: pids(server, "who").count(fork_server) >= 3, "three warm runs")

    assert set(pids(server, "seen")) == {1}


def test_a_module_that_cannot_be_imported_is_told_of_once(serve: Serve, script: Script) -> None:
    server = serve(f"{script(RUN_NUMBER, PARENT)}?preload=no_such_module")
    server.wait_for_log("preload failed: no_such_module: .*; its scripts start cold")
    ran = len(pids(server, "parent"))
    eventually(lambda: len(pids(server, "parent")) >= ran + 5, "five more runs")

    assert set(pids(server, "parent")) == {server.process.pid}
    assert len(server.logged("preload failed")) == 1


def test_servers_are_shared_where_interpreter_and_modules_are_equal(
    serve: Serve, script: Script
) -> None:
    def unit(number: int) -> Path:
        body = f"old = put\nput = lambda *v: print(json.dumps([dict(id={number}, mode='master'"
        tail = ", map=dict(holding=[dict(address_start=0, initial_values=v)]))]))\n"
        return script(RUN_NUMBER, body, tail, PARENT, name=f"s{number}.py")

    server = serve(f"{unit(1)}?start=warm", f"{unit(2)}?start=warm", f"{unit(3)}?preload=decimal")
    warm = rf"parent (?!{server.process.pid} )(\d+)"
    parents = {
        name: server.wait_for_log(rf"{name}\.py run .*{warm}")[1] for name in ("s1", "s2", "s3")
    }

    assert parents["s1"] == parents["s2"] != parents["s3"]


def test_an_edit_takes_effect(serve: Serve, script: Script) -> None:
    server = serve(f"{script(RUN_NUMBER, 'put(1)')}?start=warm")
    eventually(lambda: fork_servers(server), "a fork server")
    with Client(server.port) as client:
        for value in range(2, 6):
            script(RUN_NUMBER, f"put({value})\n")
            eventually(lambda value=value: client.holding() == [value], "the edit")


def test_an_interpreter_that_is_none_is_told_of_once(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    wrapper = tmp_path / "wrapper"
    wrapper.write_text('#!/bin/sh\ncase "$1" in *fork_server*) exit 3;; esac\nexec python3 "$@"\n')
    wrapper.chmod(0o755)
    server = serve(f"{script(RUN_NUMBER, 'put(run)')}?start=warm&python={wrapper}")

    server.wait_for_log(r"ended \(exit status 3\) before it was ready; its scripts start cold")
    with Client(server.port) as client:
        now = client.holding()[0]
        eventually(lambda: client.holding()[0] > now + 3, "more runs")
    assert len(server.logged("before it was ready")) == 1


def test_a_stopped_fork_server_costs_a_run_and_comes_back(serve: Serve, script: Script) -> None:
    server = serve(f"{script(RUN_NUMBER, PARENT)}?start=warm&timeout=1")
    [fork_server] = eventually(lambda: fork_servers(server), "a fork server")
    eventually(lambda: fork_server in pids(server, "parent"), "a warm run")

    os.kill(fork_server, signal.SIGSTOP)

    server.wait_for_log("run failed: lost, since its fork server does not ")
    eventually(lambda: not set(pids(server, "parent")[-2:]) & {server.process.pid, fork_server})
    assert not is_alive(fork_server)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_it(
    serve: Serve, script: Script, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "tmp").mkdir()
    server = serve(
        f"{script(RUN_NUMBER, PARENT)}?start=warm", env={"TMPDIR": str(tmp_path / "tmp")}
    )
    [fork_server] = eventually(lambda: fork_servers(server), "a fork server")
    eventually(lambda: fork_server in pids(server, "parent"), "a warm run")

    server.stop(number)

    server.no_process_is_left()
    eventually(lambda: not list((tmp_path / "tmp").iterdir()), "the end of its folder")


def test_runs_that_say_nothing_end_with_an_aoba_that_was_killed(
    serve: Serve, script: Script
) -> None:
    """One of them ignores SIGTERM."""
    hang = """
    import signal, time
    if b"fork_server" in open("/proc/%d/cmdline" % os.getppid(), "rb").read():
        signal.signal(signal.SIGTERM, signal.SIG_IGN if len(sys.argv) > 1 else signal.SIG_DFL)
        sys.stderr.write("silent\\n")
        time.sleep(600)
    """
    another = RUN_NUMBER.replace('"id": 1', '"id": 2')
    server = serve(
        f"{script(RUN_NUMBER, PARENT, hang)}?start=warm",
        f"{script(another, PARENT, hang, name='deaf.py')}?start=warm&args=deaf",
    )
    eventually(lambda: len(server.logged("silent")) == 2, "two silent runs")

    server.stop(signal.SIGKILL)

    server.no_process_is_left()


def test_an_interrupt_ends_a_fork_server_without_a_word(serve: Serve, script: Script) -> None:
    server = serve(f"{script(RUN_NUMBER, PARENT)}?start=warm")
    [fork_server] = eventually(lambda: fork_servers(server), "a fork server")
    eventually(lambda: fork_server in pids(server, "parent"), "a warm run")

    os.kill(fork_server, signal.SIGINT)

    told = r"fork server of \S+: "
    server.wait_for_log(told + r"ended \(exit status 0\), and is started again")
    assert len(server.logged(told)) == 1


def test_kills_show_nowhere(serve: Serve, script: Script) -> None:
    """Values are always a pair, of a run and its square; no kill may show a client half of it.

    8 fork servers are killed, and every third run, which makes some 40 of 120.
    """
    body = """
    document = json.dumps({"stations": [{"id": 1, "mode": "master", "map": {"holding": [
        {"address_start": 0, "initial_values": [run % 250, (run % 250) ** 2]}]}}],
        "reboot_interval": 20})
    sys.stdout.write(document[:50])
    sys.stdout.flush()
    if run % 5 == 4:
        os._exit(1)
    if run % 7 == 6:
        os.kill(os.getpid(), 9 if run % 2 else 11)
    print(document[50:])
    """
    server = serve(f"{script(RUN_NUMBER, body)}?start=warm")
    with Client(server.port) as client:
        [_first] = eventually(lambda: fork_servers(server), "a fork server")
        before = sorted(open_descriptors(server.process.pid).values())
        over = threading.Event()
        wrong: list[object] = []

        def poll() -> None:
            with Client(server.port) as poller:
                while not over.is_set():
                    root, square = poller.holding(0, 2)
                    if square != root**2:
                        wrong.append((root, square))

        poller = threading.Thread(target=poll)
        poller.start()
        chance = random.Random(1)
        kills = 0
        while kills < 8:
            for pid in fork_servers(server):
                kill(pid, (signal.SIGKILL, signal.SIGSEGV)[kills % 2])
                kills += 1
            time.sleep(chance.uniform(0, 0.4))
            client.holding()
        eventually(lambda: client.holding()[0] >= 120, "120 runs")
        over.set()
        poller.join()
    assert wrong == []
    assert not server.logged("defect|Traceback")
    eventually(lambda: not zombies(server), "the end of all zombies")
    slack = 12  # of a run and of a fork server that are just being started
    eventually(lambda: len(open_descriptors(server.process.pid)) <= len(before) + slack)


def zombies(server: Server) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == server.process.pid:
            found.append(path)
    return found


def test_a_server_that_dies_takes_its_runs_along(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text(
        "import os, sys, time\nprint(os.getpid())\nsys.stdout.flush()\ntime.sleep(60)\n"
    )
    with Runs(sys.executable) as runs:
        pid = runs.process._process.pid
        threading.Timer(0.5, kill, (pid,)).start()
        [outcome] = runs.warm(path)

    assert outcome.failure == "lost, since its fork server ended (killed by SIGKILL)"
    eventually(lambda: not is_alive(int(outcome.stdout)), "the end of the run")


FAILING = """
import os
fork, left = os.fork, [2]
def scarce():
    if left[0]:
        left[0] -= 1
        raise OSError(11, "Resource temporarily unavailable")
    return fork()
os.fork = scarce
"""


def test_a_fork_that_fails_costs_a_run_and_a_second_of_cold_ones(
    serve: Serve, script: Script, tmp_path: Path
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "failing.py").write_text(FAILING)
    server = serve(
        f"{script(RUN_NUMBER, PARENT)}?preload=failing",
        env={"PYTHONPATH": str(tmp_path / "modules")},
    )
    server.wait_for_log("run failed: cannot be forked: .*Resource temporarily unavailable")
    [fork_server] = fork_servers(server)
    eventually(lambda: fork_server in pids(server, "parent"), "a warm run")

    assert pids(server, "parent").count(server.process.pid) >= 3


def test_many_start_in_their_order_and_share_one_fork_server(serve: Serve, script: Script) -> None:
    def unit(number: int) -> Path:
        body = f"""
        sys.stderr.write("parent %d pid %d\\n" % (os.getppid(), os.getpid()))
        cells = [dict(address_start=0, initial_values=[run])]
        print(json.dumps(dict(reboot_interval=500,
            stations=[dict(id={number}, mode="master", map=dict(holding=cells))])))
        """
        return script(RUN_NUMBER, body, name=f"s{number}.py")

    numbers = range(1, 31)
    server = serve(*(unit(number) for number in numbers))
    for number in numbers:
        server.wait_for_log(rf"s{number}\.py run 4: parent")
    [fork_server] = fork_servers(server)
    begun = [
        int(re.search(r"s(\d+)\.py run 1: parent", line)[1])
        for line in server.logged("run 1: parent")
    ]
    last = [pids(server, "parent")[-1]]

    assert begun == sorted(begun) == list(numbers)
    assert last == [fork_server]
    with Client(server.port) as client:
        assert all(client.holding(0, 1, unit=number) >= [4] for number in numbers)


def test_a_slow_script_does_not_keep_those_behind_it_waiting(serve: Serve, script: Script) -> None:
    slow = script("import time\ntime.sleep(60)\n", name="slow.py")
    quick = [script(RUN_NUMBER, "put(run)", name=f"q{number}.py") for number in range(1, 12)]
    server = serve(slow, quick[0], *quick[1:])

    server.wait_for_log("listening on")
    server.wait_for_log(r"q11\.py run 1: ")
    assert not server.logged(r"slow\.py run")
