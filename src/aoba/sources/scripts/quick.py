"""A run that needs no task: ordered in one callback of the loop, and over in another.

Most runs of an embedded script give one document in one piece, write nothing to stderr, and end
well. A hundred times a second that is all that should happen: what else Aoba does for a run costs
more than the script. As soon as anything else shows, `on_end` says so, nothing more is read, and
`sources/scripts/run` goes on from there, with all its care.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aoba.document.decode import decode_whole
from aoba.sources.residents.interpreter import Interpreter

if TYPE_CHECKING:
    from aoba.sources.residents.embedded import EmbeddedRun
    from aoba.sources.scripts.run import Listener

_ENDS: Final = (b"}\n", b"}", b"]\n", b"]")  # of what may be whole documents


def take_whole(chunk: bytes, listener: "Listener") -> bool:
    """Have `listener` take `chunk`, where that is one document; whether it is.

    Raises DocumentError where it cannot be taken.
    """
    if not chunk.endswith(_ENDS):
        return False
    if listener.again(chunk):
        return True
    decoded = decode_whole(chunk)
    if decoded is not None:
        listener.document(decoded, chunk)
    return decoded is not None


class QuickRun:
    """One run after the other; implements the `Run` of their interpreter."""

    def __init__(self) -> None:
        self.interpreter: Interpreter | None = None
        """That carries it out; None where no run is under way."""
        self._listener: Listener
        self._on_end: Callable[[bool], None]
        self._heard_at = 0.0
        self._taken = False  # whether there was a document
        self._status: int | None = None  # once the interpreter says that the run is over
        self._given_up = False

    def begin(
        self,
        interpreter: Interpreter,
        number: int,
        feedback: bytes | None,
        listener: "Listener",
        on_end: Callable[[bool], None],
    ) -> None:
        """`on_end` hears whether all is done and well, or the rest is to be taken over."""
        self.interpreter, self._listener, self._on_end = interpreter, listener, on_end
        self._heard_at = time.monotonic()
        self._taken = self._given_up = False
        self._status = None
        interpreter.stdout.watch(self._output)
        interpreter.stderr.watch(self._give_up)
        interpreter.order(self, number, feedback)

    def hand_over(self, run: "EmbeddedRun") -> None:
        """Have `run` hear all that comes of it from now on, and what has come and is not told."""
        interpreter, self.interpreter = self.interpreter, None
        assert interpreter is not None  # noqa: S101  it is under way
        interpreter.run = run
        run.taken, run.heard_at = int(self._taken), self._heard_at
        if self._status is not None:
            run.done(self._status)
        if interpreter.gone:
            run.lost()

    def done(self, status: int) -> None:
        self._status = status
        interpreter = self.interpreter
        if interpreter is None or self._given_up:
            return
        # The loop may well have told of its report first.
        if status == 0 and (self._taken or self._take(interpreter)) and self._is_all(interpreter):
            interpreter.run = None
            self.interpreter = None
            self._on_end(True)
        else:
            self._give_up()

    def lost(self) -> None:
        self._give_up()

    def _output(self) -> None:
        interpreter = self.interpreter
        if interpreter is None or self._given_up:
            return
        if not (self._is_line_end(interpreter) if self._taken else self._take(interpreter)):
            self._give_up()
        else:
            interpreter.stdout.watch(self._output)

    def _take(self, interpreter: Interpreter) -> bool:
        """Whether a document has come, and no more."""
        chunk = interpreter.stdout.read()
        if chunk is None:
            return False
        with suppress(Exception):  # `sources/scripts/run` tries again, and says what it is
            self._taken = take_whole(chunk, self._listener)
        if self._taken:
            self._heard_at = time.monotonic()
        else:
            interpreter.stdout.put_back(chunk)
        return self._taken

    def _is_all(self, interpreter: Interpreter) -> bool:
        """Whether nothing is left to be read, but for the end of a line."""
        while interpreter.has_output():
            if not self._is_line_end(interpreter):
                return False
        return True

    def _is_line_end(self, interpreter: Interpreter) -> bool:
        """Whether that has come on stdout: `print` writes it by itself."""
        chunk = interpreter.stdout.read()
        if chunk and not chunk.isspace():
            interpreter.stdout.put_back(chunk)
            return False
        return chunk is not None

    def _give_up(self) -> None:
        if self.interpreter is not None and not self._given_up:
            self._given_up = True
            self._on_end(False)
