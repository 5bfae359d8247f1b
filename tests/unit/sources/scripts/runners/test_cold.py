"""Runs of real processes, as far as they are not seen through a server."""

import asyncio
import os
import resource
import sys
import threading
from pathlib import Path

import pytest

from aoba.errors import RunError
from aoba.orphans.reaper import reaper
from aoba.sources.scripts import running_process
from aoba.sources.scripts.limits import Limits
from aoba.sources.scripts.process_options import ProcessOptions, parse_user
from aoba.sources.scripts.runners.cold import ColdRun


def nothing(*_):
    pass


def child(code):
    return ColdRun([sys.executable, "-c", code], os.environ, nothing)


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 30))


def test_output_that_a_busy_reader_finds_late_is_not_lost(monkeypatch):
    monkeypatch.setattr(running_process, "DRAIN_TIMEOUT", 0.01)

    async def main():
        found = []
        async with child("print('a' * 20000, flush=True); print('b' * 20000)") as process:
            async for chunk in process.output(30):
                found.append(chunk)
                while process._gone_at is None:  # noqa: ASYNC110  no event tells of it
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
        return b"".join(found), process.failure

    assert run(main) == (b"a" * 20000 + b"\n" + b"b" * 20000 + b"\n", None)


def test_a_process_that_survives_every_signal_is_left_alone(monkeypatch):
    for name in ("TERM_TO_KILL", "KILL_TO_LEAVE", "STOP_TO_KILL"):
        monkeypatch.setattr(running_process, name, 0.05)

    async def main():
        process = child("import time; time.sleep(600)")
        process._signal = nothing
        async with process:
            assert [chunk async for chunk in process.output(0.05)] == []
        process._process.kill()
        process._process.wait()
        return process.failure

    assert run(main) == "cannot be killed, and is left running"


def test_a_child_that_cannot_be_started_leaves_no_descriptor():
    def descriptors():
        return len(list(Path("/dev/fd").iterdir()))

    async def main():
        before = descriptors()
        with pytest.raises(RunError, match=r"^/nowhere/python cannot be started: "):
            async with ColdRun(["/nowhere/python"], {}, nothing):
                raise AssertionError("it was started")
        return descriptors() - before

    assert run(main) == 0


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        ("pass", 0, None),
        ("import sys; sys.exit(3)", 3, "exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", -9, "killed by SIGKILL"),
    ],
)
def test_how_a_process_ended(code, status, failure):
    async def main():
        async with child(code) as process:
            assert [chunk async for chunk in process.output(30)] == []
        return process.status, process.failure, process.began

    assert run(main) == (status, failure, True)


def test_what_it_said_last_tells_of_its_limits():
    code = "import sys; sys.stderr.write('x' * 100_000 + '\\nMemoryError\\n'); sys.exit(1)"

    async def main():
        limits = Limits(memory=2**40)
        async with ColdRun([sys.executable, "-c", code], os.environ, nothing, limits=limits) as it:
            assert [chunk async for chunk in it.output(30)] == []
        return it.failure

    assert run(main) == "over its memory limit of 1024 GiB (exit status 1)"


def test_a_process_that_must_not_be_limited_is_not_left_running():
    class NotPermitted:
        def apply(self, pid):
            self.pid = pid
            raise PermissionError(1, "Operation not permitted")

    limits = NotPermitted()

    async def main():
        argv = [sys.executable, "-c", "import time; time.sleep(600)"]
        with pytest.raises(RunError, match=r"cannot be limited: .*not permitted"):
            async with ColdRun(argv, os.environ, nothing, limits=limits):
                raise AssertionError("it was started")
        with pytest.raises(ProcessLookupError):
            os.kill(limits.pid, 0)

    run(main)


LIMITED = Limits(memory=2**31, cpu=100, nice=3)
TELL = "echo $(id -u) $(nice) $(ulimit -v) $(ulimit -t); cat /proc/$$/limits"


@pytest.fixture
def others_are_out_of_reach(monkeypatch):
    """As for root in a container: what is of another user can only be limited by itself."""

    def refuse_others(function, at):
        def refusing(*arguments):
            if arguments[at] not in {0, os.getpid()}:
                raise PermissionError(1, "Operation not permitted")
            return function(*arguments)

        return refusing

    monkeypatch.setattr(resource, "prlimit", refuse_others(resource.prlimit, 0))
    monkeypatch.setattr(os, "setpriority", refuse_others(os.setpriority, 1))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.usefixtures("others_are_out_of_reach")
def test_a_process_of_another_user_limits_and_marks_itself():
    nobody = ProcessOptions(user=parse_user("nobody"))

    async def main():
        argv = ["/bin/sh", "-c", TELL]
        async with ColdRun(argv, os.environ, nothing, limits=LIMITED, options=nobody) as it:
            return b"".join([chunk async for chunk in it.output(30)]), it._process.pid

    said, pid = run(main)
    told, *limits = said.decode().splitlines()
    uid, nice, memory, cpu = map(int, told.split())
    assert (uid, memory, cpu) == (parse_user("nobody").uid, 2**31 // 1024, 100)
    assert nice >= 3
    assert [line.split()[3:5] for line in limits if "file locks" in line] == [
        [str(pid), str(reaper.mark)]
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_one_that_cannot_limit_itself_is_not_started(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refuse)
    nobody = ProcessOptions(user=parse_user("nobody"))

    async def main():
        argv = ["/bin/sh", "-c", TELL]
        with pytest.raises(RunError, match=r"^/bin/sh cannot be started: "):
            async with ColdRun(argv, os.environ, nothing, limits=LIMITED, options=nobody):
                raise AssertionError("it was started")

    run(main)


@pytest.mark.parametrize("permits_threads", [True, False])
def test_the_end_of_a_process_is_noticed_without_the_help_of_the_system(
    monkeypatch, permits_threads
):
    def refuse(*_):
        raise OSError(24, "Too many open files")

    def refuse_thread(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    if not permits_threads:
        monkeypatch.setattr(threading.Thread, "start", refuse_thread)

    async def main():
        async with child("import time; time.sleep(0.1); print('over')") as process:
            return [chunk async for chunk in process.output(30)]

    assert b"".join(run(main)) == b"over\n"
