"""One child process in a process group of its own, with both its output streams drained.

`subprocess.Popen` starts it: uvloop's own way hands descriptors down, and blocks the loop for as
long as a fork takes, which grows with the heap (10 ms at 200 MB, where Popen takes 0.5).

The end of a run is the end of the child, not of its streams: a grandchild can hold these open for
ever. When the child is gone, its pipes are read for `GRACE` seconds at most; then what is left of
the group is killed.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Final, Self

from aoba.errors import RunError

GRACE: Final = 0.5
TERM_TO_KILL: Final = 2.0
"""Seconds from SIGTERM to SIGKILL for a child that is silent for too long."""

STOP_TO_KILL: Final = 1.5
"""The same for a child that is stopped because Aoba stops, which has 3 s in all."""

_CHUNK: Final = 32 * 1024  # what is handled in one go, while Modbus clients wait


class Child:
    """Use as an async context manager; on the way out child and group are gone, come what may.

    Raises RunError on the way in where the child cannot be started. `on_stderr` gets stderr in
    pieces, as they come. Times are of `time.monotonic`: uvloop's own clock stands still during a
    turn of the loop.
    """

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], on_stderr: Callable[[bytes], None]
    ) -> None:
        self._argv, self._env = argv, env
        self._on_stderr = on_stderr
        self._wake = asyncio.Event()  # stdout can be read, or the child is gone
        self._gone_at: float | None = None
        self.silent = False
        """Whether it was stopped because it was silent on stdout for too long."""

    async def __aenter__(self) -> Self:
        try:
            self._process = subprocess.Popen(  # noqa: ASYNC220  a vfork, shorter than any hand-over
                self._argv,
                env=self._env,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise RunError(f"{self._argv[0]} cannot be started: {error}") from None
        assert self._process.stdout is not None  # noqa: S101  both were asked for
        assert self._process.stderr is not None  # noqa: S101
        self._stdout, self._stderr = _Pipe(self._process.stdout), _Pipe(self._process.stderr)
        self._stderr.watch(self._read_stderr)
        _watch_exit(self._process, self._exited)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._gone_at is None:
                self._signal(signal.SIGTERM)
                await self._wait_gone(STOP_TO_KILL)
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._stdout.close()
            while self._read_stderr():
                pass
            self._stderr.close()

    @property
    def returncode(self) -> int:
        """As `subprocess` has it: negative for a signal. Known once the context is left."""
        return self._process.returncode

    async def output(self, timeout: float) -> AsyncIterator[bytes]:
        """Yield stdout as it comes, in pieces of at most 32 KiB, until the child is gone.

        A child that writes nothing for `timeout` seconds gets SIGTERM, and SIGKILL `TERM_TO_KILL`
        later.
        """
        to_send = [signal.SIGKILL, signal.SIGTERM]
        deadline = time.monotonic() + timeout
        while True:
            self._wake.clear()
            chunk = self._stdout.read()
            now = time.monotonic()
            if chunk:
                if not self.silent:
                    deadline = now + timeout
                yield chunk
                await asyncio.sleep(0)  # a flood must not keep the loop from anything else
                continue
            if self._gone_at is not None:
                if self._stdout.closed or now >= self._gone_at + GRACE:
                    return
                deadline = self._gone_at + GRACE
            elif now >= deadline and to_send:
                self.silent = True
                self._signal(to_send.pop())
                deadline = now + TERM_TO_KILL
            self._stdout.watch(self._wake.set)
            await _wait_until(self._wake, deadline if to_send or self._gone_at else None)

    async def _wait_gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._gone_at is None and time.monotonic() < deadline:
            self._wake.clear()
            await _wait_until(self._wake, deadline)

    def _exited(self) -> None:
        self._gone_at = time.monotonic()
        self._wake.set()

    def _read_stderr(self) -> bytes | None:
        chunk = self._stderr.read()
        if chunk:
            self._on_stderr(chunk)
        if not self._stderr.closed:
            self._stderr.watch(self._read_stderr)
        return chunk

    def _signal(self, number: signal.Signals) -> None:
        # Not yet waited for, or just so: the group's id cannot have been given to another.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class _Pipe:
    """The reading end of a pipe, without blocking."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.closed = False
        self._loop = asyncio.get_running_loop()
        os.set_blocking(stream.fileno(), False)

    def read(self) -> bytes | None:
        """Some bytes, or None where there are none now. At the end the pipe closes itself."""
        if self.closed:
            return None
        self._loop.remove_reader(self._stream)
        try:
            chunk = os.read(self._stream.fileno(), _CHUNK)
        except BlockingIOError:
            return None
        if not chunk:
            self.close()
        return chunk or None

    def watch(self, callback: Callable[[], object]) -> None:
        """Call `callback` once there is something to read, until the next `read`."""
        if not self.closed:
            self._loop.add_reader(self._stream, callback)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._stream)
            self._stream.close()


def _watch_exit(process: subprocess.Popen[bytes], callback: Callable[[], None]) -> None:
    """Call `callback` in the loop when `process` has exited, and leave it to be waited for."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or not permitted
        threading.Thread(
            target=lambda: (process.wait(), loop.call_soon_threadsafe(callback)), daemon=True
        ).start()
        return

    def exited() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        callback()

    loop.add_reader(descriptor, exited)


async def _wait_until(event: asyncio.Event, deadline: float | None) -> None:
    seconds = None if deadline is None else deadline - time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
