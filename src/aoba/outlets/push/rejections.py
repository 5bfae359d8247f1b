"""Addresses of one table that a device refuses to have written, or read, until it no longer does.

Each run of them is told once, then counted, and tried again by itself, so that nothing else is
refused along with it. Where it is the value that is refused, another one is tried at once.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from aoba.modbus.spec import ExceptionCode
from aoba.retry import Outage
from aoba.spans import Span, Spans


class Refused(NamedTuple):
    span: Span
    code: int
    """Of the exception."""


class Rejection(NamedTuple):
    refused: Refused
    outage: Outage
    cells: bytes | None
    """What there should have been."""


class Rejections:
    """`words` is what the log is told of one, `desired` are the cells that there should be."""

    def __init__(
        self, words: Callable[[Refused], str], desired: Callable[[Span], bytes | None]
    ) -> None:
        self._words, self._desired = words, desired
        self.clear()

    def clear(self) -> None:
        self._all: list[Rejection] = []
        self.spans = Spans()
        """The addresses of all of them."""

    def __iter__(self) -> Iterator[Rejection]:
        return iter(self._all)

    def take(self, now: float) -> Rejection | None:
        """One that is to be tried again; `add` says what came of it, or `put_back`: nothing."""
        for it in self._all:
            if it.outage.backoff.until <= now or self._has_other_value(it):
                self._all.remove(it)
                self._index()
                return it
        return None

    def put_back(self, rejection: Rejection) -> None:
        self._all.append(rejection)
        self._index()

    def add(
        self, refused: Iterable[Refused], now: float, before: Rejection | None = None
    ) -> list[str]:
        """What is refused, in order, of the whole table or of `before`, which was tried again.

        Returns what there is to tell.
        """
        runs = list(_joined(refused))
        told: list[str] = []
        for it in runs:
            is_same = before is not None and it == before.refused
            outage = before.outage if before and is_same else Outage()
            told += outage.happened(self._words(it), now)
            self._all.append(Rejection(it, outage, self._desired(it.span)))
        if before and before.refused not in runs:
            told += before.outage.over()
        self._index()
        return told

    def _has_other_value(self, rejection: Rejection) -> bool:
        """Whether it is the value that was refused, and there is another one now."""
        span, code = rejection.refused
        return code == ExceptionCode.ILLEGAL_DATA_VALUE and self._desired(span) != rejection.cells

    def _index(self) -> None:
        self.spans = Spans()
        for it in self._all:
            self.spans.add(*it.refused.span)


def _joined(refused: Iterable[Refused]) -> Iterator[Refused]:
    """Those that touch, and are refused for the same reason, as one."""
    last: Refused | None = None
    for it in refused:
        if last and (last.code, last.span.stop) == (it.code, it.span.start):
            last = Refused(Span(last.span.start, it.span.stop), it.code)
            continue
        if last:
            yield last
        last = it
    if last:
        yield last
