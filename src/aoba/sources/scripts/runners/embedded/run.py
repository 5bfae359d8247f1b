"""A run in a resident interpreter: over when that says so, and its end if it does not."""

import signal
import time
from collections.abc import Callable
from types import TracebackType

from aoba.sources.pipe import Pipe
from aoba.sources.scripts.runners.embedded.interpreter import Interpreter
from aoba.sources.scripts.running import RunningProcess


class EmbeddedRun(RunningProcess):
    """A run in `interpreter`, which carries out no other; implements its `Run`.

    `begin` orders the run, or hands it over where it has been ordered before, and raises RunError
    where neither is possible. `on_over` gets the interpreter, which is closed where it has not
    survived; whether the run ended well; and whether the interpreter ended otherwise than by our
    signals.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        begin: Callable[["EmbeddedRun"], None],
        on_stderr: Callable[[bytes], None],
        on_over: Callable[[Interpreter, bool, bool], None],
    ) -> None:
        super().__init__(on_stderr, interpreter.limits, interpreter.wake)
        self._interpreter = interpreter
        self._begin = begin
        self._on_over = on_over
        self._status: int | None = None
        self._signalled = False

    async def _start(self) -> tuple[Pipe, Pipe]:
        self._begin(self)
        return self._interpreter.stdout, self._interpreter.stderr

    def done(self, status: int) -> None:
        self._status = status
        if self._signalled:  # and ended all the same, by itself
            self._interpreter.dismiss()
        self._end(time.monotonic())

    def outdated(self) -> None:
        super().outdated()
        self.done(0)

    def _look_for_end(self) -> None:
        self._interpreter.read_reports()

    def lost(self) -> None:
        self._gone()

    def _signal(self, number: signal.Signals) -> None:
        if self._gone_at is None:
            self._signalled = True
        self._interpreter.signal(number)

    def _reap(self) -> int:
        code = self._interpreter.returncode()
        return code if self._status is None else self._status

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None and self._gone_at is None and not self._signalled:
            self._read_last_words()
            self._note_exit(self._status)
            self._interpreter.leave()
            self._on_over(self._interpreter, self._status == 0, False)
            return
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._interpreter.close()
            good = self.failure is None  # as with `os._exit(0)`
            ended = good or self._signalled or self._interpreter.leaves is not None
            self._on_over(self._interpreter, good, not ended)
