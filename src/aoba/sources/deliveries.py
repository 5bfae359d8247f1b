"""Documents that are brought to Aoba -> image, log, freshness and health.

What a run is to a script, a delivery is to other sources: it begins, documents and errors come of
it, and it is over. One that gives no document that can be taken has failed. Errors that come with
each delivery are logged once, then counted.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from aoba.document.decode import Decoded, decode
from aoba.document.schema import Document
from aoba.document.stream import MAX_VALUE
from aoba.errors import DocumentError
from aoba.registers.image import Image
from aoba.sources.monitoring import Monitoring
from aoba.sources.reception import Reception
from aoba.sources.scripts.run import MAX_INLINE, Outcome
from aoba.sources.source_log import SourceLog
from aoba.sources.vitals import Vitals


class State(NamedTuple):
    documents: int
    """That have taken effect."""
    failures: int
    age: float | None
    """Of the newest document, in seconds; None where there is none yet."""
    is_stale: bool


class Deliveries:
    """Of the source `name`.

    Use `alive` for as long as the source lives. To people, its deliveries are `noun`. Raises
    DocumentError where the registers for its health are taken.
    """

    def __init__(
        self, name: str, monitoring: Monitoring, image: Image, noun: str = "deliveries"
    ) -> None:
        self.settled = asyncio.Event()
        """Set by the first document with stations, or by the end of a first delivery without."""
        self.log = SourceLog(name)
        self._noun = noun
        self._vitals = vitals = Vitals(name, monitoring, image, self.log)
        self._reception = Reception(name, image, self.log, self._applied, vitals.document)
        self._turn = asyncio.Lock()
        self._failure: str | None = None

    @property
    def state(self) -> State:
        vitals = self._vitals
        return State(self._reception.documents, vitals.failures, vitals.age, vitals.is_stale)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Watch over the source until the end; then the log is told what has come."""
        self._vitals.start()
        try:
            yield
        finally:
            self._vitals.stop()
            self.log.end(
                f"{self._noun}: {self._vitals.runs}, failed: {self._vitals.failures}, "
                f"documents: {self._reception.documents}"
            )

    @asynccontextmanager
    async def delivery(self) -> AsyncIterator[None]:
        """Within it, what comes is of one delivery; another one waits until it is over."""
        async with self._turn:
            self._failure = None
            self._reception.begin(None)
            self._vitals.run_begins()
            yield
            if not (self._failure or self._reception.of_this_run):
                self.error("no document in it")
            self._vitals.run_over(Outcome(self._failure))
            self.log.run_over()
            self.settled.set()

    async def take(self, raw: bytes | bytearray, place: str = "") -> Decoded:
        """Take one document, from `place`, within a delivery.

        Raises DocumentError, which the log has been told of, where that cannot be done.
        """
        try:
            decoded = await decoded_of(raw)
        except DocumentError as error:
            self.error(f"{place}: {error}" if place else str(error))
            raise
        self.take_decoded(decoded, place)
        return decoded

    def take_decoded(self, decoded: Decoded, place: str = "") -> None:
        """As `take`."""
        try:
            self.document(decoded)
        except DocumentError as error:
            self.error(f"{place}: {error}" if place else str(error))
            raise

    def document(self, decoded: Decoded) -> None:
        """Raises DocumentError where another source is in the way."""
        self._reception.document(decoded)

    def error(self, text: str, key: str | None = None) -> None:
        """The delivery has failed, or a part of it.

        `key` is the same for errors that differ in details only.
        """
        self._failure = text
        self._reception.error(text, key)

    def skipped(self, text: str) -> None:
        self._reception.skipped(text)

    def _applied(self, document: Document, _: bool) -> None:
        self._vitals.document()
        if document.stations:
            self.settled.set()


async def decoded_of(raw: bytes | bytearray) -> Decoded:
    """Decode a document, in a thread where it is large. Raises DocumentError."""
    if len(raw) > MAX_VALUE:
        limit = f"expected {MAX_VALUE >> 20} MiB at most, got {len(raw)} bytes"
        raise DocumentError("", limit)
    return _decode(raw) if len(raw) <= MAX_INLINE else await asyncio.to_thread(_decode, raw)


def _decode(raw: bytes | bytearray) -> Decoded:
    return decode(raw.removeprefix(BOM_UTF8).strip())
