"""Documents of a source -> the payload of the message that says all of them, the newest first.

Only where that is more than one document may be, the message has the newest one alone.
"""

import msgspec
from msgspec import UNSET

from aoba.bus import MAIN
from aoba.document.merge import Merged
from aoba.document.schema import Document
from aoba.document.stream import MAX_VALUE


class Newest:
    def __init__(self, limit: int = MAX_VALUE) -> None:
        """`limit`: bytes that a document may have."""
        self._limit = limit
        self.complaint = ""
        """Why the last payload does not say everything; empty where it does."""
        self._merged = Merged()
        self._newest: Document | None = None

    def add(self, document: Document) -> None:
        self._merged.add(document)
        self._newest = document

    def forget(self, bus: str = MAIN) -> None:
        """What was added of that bus is not so any more."""
        self._merged.forget(UNSET if bus == MAIN else bus)

    def payload(self) -> bytes:
        """Empty as long as no document was added."""
        self.complaint = ""
        if self._newest is None:
            return b""
        try:
            payload = msgspec.json.encode(self._merged.document())
        except ValueError as error:
            return self._alone(str(error))
        if len(payload) > self._limit:
            limit = f"expected at most {self._limit >> 20} MiB, got {len(payload)} bytes"
            return self._alone(limit)
        return payload

    def _alone(self, why: str) -> bytes:
        self.complaint = f"all documents together are too much for one message: {why}"
        return msgspec.json.encode(self._newest)
