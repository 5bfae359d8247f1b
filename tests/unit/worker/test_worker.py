"""Functions that are called in a process of their own: what comes back, also where nothing does."""

import asyncio
import contextlib
import errno
import fcntl
import os
import pickle
import resource
import signal
import struct
import termios
import time
from pathlib import Path

import pytest

from aoba.worker import caller
from aoba.worker.caller import Caller
from aoba.worker.client import Call, Worker, call_now, worker
from aoba.worker.process import HEADER, Opened
from support.runs import open_descriptors
from support.server import is_alive
from support.waiting import DEADLINE, eventually


@pytest.fixture
def another():
    """A worker of its own."""
    made = Worker()
    yield made
    made.close()
    eventually(lambda: all(process.poll() is not None for process in made._ended))


@pytest.fixture
def fifo(tmp_path):
    """Who opens it to read hangs, until somebody writes."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def read(path):
    return Path(path).read_bytes()


def fail(path):
    raise FileNotFoundError(errno.ENOENT, "gone", path)


def open_null(about):
    return Opened(os.open(os.devnull, os.O_RDONLY), about)


def fill_descriptors():
    """Take all that may still be open."""
    found = []
    with contextlib.suppress(OSError):
        while True:
            found.append(os.open(os.devnull, os.O_RDONLY))
    return found


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def echo(*arguments):
    return arguments


def run(steps):
    return asyncio.run(asyncio.wait_for(steps(), DEADLINE))


def ask(some, function, *arguments):
    call = Call()
    some.send(call, function, arguments)
    some.wait(call, DEADLINE)
    return call


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_arguments_and_results_of_any_size(size):
    data = os.urandom(size)

    assert ask(worker, echo, data, None, "ä").result() == (data, None, "ä")


def test_much_is_sent_when_the_last_loop_is_over(another):
    """More than the connection takes at once, so that it has to be waited for."""

    async def attach():
        another.start()
        another.attach(asyncio.get_running_loop())

    run(attach)
    data = os.urandom(3_000_000)
    assert ask(another, echo, data).result() == (data,)


def test_what_a_function_raises_is_raised():
    with pytest.raises(FileNotFoundError) as caught:
        ask(worker, fail, "/x").result()
    assert (caught.value.strerror, caught.value.filename) == ("gone", "/x")


def test_a_descriptor_that_was_opened_there_is_ours():
    opened = ask(worker, open_null, "about").result()

    assert opened.about == "about"
    assert open_descriptors()[str(opened.descriptor)] == os.devnull
    os.close(opened.descriptor)


def test_a_descriptor_that_nobody_takes_is_closed():
    ask(worker, echo)
    before = open_descriptors()
    call = Call()
    call.give_up()
    worker.send(call, open_null, (1,))
    worker.wait(call, DEADLINE)

    assert call.has_ended
    assert open_descriptors() == before


def unread(connection):
    """How many bytes have come that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0]


def test_a_descriptor_that_there_is_no_room_for_fails_its_call_alone(another):
    """That of the next call is not taken for it, which comes with the rest of its answer."""
    ask(another, echo)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lacking, other = Call(), Call()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, open_descriptors())) + 1, limits[1]))
    filling = fill_descriptors()
    try:
        another.send(lacking, open_null, (1,))
        eventually(lambda: unread(another._connection))
        another._read()  # what comes with a descriptor ends there: its header
    finally:
        for descriptor in filling:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    another.send(other, open_null, (2,))
    rest = len(pickle.dumps(1, pickle.HIGHEST_PROTOCOL)) * 2 + HEADER.size
    eventually(lambda: unread(another._connection) == rest)
    for call in (lacking, other):
        another.wait(call, DEADLINE)

    with pytest.raises(OSError, match="Too many open files"):
        lacking.result()
    opened = other.result()
    assert opened.about == 2
    os.close(opened.descriptor)


class StubbornError(Exception):
    """Pickled without one of its arguments."""

    def __init__(self, one, other):
        super().__init__(one + other)


def be_stubborn():
    raise StubbornError(1, 2)


def be_unspeakable():
    return lambda: None


def be_unspeakable_with_a_descriptor():
    return open_null(lambda: None)


@pytest.mark.parametrize(
    "function", [be_stubborn, be_unspeakable, be_unspeakable_with_a_descriptor]
)
def test_what_cannot_be_pickled_or_read_fails_its_call_alone(another, function):
    ask(another, echo)
    with pytest.raises(OSError, match=r"cannot be read|cannot be pickled"):
        ask(another, function).result()

    assert ask(another, echo, 1).result() == (1,)
    opened = ask(another, open_null, 2).result()
    assert opened.about == 2
    os.close(opened.descriptor)


def test_calls_that_hang_keep_no_other_waiting(another, fifo):
    hanging = [Call() for _ in range(100)]
    for call in hanging:
        another.send(call, read, (fifo,))

    assert ask(another, echo, 1).result() == (1,)
    assert not any(call.has_ended for call in hanging)
    while waiting := [call for call in hanging if not call.has_ended]:
        os.close(os.open(fifo, os.O_RDWR))  # who reads goes on; to write alone may have to wait
        another.wait(waiting[0], 0.05)


