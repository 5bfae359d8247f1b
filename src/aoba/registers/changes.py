"""One feed of all that changes in an image, for whoever subscribes, and as long as he does.

What a subscriber is called with says what has happened, and by whom:

    DocumentAccepted   a source's document is about to take effect; nothing has changed yet
    SourceReset        what a source had defined is gone; its document replaces it, if any
    StalenessChanged   what a source has defined reads as nothing or as zero, or is fresh again
    DocumentApplied    a source's document has taken effect
    ValuesUpdated      registers of a source have other values, by no document
    ClientWrite        a client has written

Whoever changes the image calls the subscribers, in the loop, when the whole change is there. So
each sees each change once and in order, and never half of one; of a document that replaces all,
the reset comes first. A subscriber names the kinds he wants, and of which source if not of all. For
kinds that nobody wants nothing is done: most changes happen a thousand times a second, and most of
them interest nobody.

Who reads in a task of his own, and may be slow, has a `aoba.registers.subscription`.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from aoba.document.schema import Document
from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table
from aoba.registers.block import Block


class Staleness(Enum):
    FRESH = "fresh"
    REFUSED = "refused"
    """Reads of the values are refused."""
    ZERO = "zero"
    """The values read as zero."""


class DocumentAccepted(Struct, frozen=True):
    source: str


class SourceReset(Struct, frozen=True):
    source: str
    is_removed: bool


class StalenessChanged(Struct, frozen=True):
    source: str
    staleness: Staleness


class DocumentApplied(Struct, frozen=True):
    source: str
    document: Document


class ValuesUpdated(Struct, frozen=True):
    source: str
    blocks: Sequence[Block]


class ClientWrite(Struct, frozen=True):
    """Cells `before` and `after` as in `aoba.modbus.pdu`; all of `after` was written."""

    unit: int
    table: Table
    address: int
    before: bytes
    after: bytes
    client: Peer


class SourceState(Struct, frozen=True):
    blocks: Sequence[Block]
    """The true values of all that the source has defined."""
    staleness: Staleness


class PresentState(Struct, frozen=True):
    """What is there after all changes so far."""

    sources: Mapping[str, SourceState]


OfSource = DocumentAccepted | SourceReset | StalenessChanged | DocumentApplied | ValuesUpdated
Change = OfSource | ClientWrite
Kind = Callable[..., Change]
"""One of these classes."""

Subscriber = Callable[[Any], None]
"""Must neither raise nor change the image."""


class Changes:
    def __init__(self) -> None:
        self.of_all: dict[Kind, tuple[Subscriber, ...]] = {}
        """Who hears of a kind, whatever the source; a kind that nobody wants is not there."""
        self._of_source: dict[tuple[Kind, str], tuple[Subscriber, ...]] = {}

    def subscribe(
        self, subscriber: Subscriber, *kinds: Kind, source: str | None = None
    ) -> Callable[[], None]:
        """Call `subscriber` with each change of these kinds until what is returned is called.

        Only with those of `source`, where one is given, which ClientWrite has not. Who comes or
        goes while a change is told is called with it or not as if he came or went just after.
        """
        for kind in kinds:
            if source is None:
                _add(self.of_all, kind, subscriber)
            else:
                _add(self._of_source, (kind, source), subscriber)

        def unsubscribe() -> None:
            for kind in kinds:
                if source is None:
                    _remove(self.of_all, kind, subscriber)
                else:
                    _remove(self._of_source, (kind, source), subscriber)

        return unsubscribe

    def tell(self, kind: Kind, source: str, *fields: object) -> None:
        """A change of `source` is there; it is made of these only if somebody wants it."""
        subscribers = self.of_all.get(kind, ())
        if self._of_source:
            subscribers += self._of_source.get((kind, source), ())
        if subscribers:
            change = kind(source, *fields)
            for subscriber in subscribers:
                subscriber(change)


def _add(known: dict[Any, tuple[Subscriber, ...]], key: object, subscriber: Subscriber) -> None:
    known[key] = (*known.get(key, ()), subscriber)


def _remove(known: dict[Any, tuple[Subscriber, ...]], key: object, subscriber: Subscriber) -> None:
    left = list(known[key])
    left.remove(subscriber)
    known[key] = tuple(left)
    if not left:
        del known[key]
