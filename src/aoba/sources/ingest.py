"""Documents that are brought to Aoba -> image, log, freshness and health.

What a run is to a script, a delivery is to other sources: it begins, documents and errors come of
it, and it is over. One that gives no document that can be taken has failed. Errors that come with
each delivery are logged once, then counted. They come from places, such as hosts and topics: all is
well again when each that has failed has brought a good one since. However many deliveries there
are, they have but a share of the loop's time.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, NamedTuple

from aoba.document.decode import Decoded, decode
from aoba.document.schema import Document
from aoba.document.stream import MAX_VALUE
from aoba.errors import DocumentError
from aoba.loop_share import LoopShare
from aoba.registers.image import SourceRegisters
from aoba.sources.document_sink import DocumentSink
from aoba.sources.health_monitor import HealthMonitor
from aoba.sources.listener import Outcome
from aoba.sources.monitoring import Monitoring
from aoba.sources.source_log import SourceLog
from aoba.threads import MAX_INLINE, in_thread

MAX_FAILING: Final = 100
"""Places of which is known that they have failed; of more, the first is taken to be well."""


class State(NamedTuple):
    documents: int
    """That have taken effect."""
    failures: int
    age: float | None
    """Of the newest document, in seconds; None where there is none yet."""
    is_stale: bool


class Ingest:
    """Of the source `name`.

    Use `alive` for as long as the source lives. To people, its deliveries are `noun`. Raises
    DocumentError where the registers for its health are taken.
    """

    def __init__(
        self, name: str, monitoring: Monitoring, image: SourceRegisters, noun: str = "deliveries"
    ) -> None:
        self.settled = asyncio.Event()
        """Set by the first document with stations, or by the end of a first delivery without."""
        self.log = SourceLog(name)
        self._noun = noun
        self._health = HealthMonitor(name, monitoring, image, self.log)
        self._sink = DocumentSink(name, image, self.log, self._applied)
        self._turn = asyncio.Lock()
        self._share = LoopShare()
        self._failure: str | None = None
        self._failing: dict[str, None] = {}

    @property
    def state(self) -> State:
        vitals = self._health
        return State(self._sink.documents, vitals.failures, vitals.age, vitals.is_stale)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Watch over the source until the end; then the log is told what has come."""
        self._health.start()
        try:
            yield
        finally:
            self._health.stop()
            self.log.end(
                f"{self._noun}: {self._health.runs}, failed: {self._health.failures}, "
                f"documents: {self._sink.documents}"
            )

    @asynccontextmanager
    async def delivery(self, place: str = "") -> AsyncIterator[None]:
        """Within it, what comes is of one delivery; another one waits until it is over.

        `place` is where it comes from, where there are several.
        """
        async with self._turn:
            await self._share.turn()
            self._failure = None
            self._sink.begin(None)
            self._health.run_begins()
            yield
            if not (self._failure or self._sink.of_this_run):
                self.error("no document in it")
            self._health.run_over(Outcome(self._failure))
            self._note(place)
            self.settled.set()

    def _note(self, place: str) -> None:
        """What the newest delivery, which is of `place`, says of how all of them do."""
        self._failing.pop(place, None)
        if self._failure:
            self._failing[place] = None
            if len(self._failing) > MAX_FAILING:
                del self._failing[next(iter(self._failing))]
        elif not self._failing:
            self.log.recovered()

    async def take(self, raw: bytes | bytearray, place: str = "") -> Decoded:
        """Take one document within a delivery; errors begin with `place`.

        Raises DocumentError, which the log has been told of, where that cannot be done.
        """
        try:
            decoded = await decoded_of(raw)
        except DocumentError as error:
            self.refused(error, place)
            raise
        self.take_decoded(decoded, place)
        return decoded

    def take_decoded(self, decoded: Decoded, place: str = "") -> None:
        """As `take`."""
        try:
            self.document(decoded)
        except DocumentError as error:
            self.refused(error, place)
            raise

    def document(self, decoded: Decoded) -> None:
        """Raises DocumentError where another source is in the way."""
        self._sink.document(decoded)

    def error(self, text: str, key: Hashable = None) -> None:
        """The delivery has failed, or a part of it; `key` is as in `SourceLog.repeatable`."""
        self._failure = text
        self._sink.error(text, key)

    def refused(self, error: DocumentError, place: str = "") -> None:
        """The same of a document, from `place`; which wrong value it names makes no other error."""
        text = f"{place}: {error}" if place else str(error)
        self.error(text, (place, error.kind))

    def skipped(self, text: str) -> None:
        self._sink.skipped(text)

    def _applied(self, document: Document) -> None:
        self._health.document()
        if document.stations:
            self.settled.set()


def too_large(size: int) -> DocumentError:
    """Of a document of `size` bytes."""
    what = f"expected {MAX_VALUE >> 20} MiB at most"
    return DocumentError("", f"{what}, got {size} bytes", what)


async def decoded_of(raw: bytes | bytearray) -> Decoded:
    """Decode a document, in a thread where it is large. Raises DocumentError."""
    if len(raw) > MAX_VALUE:
        raise too_large(len(raw))
    return _decode(raw) if len(raw) <= MAX_INLINE else await in_thread(_decode, raw)


def _decode(raw: bytes | bytearray) -> Decoded:
    return decode(raw.removeprefix(BOM_UTF8).strip())
