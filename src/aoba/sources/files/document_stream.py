"""A stream of documents, in any split -> deliveries, one for each document.

What breaks a rule is a delivery that fails; text that is not JSON is passed over, and said.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from aoba.document.stream import Cut, Fault, Piece, Text, Value, ValueStream
from aoba.errors import DocumentError, NoDocument
from aoba.sources.ingest import Ingest, decoded_of
from aoba.sources.skipped import Skipped

TURN: Final = 0.005
"""Seconds of work in a row before Modbus clients have their turn."""


async def at_once() -> None:
    """Be a `turn` that comes at once, but after everybody else's."""
    await asyncio.sleep(0)


class DocumentStream:
    """Call `feed` with what came, and `end` when nothing more comes.

    `turn` is waited for before each delivery. With `numbered`, errors begin with the number of the
    line.
    """

    def __init__(
        self,
        deliveries: Ingest,
        turn: Callable[[], Awaitable[None]] = at_once,
        *,
        numbered: bool = False,
    ) -> None:
        self.count = 0
        """Ingest so far, good or bad."""
        self._deliveries, self._turn, self._numbered = deliveries, turn, numbered
        self._values = ValueStream()
        self._skipped = Skipped()
        self._line = 1
        self._turn_ends = 0.0

    async def feed(self, data: bytes) -> None:
        await self._let_others()
        for piece in self._values.feed(data):
            await self._handle(piece)

    async def end(self) -> None:
        for piece in self._values.end():
            await self._handle(piece)
        self._tell(self._skipped.end())

    async def _let_others(self) -> None:
        if time.monotonic() >= self._turn_ends:
            await asyncio.sleep(0)
            self._turn_ends = time.monotonic() + TURN

    async def _handle(self, piece: Piece) -> None:
        await self._let_others()
        match piece:
            case Value(raw):
                await self._take(raw)
                self._line += raw.count(b"\n")
            case Text(data):
                await self._pass_over(data)
            case Fault() | Cut():
                await self._refuse(piece.error)

    async def _take(self, raw: bytearray) -> None:
        if self._skipped.has(raw):
            self._tell(self._skipped.text(bytes(raw), time.monotonic()))
            return
        try:
            decoded = await decoded_of(raw)
        except NoDocument as error:
            self._tell(self._skipped.value(raw, error, time.monotonic()))
            return
        except DocumentError as error:
            await self._refuse(error)
            return
        await self._turn()
        self.count += 1
        async with self._deliveries.delivery():
            with suppress(DocumentError):  # the log has been told
                self._deliveries.take_decoded(decoded, self._place)

    async def _refuse(self, error: DocumentError) -> None:
        await self._turn()
        self.count += 1
        async with self._deliveries.delivery():
            self._deliveries.refused(error, self._place)

    @property
    def _place(self) -> str:
        return f"line {self._line}" if self._numbered else ""

    async def _pass_over(self, data: bytes) -> None:
        for part in data.splitlines(keepends=True):
            await self._let_others()
            self._tell(self._skipped.text(part, time.monotonic()))
            self._line += part.endswith(b"\n")

    def _tell(self, skipped: Iterable[str]) -> None:
        where = f"{self._place}: " if self._place else ""
        for text in skipped:
            self._deliveries.skipped(f"{where}{text}")