def test_a_worker_that_is_lost_fails_its_calls_and_is_started_again(another, fifo):
    waiting = Call()
    another.send(waiting, read, (fifo,))
    lost = ask(another, die)

    for call in (waiting, lost):
        with pytest.raises(OSError, match="the process that reads files has ended"):
            call.result()
    assert ask(another, echo, 1).result() == (1,)


def test_it_heeds_no_signal_but_ends_with_its_socket(another):
    ask(another, echo)
    pid = another._process.pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert ask(another, echo, 1).result() == (1,)
    assert os.getpgid(pid) == pid  # which a terminal's signals do not reach

    another.close()

    eventually(lambda: not is_alive(pid), "the end of the worker")


def test_one_with_a_call_that_hangs_is_not_waited_for(another, fifo):
    another.send(Call(), read, (fifo,))
    before = time.monotonic()
    another.close()

    assert time.monotonic() - before < 0.4


def test_it_has_nothing_of_the_environment_that_is_a_secret(another, monkeypatch):
    monkeypatch.setenv("TOKEN", "hush")
    ask(another, echo)
    environment = Path(f"/proc/{another._process.pid}/environ").read_bytes()

    assert b"hush" not in environment


def test_a_call_before_the_loop_runs_is_not_waited_for_for_ever(fifo):
    with pytest.raises(TimeoutError, match="the file system does not answer"):
        call_now(read, fifo, seconds=0.05)
    fifo.write_bytes(b"")
    assert call_now(echo, 1, seconds=DEADLINE) == (1,)


def test_a_caller_is_answered_in_any_loop():
    async def main():
        return await Caller().call(echo, 1)

    assert [run(main), call_now(echo, 2, seconds=DEADLINE), run(main)] == [(1,), (2,), (1,)]


def test_a_file_system_that_hangs_costs_one_thread_of_a_caller(monkeypatch, fifo):
    monkeypatch.setattr(caller, "ANSWER", 0.05)
    started = []
    send = worker.send
    monkeypatch.setattr(worker, "send", lambda *call: started.append(call) or send(*call))

    async def main():
        one, other = Caller(), Caller()
        for _ in range(5):
            with pytest.raises(TimeoutError, match="the file system does not answer"):
                await one.call(read, fifo, seconds=caller.ANSWER)
            assert await other.call(echo, 1) == (1,)
        assert len(started) == 1 + 5
        fifo.write_bytes(b"")
        return await one.call(echo, 2, seconds=None)

    assert run(main) == (2,)


def test_after_the_first_time_it_is_told_at_once(fifo):
    async def main():
        one = Caller()
        with pytest.raises(TimeoutError):
            await one.call(read, fifo, seconds=0.01)
        before = time.monotonic()
        with pytest.raises(TimeoutError):
            await one.call(read, fifo, seconds=DEADLINE)
        took = time.monotonic() - before
        fifo.write_bytes(b"")
        await one.call(echo, seconds=None)
        return took

    assert run(main) < DEADLINE / 2


def test_a_call_that_was_given_up_is_waited_for_by_the_next(fifo):
    async def main():
        one = Caller()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await one.call(read, fifo)
        next_one = asyncio.create_task(one.call(echo, 1))
        await asyncio.sleep(0.01)
        assert not next_one.done()
        fifo.write_bytes(b"")
        return await next_one

    assert run(main) == (1,)


def test_several_tasks_wait_for_their_turn(monkeypatch):
    """Never are two calls under way, in whatever order they come and end."""
    most = 0
    send = worker.send

    def sent(*call):
        nonlocal most
        send(*call)
        most = max(most, len(worker._calls))

    monkeypatch.setattr(worker, "send", sent)

    async def main():
        one = Caller()
        found = await asyncio.gather(*(one.call(echo, number) for number in range(20)))
        assert one._call is None
        return found

    assert run(main) == [(number,) for number in range(20)]
    assert most == 1


def test_who_waits_for_a_turn_gives_up_no_other_call(fifo):
    async def main():
        one = Caller()
        first = asyncio.create_task(one.call(read, fifo, seconds=None))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError, match="the file system does not answer"):
            await one.call(echo, 1, seconds=0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await one.call(echo, 2, seconds=None)
        assert not one._call.given_up
        fifo.write_bytes(b"x")
        return await first, await one.call(echo, 3)

    assert run(main) == (b"x", (3,))


def test_what_was_opened_for_a_task_that_is_cancelled_in_that_moment_is_closed():
    async def main():
        one = Caller()
        await one.call(echo)
        before = open_descriptors()
        task = asyncio.create_task(one.call(open_null, 1))
        while one._call is None:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0)
        worker.wait(one._call, DEADLINE)  # it has ended, and the task has not gone on yet
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return before, open_descriptors()

    before, after = run(main)
    assert after == before
