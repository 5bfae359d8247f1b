"""A run in a resident interpreter: over when that says so, and its end if it does not."""

import signal
import time
from collections.abc import Callable
from types import TracebackType

from aoba.sources.pipe import Pipe
from aoba.sources.scripts.kept_run import KeptRun
from aoba.sources.scripts.runners.embedded.interpreter import Interpreter, Order


class EmbeddedRun(KeptRun):
    """The run `order` in `interpreter`, which carries out no other.

    `on_over` hears of the end of one that was careful: the interpreter, which is closed where it
    has not survived; whether the run ended well; and whether the interpreter ended otherwise than
    by our signals.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        order: Order,
        on_stderr: Callable[[bytes], None],
        on_over: Callable[[Interpreter, bool, bool], None],
    ) -> None:
        super().__init__(on_stderr, interpreter.limits, interpreter.event)
        self._interpreter, self._order, self._on_over = interpreter, order, on_over
        self._reported: int | None = None  # the status that the interpreter has told of
        self._signalled = False

    def _submit(self) -> tuple[Pipe, Pipe]:
        self._interpreter.submit(self, self._order)
        return self._interpreter.stdout, self._interpreter.stderr

    def _has_output(self) -> bool:
        return self._interpreter.has_output()

    def _leave(self) -> None:
        self._interpreter.leave()

    def _ended(self, status: int) -> None:
        self._reported = status
        if self._signalled:  # and ended all the same, by itself
            self._interpreter.dismiss()
        self._end(time.monotonic())

    def _look_for_end(self) -> None:
        self._interpreter.read_reports()

    def _signal(self, number: signal.Signals) -> None:
        if self._gone_at is None:
            self._signalled = True
        self._interpreter.signal(number)

    def _reap(self) -> int:
        code = self._interpreter.returncode()
        return code if self._reported is None else self._reported

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reported is not None and self._gone_at is None and not self._signalled:
            self._read_last_words()
            self._note_exit(self._reported)
            self._interpreter.leave()
            self._on_over(self._interpreter, self._reported == 0, False)
            return
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._interpreter.close()
            good = self.failure is None  # as with `os._exit(0)`
            ended = good or self._signalled or self._interpreter.leaves is not None
            self._on_over(self._interpreter, good, not ended)
