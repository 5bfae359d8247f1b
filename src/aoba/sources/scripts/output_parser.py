"""The output of one run -> documents, errors and lines, told to a listener.

Most runs print nothing but documents, each in one piece, and nothing to stderr. Such a piece is
decoded as it is, by `parse_single`. Only from the first other piece on, stdout is looked through
byte by byte.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from aoba.document.decode import decode, decode_whole
from aoba.document.stream import Cut, Fault, Text, Value, ValueStream
from aoba.errors import DocumentError, NoDocument
from aoba.sources.lines import Lines
from aoba.sources.listener import Listener
from aoba.sources.skipped import Skipped
from aoba.threads import MAX_INLINE, in_thread

NOTHING_PRINTED: Final = "printed no document"

_TURN: Final = 0.005  # seconds of documents in a row before Modbus clients have their turn
_ENDS: Final = (b"}\n", b"}", b"]\n", b"]")  # of what may be whole documents


class OutputParser:
    """Of one run, in whatever pieces it comes. Call `end` behind the last one."""

    def __init__(self, listener: Listener) -> None:
        self.taken = 0
        """Documents so far."""
        self._listener = listener
        self._values: ValueStream | None = None  # there once it is looked through
        self._skipped: Skipped
        self._refused = 0
        self._errors: Lines | None = None

    def parse_single(self, chunk: bytes) -> bool:
        """Take `chunk`, where that is one document; whether it is.

        Raises DocumentError where it cannot be taken.
        """
        if not chunk.endswith(_ENDS):
            return False
        decoded = decode_whole(chunk)
        if decoded is None:
            return False
        self._listener.document(decoded)
        self.taken += 1
        return True

    async def feed(self, chunk: bytes) -> None:
        """Take a piece of stdout, whatever it is."""
        if self._values is None and chunk.isspace():
            return
        if not self._values or (self._values.at_start and not self._skipped.is_within_line):
            try:
                if self.parse_single(chunk):
                    return
            except DocumentError as error:
                self._refuse(error)
                return
        if self._values is None:
            self._values, self._skipped = ValueStream(), Skipped()
        turn_ends = time.monotonic() + _TURN
        for piece in self._values.feed(chunk):
            await self._take(piece)
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN

    async def end(self) -> None:
        """Stdout is over."""
        if self._values is not None:
            for piece in self._values.end():
                await self._take(piece)
            self._tell(self._skipped.end())

    def stderr(self, data: bytes) -> None:
        """Take a piece of stderr."""
        self._errors = self._errors or Lines()
        for line in self._errors.feed(data, time.monotonic()):
            self._listener.stderr(line)

    def end_of_stderr(self) -> None:
        for line in self._errors.end() if self._errors else ():
            self._listener.stderr(line)

    def failure(self) -> str | None:
        """Why the run has failed, as far as its output shows."""
        if self.taken:
            return None
        return "printed no valid document" if self._refused else NOTHING_PRINTED

    async def _take(self, piece: Value | Text | Fault | Cut) -> None:
        match piece:
            case Value(raw) if not self._skipped.has(raw):
                await self._take_value(raw)
            case Value(data) | Text(data):
                self._tell(self._skipped.text(bytes(data), time.monotonic()))
            case Fault() | Cut():
                self._refuse(piece.error)

    async def _take_value(self, raw: bytearray) -> None:
        try:
            decoded = decode(raw) if len(raw) <= MAX_INLINE else await in_thread(decode, raw)
            self._listener.document(decoded)
            self.taken += 1
        except NoDocument as error:
            self._tell(self._skipped.value(raw, error, time.monotonic()))
        except DocumentError as error:
            self._refuse(error)

    def _refuse(self, error: DocumentError) -> None:
        self._refused += 1
        self._listener.error(str(error), error.kind)

    def _tell(self, skipped: Iterable[str]) -> None:
        for text in skipped:
            self._listener.skipped(text)
