"""A run under way: its output as it comes, and the end of it, whatever the script does.

How a run is started, signalled and waited for is up to the subclass. The end of a run is the end
of its process, not of its streams: a grandchild can hold these open for ever. When the process is
gone, what it left in its pipes is read, and `GRACE` seconds are waited for their end; then what is
left of its group is killed.

Times are of `time.monotonic`: uvloop's own clock stands still during a turn of the loop.
"""

import asyncio
import contextlib
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import IO, Final, Self

GRACE: Final = 0.5
TERM_TO_KILL: Final = 2.0
"""Seconds from SIGTERM to SIGKILL for a script that is silent for too long."""

STOP_TO_KILL: Final = 1.5
"""The same for a script that is stopped because Aoba stops, which has 3 s in all."""

KILL_TO_LEAVE: Final = 1.0
"""Seconds after SIGKILL until a process that survives it is left alone: it may not be ours."""

MAX_PIPE: Final = 1024 * 1024
"""Bytes that a pipe can hold; of what comes when the process is gone, no more can be its own."""

_CHUNK: Final = 32 * 1024  # what is handled in one go, while Modbus clients wait
_LAST_WORDS: Final = 64  # chunks of stderr that are still read at the end


class Running(ABC):
    """Use as an async context manager; on the way out process and group are gone, come what may.

    Raises RunError on the way in where the run cannot be started. `on_stderr` gets stderr in
    pieces, as they come.
    """

    def __init__(self, on_stderr: Callable[[bytes], None]) -> None:
        self.failure: str | None = None
        """Why the run failed, as far as its process shows; known once the context is left."""
        self._on_stderr = on_stderr
        self._woken = False  # stdout can be read, or the process is gone
        self._waiter: asyncio.Future[None] | None = None
        self._gone_at: float | None = None

    @abstractmethod
    async def _start(self) -> tuple["Pipe", "Pipe"]:
        """Start the process; returns its stdout and its stderr. Raises RunError."""

    @abstractmethod
    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group; nothing happens where it is gone."""

    @abstractmethod
    def _reap(self) -> int:
        """The return code as `subprocess` has it; called once, when the process is gone."""

    async def __aenter__(self) -> Self:
        self._stdout, self._stderr = await self._start()
        self._stderr.watch(self._read_stderr)
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
            try:
                await self._wait_gone(KILL_TO_LEAVE)
            finally:
                self._finish()

    def _finish(self) -> None:
        if self._gone_at is None:
            self.failure = "cannot be killed, and is left running"
        else:
            self.failure = self.failure or exit_failure(self._reap())
        self._stdout.close()
        for _ in range(_LAST_WORDS):
            if not self._read_stderr():
                break
        self._stderr.close()

    async def output(self, timeout: float) -> AsyncIterator[bytes]:
        """Yield stdout as it comes, in pieces of at most 32 KiB, until the process is gone.

        A process that writes nothing for `timeout` seconds gets SIGTERM, and SIGKILL
        `TERM_TO_KILL` later.
        """
        to_send = [signal.SIGKILL, signal.SIGTERM]
        left = MAX_PIPE
        deadline = time.monotonic() + timeout
        waited = True
        while True:
            self._woken = False
            chunk = self._stdout.read()
            now = time.monotonic()
            if self._gone_at is not None:
                deadline = self._gone_at + GRACE
                left -= len(chunk or b"")
                if self._stdout.closed or left < 0 or (not chunk and now >= deadline):
                    return
            elif chunk and not self.failure:
                deadline = now + timeout
            elif now >= deadline and not to_send:
                return  # it survives SIGKILL
            elif now >= deadline:
                self.failure = f"silent on stdout for longer than {timeout:g} s, stopped"
                self._signal(to_send.pop())
                deadline = now + (TERM_TO_KILL if to_send else KILL_TO_LEAVE)
            if chunk:
                if not waited:
                    await asyncio.sleep(0)  # a flood must not keep the loop from anything else
                yield chunk
            else:
                self._stdout.watch(self._rouse)
                await self._wait_until(deadline)
            waited = not chunk

    async def _wait_gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._gone_at is None and time.monotonic() < deadline:
            self._woken = False
            await self._wait_until(deadline)

    async def _wait_until(self, deadline: float) -> None:
        """Or until `_rouse`, which may have been called since `_woken` was reset."""
        if self._woken:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(max(0.0, deadline - time.monotonic()), self._rouse)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _rouse(self) -> None:
        self._woken = True
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _gone(self) -> None:
        """To be called when the process has exited."""
        self._gone_at = time.monotonic()
        self._rouse()

    def _read_stderr(self) -> bytes | None:
        chunk = self._stderr.read()
        if chunk:
            self._on_stderr(chunk)
        self._stderr.watch(self._read_stderr)
        return chunk


class Pipe:
    """The reading end of a pipe, without blocking; what it reads from is closed with it.

    Takes a descriptor, or an unbuffered stream.
    """

    def __init__(self, source: int | IO[bytes]) -> None:
        self.closed = False
        self._source = source
        self._descriptor = source if isinstance(source, int) else source.fileno()
        self._loop = asyncio.get_running_loop()
        self._callback: Callable[[], object] | None = None
        self._watched = False
        os.set_blocking(self._descriptor, False)

    def read(self) -> bytes | None:
        """Some bytes, or None where there are none now. At the end the pipe closes itself."""
        if self.closed:
            return None
        self._callback = None
        try:
            chunk = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return None
        if not chunk:
            self.close()
        return chunk or None

    def watch(self, callback: Callable[[], object]) -> None:
        """Call `callback` once there is something to read, until the next `read`."""
        self._callback = callback
        if not self.closed and not self._watched:
            self._watched = True
            self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        # The loop goes on watching, which it would have to be told anew, unless nobody reads.
        callback, self._callback = self._callback, None
        if callback:
            callback()
        else:
            self._ignore()

    def _ignore(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._descriptor)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._ignore()
            if isinstance(self._source, int):
                os.close(self._source)
            else:
                self._source.close()


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal a process group; nothing happens where nobody is left of it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def exit_failure(returncode: int) -> str | None:
    """What is wrong with an exit, in words; None where nothing is."""
    if returncode < 0:
        known = -returncode in set(signal.Signals)
        return f"killed by {signal.Signals(-returncode).name if known else f'signal {-returncode}'}"
    return f"exit status {returncode}" if returncode else None
