"""A run in a process that is kept, or in a fork of one: it starts simple, and may become careful.

Most runs give one document in one piece, write nothing to stderr, and end well. A hundred times a
second that is all that should happen: a task, timeouts and a look through every byte cost more than
an embedded script. So such a run is submitted in one callback of the loop and over in another.

As soon as anything else shows, be it a second document, a line on stderr, an exit status or the
next slot, the run is abandoned: `on_end` hears False, and nothing is read any more, so that what
has come stays where it is. Whoever enters the run from then on, by `async with`, finds it as if it
had been careful from the start. If it has ended meanwhile, that is known already.
"""

import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from aoba.sources.pipe import Pipe
from aoba.sources.scripts.output_parser import OutputParser
from aoba.sources.scripts.running_process import RunningProcess


class Run(Protocol):
    """What a run hears of itself; one of these, once."""

    def done(self, status: int) -> None:
        """It is over; `status` is as `subprocess` has it."""
        ...

    def lost(self) -> None:
        """The process is gone, or nobody is going to tell how it ends."""
        ...

    def outdated(self) -> None:
        """The script or its folder have changed: it was to look, and has not begun."""
        ...


class KeptRun(RunningProcess):
    """Call `submit` to have it start simple; else it starts careful. Implements `Run`."""

    _output: OutputParser
    _on_end: Callable[[bool], None] | None = None
    """Whom to tell; there in the simple state alone."""

    def submit(
        self, output: OutputParser, on_end: Callable[[bool], None], *, watched: bool = True
    ) -> None:
        """Start it. Raises RunError.

        `on_end` hears whether all is over and well, or the rest is to be read with care. Where it
        is not `watched`, what it has printed is read at its end.
        """
        self._stdout, self._stderr = self._submit()
        self._heard_at = time.monotonic()
        self._output, self._on_end = output, on_end
        if watched:
            self._stdout.watch(self._output_came)
            self._stderr.watch(self.abandon)

    def abandon(self) -> None:
        """Have the rest be read with care, if that is not so yet, whatever comes of it now."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(False)

    @abstractmethod
    def _submit(self) -> tuple[Pipe, Pipe]:
        """What `_start` does, without waiting. Raises RunError."""

    @abstractmethod
    def _has_output(self) -> bool:
        """Whether something stands in its streams, or may still come."""

    @abstractmethod
    def _leave(self) -> None:
        """It is over, and nothing is left to be read."""

    @abstractmethod
    def _ended(self, status: int) -> None:
        """The same as `done`, for the careful state."""

    async def _start(self) -> tuple[Pipe, Pipe]:
        return self._submit()

    def done(self, status: int) -> None:
        """Implements `Run`. The loop may well tell of it before it tells of the output."""
        is_well = status == 0 and self._on_end is not None
        if is_well and (self._output.taken or self._take()) and self._is_all():
            on_end, self._on_end = self._on_end, None
            self._leave()
            if on_end is not None:
                on_end(True)
        else:
            self._ended(status)
            self.abandon()

    def lost(self) -> None:
        """Implements `Run`."""
        self._gone()
        self.abandon()

    def outdated(self) -> None:
        """Implements `Run`."""
        self._is_outdated, self.began = True, False
        self._ended(0)
        self.abandon()

    def _output_came(self) -> None:
        if self._on_end is None:
            return
        if self._is_line_end() if self._output.taken else self._take():
            self._stdout.watch(self._output_came)
        else:
            self.abandon()

    def _take(self) -> bool:
        """Whether a document has come, and no more."""
        chunk = self._stdout.read()
        if chunk is None:
            return False
        taken = False
        with suppress(Exception):  # whoever reads it with care tries again, and says what it is
            taken = self._output.parse_single(chunk)
        if taken:
            self._heard_at = time.monotonic()
        else:
            self._stdout.put_back(chunk)
        return taken

    def _is_all(self) -> bool:
        """Whether nothing is left to be read, but for the end of a line."""
        while self._has_output():
            if not self._is_line_end():
                return False
        return True

    def _is_line_end(self) -> bool:
        """Whether that has come on stdout, since `print` writes it by itself; or the end of all."""
        was_closed = self._stdout.closed
        chunk = self._stdout.read()
        if chunk and not chunk.isspace():
            self._stdout.put_back(chunk)
            return False
        return chunk is not None or (self._stdout.closed and not was_closed)
