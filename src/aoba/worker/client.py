"""The worker process as Aoba sees it: functions are sent there, and their answers come back.

A file system that hangs gives nobody back who has asked it for something, and whoever waits for it
in the kernel may not even be killed. So nothing of Aoba's waits there, no thread either: a process
with a thread that hangs keeps its ports. What a function is given and what it returns is pickled.
"""

import asyncio
import contextlib
import errno
import os
import pickle
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final, TypeVar

from aoba.orphans.reaper import reaper
from aoba.worker import process
from aoba.worker.process import GOODBYE, HEADER, OPENED, RAISED, Opened

T = TypeVar("T")

HANGS: Final = "the file system does not answer"

CHUNK: Final = 256 * 1024
"""Bytes of answers that are taken in one turn of the loop."""

ENDING: Final = 0.5
"""Seconds that the process has to end."""

_VARIABLES: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "HOME")
"""What it gets of Aoba's environment; secrets, for one thing, are no business of its."""


class Call:
    """`done` is called once, when there is an answer; a descriptor that nobody takes is closed."""

    def __init__(self, done: Callable[[], None] = lambda: None) -> None:
        self.has_ended = False
        self.given_up = False
        """Whether nobody wants the answer any more."""
        self._done = done
        self._result: Any = None
        self._error: Exception | None = None

    def end(self, result: Any, error: Exception | None = None) -> None:
        self.has_ended, self._result, self._error = True, result, error
        if self.given_up:
            self.give_up()
        self._done()

    def give_up(self) -> None:
        self.given_up = True
        if isinstance(self._result, Opened):
            os.close(self._result.descriptor)
            self._result = None

    def result(self) -> Any:
        """What the function has returned; raises what it has raised."""
        if self._error is not None:
            raise self._error
        return self._result


class Worker:
    """Starts by itself, and again where it has been lost; `close` ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket
        self._calls: dict[int, Call] = {}
        self._numbers = count(1)
        self._unsent, self._unread = bytearray(), bytearray()
        self._descriptors: list[int | None] = []  # None for one that there was no room for
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: list[subprocess.Popen[bytes]] = []  # which may still be there, or zombies

    def start(self) -> None:
        """Have it ready, at the price of 10 ms in another process. Raises OSError."""
        if self._process is not None:
            return
        self._ended = [process for process in self._ended if process.poll() is None]
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-S", process.__file__, *filter(None, sys.path)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        reaper.started(self._process.pid)
        ours.setblocking(False)
        self._connection = ours

    def send(self, call: Call, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Have `call` answered. Raises OSError where there is no process to do so.

        Raises whatever else keeps the arguments from being pickled.
        """
        data = pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)
        self.start()
        number = next(self._numbers)
        self._calls[number] = call
        self._unsent += HEADER.pack(number, 0, len(data)) + data
        self._write()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have `loop` tell of answers from now on."""
        if self._loop is not loop and self._process is not None:
            self._detach()
            self._loop = loop
            loop.add_reader(self._connection, self._read)
        self._write()

    def wait(self, call: Call, seconds: float) -> None:
        """Without a loop: until `call` has ended, or so long."""
        poll = select.poll()
        deadline = time.monotonic() + seconds
        while not call.has_ended and (left := deadline - time.monotonic()) > 0:
            poll.register(self._connection, select.POLLIN | (select.POLLOUT * bool(self._unsent)))
            if poll.poll(1000 * left):
                self._write()
                self._read()

    def close(self) -> None:
        """End it, or what is left of it where some call hangs: that may be out of reach."""
        if self._process is None:
            return
        hangs = bool(self._calls)
        with contextlib.suppress(OSError):
            self._connection.send(GOODBYE)
        self._lose()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._ended[-1].wait(0 if hangs else ENDING)

    def _detach(self) -> None:
        if loop := self._running_loop():
            loop.remove_reader(self._connection)
            loop.remove_writer(self._connection)
        self._loop = None

    def _running_loop(self) -> asyncio.AbstractEventLoop | None:
        """The one that tells of answers, unless it has been closed."""
        return None if self._loop is None or self._loop.is_closed() else self._loop

    def _write(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._connection.send(self._unsent)]
        except BlockingIOError:
            if loop := self._running_loop():
                loop.add_writer(self._connection, self._write)
            return
        except OSError:  # the end of its answers says the same
            self._unsent.clear()
        if loop := self._running_loop():
            loop.remove_writer(self._connection)

    def _read(self) -> None:
        try:
            data, descriptors, flags, _ = socket.recv_fds(self._connection, CHUNK, 16)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors, flags = b"", [], 0
        self._descriptors += descriptors
        if flags & socket.MSG_CTRUNC:  # which comes with one at a time
            self._descriptors.append(None)
        if not data:
            self._lose()
            return
        self._unread += data
        while len(self._unread) >= HEADER.size:
            number, kind, size = HEADER.unpack_from(self._unread)
            end = HEADER.size + size
            if len(self._unread) < end:
                return
            with memoryview(self._unread)[HEADER.size : end] as answer:
                result, error = _loaded(answer)
            del self._unread[:end]
            self._take(self._calls.pop(number), kind, result, error)

    def _take(self, call: Call, kind: int, result: Any, error: Exception | None) -> None:
        if kind == OPENED:
            descriptor = self._descriptors.pop(0) if self._descriptors else None
            if descriptor is None:
                error = error or OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            elif error is not None:
                os.close(descriptor)
            else:
                result = Opened(descriptor, result)
        elif kind == RAISED:
            error = error or result
        call.end(None if error else result, error)

    def _lose(self) -> None:
        """It has ended, or is to."""
        ended, self._process = self._process, None
        assert ended is not None  # noqa: S101  there was one to be read from
        self._detach()
        self._connection.close()
        self._ended.append(ended)
        for descriptor in self._descriptors:
            if descriptor is not None:
                os.close(descriptor)
        self._descriptors.clear()
        calls, self._calls = self._calls, {}
        self._unsent.clear()
        self._unread.clear()
        for call in calls.values():
            call.end(None, OSError(errno.EIO, "the process that reads files has ended"))


def _loaded(answer: memoryview) -> tuple[Any, Exception | None]:
    """What was pickled, or why there is no sense in it: some exceptions cannot be made again."""
    try:
        return pickle.loads(answer), None  # noqa: S301  ours
    except Exception as error:  # noqa: BLE001  whatever a class may raise
        return None, OSError(errno.EIO, f"an answer that cannot be read: {error}")


worker: Final = Worker()
"""The one of this process."""


def call_now(function: Callable[..., T], *arguments: Any, seconds: float) -> T:
    """What `function` returns, which is called in the worker; everything waits for it.

    Raises what it raises, and TimeoutError where it takes longer than `seconds`.
    """
    call = Call()
    worker.send(call, function, arguments)
    worker.wait(call, seconds)
    if not call.has_ended:
        call.give_up()
        raise TimeoutError(errno.ETIMEDOUT, HANGS)
    result: T = call.result()
    return result
