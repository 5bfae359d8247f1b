"""A JSON value that has begun: what is open in it, where it ends, and where it breaks.

Looks at the brackets of a buffer that starts with the value, in one pass however the bytes come.
Brackets must match, strings close, and a list or an object can begin only where JSON has a value;
what else stands between (`1,,2`, NaN) is left to the decoder.

Besides, it finds documents within the value. No document has another one in it, so they show that
what is open around them was never meant for JSON, as in

    [                       an object with `stations`, or a list of stations that begins a line,
    {"stations": [...]}     where nothing but lists is open around it: as soon as it is whole

    {"a":                   either of them with a line of its own, whatever is open around it: as
    {"stations": [...]}     soon as the line is over

What may be a part of one document after all counts only where the value breaks, or the stream ends:
a list that is the `stations` of an object, an empty list, and an object within an object where it
is not alone on its line.
"""

import re
from enum import Enum
from typing import Final, NamedTuple

from aoba.document.meant import is_document

MAX_DEPTH: Final = 32
"""Brackets that may be open at once. A document has at most 7."""

MAX_FOUND: Final = 1000
"""Documents that are found within a value before it is taken for broken."""

# Whatever may stand between brackets, in one step: a range of 65 536 values is one.
_BETWEEN: Final = re.compile(
    rb"(?:[\s,:0-9+\-.eE]++|"
    rb'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"|'
    rb"true|false|null|NaN|Infinity)*+"
)
_WORDS: Final = (b"true", b"false", b"null", b"NaN", b"Infinity")
_STRING: Final = re.compile(rb'[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+')
_LIST_OF_OBJECTS: Final = re.compile(rb"\[\s*+[{\]]")
_EMPTY_LIST: Final = re.compile(rb"\[\s*+\]")
_STATIONS: Final = b'"stations"'
_OBJECT, _LIST, _OBJECT_END, _LIST_END, _QUOTE, _BACKSLASH = b'{[}]"\\'


class Verdict(Enum):
    UNFINISHED = 0
    """More bytes are needed."""
    WHOLE = 1
    """The value ends before `stop`."""
    BROKEN = 2
    """It is none: from `stop` on, nothing belongs to it."""
    TOO_DEEP = 3
    """More brackets would be open than MAX_DEPTH: some have to be dropped."""


class Span(NamedTuple):
    start: int
    stop: int


class _Line(NamedTuple):
    """What has its line for itself, unless more comes on that."""

    span: Span
    is_part: bool
    """Whether it may be a part of what is open around it, even so."""


class Brackets:
    """Of one value. All positions are in the buffer, which the value starts."""

    __slots__ = (
        "_due",
        "_gap",
        "_in_string",
        "_is_behind_value",
        "_line",
        "_opened",
        "_scanned",
        "_with_stations",
        "found",
        "stop",
    )

    def __init__(self) -> None:
        self.stop = 0
        """See `Verdict`."""
        self.found: list[Span] = []
        """Documents in the value, in order; they count when it is broken."""
        self._scanned = 0
        self._in_string = False
        self._due = bytearray()  # closing brackets, the next one last
        self._opened: list[tuple[int, int]] = []  # of each: where the gap before it begins, its own
        self._gap = 0  # where the newest bracket ends, and the gap behind it begins
        self._is_behind_value = False  # whether that bracket closes
        self._with_stations: list[int] = []  # of objects that have them: their indices in `_due`
        self._line: _Line | None = None

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        return len(self._due)

    @property
    def scanned(self) -> int:
        """Where the scan has stopped."""
        return self._scanned

    def scan(self, buffer: bytearray) -> Verdict:
        """Go on as far as there are bytes."""
        at, size = self._scanned, len(buffer)
        while at < size:
            if self._in_string:
                at = _end(_STRING, buffer, at)
                if at == size or (buffer[at] == _BACKSLASH and at + 1 == size):
                    break
                if buffer[at] != _QUOTE:
                    return self._breaks(at)
                self._in_string = False
                at += 1
            start, at = at, _end(_BETWEEN, buffer, at)
            if self._line and self._has_its_line(buffer[start:at]):
                return self._breaks(self._gap)
            if at == size:
                break
            byte = buffer[at]
            if byte == _QUOTE:
                self._in_string = True
            else:
                if _is_begun_word(buffer, at):
                    break
                verdict = self._step(buffer, at, byte)
                if verdict is not None:
                    self._scanned = at
                    return verdict
            at += 1
        self._scanned = at
        return Verdict.UNFINISHED

    def end(self, buffer: bytearray) -> None:
        """The stream is over, and so is its last line."""
        if self._line and self._scanned == len(buffer) and not self._in_string:
            self._find(self._line.span)

    def drop(self, count: int) -> tuple[int, list[Span]]:
        """Drop the outermost `count` brackets, less than are open.

        Returns where the next one stands, with which the buffer has to start from now on, and the
        documents before that.
        """
        start = self._opened[count][1]
        dropped = [span for span in self.found if span.start < start]
        self.found = [_moved(span, start) for span in self.found[len(dropped) :]]
        self._opened = [(gap - start, at - start) for gap, at in self._opened[count:]]
        self._due = self._due[count:]
        self._with_stations = [i - count for i in self._with_stations if i >= count]
        self._scanned -= start
        self._gap -= start
        if self._line:
            self._line = self._line._replace(span=_moved(self._line.span, start))
        return start, dropped

    def _breaks(self, at: int) -> Verdict:
        self.stop = at
        return Verdict.BROKEN

    def _step(self, buffer: bytearray, at: int, byte: int) -> Verdict | None:
        """Take the bracket at `at`, or whatever is there."""
        before = buffer[self._gap : at].rstrip() if at > self._gap else b""
        gap = before.lstrip()
        if self._is_behind_value and gap and not gap.startswith(b","):
            return self._breaks(self._gap)
        self._line = None
        if byte in b"{[":
            if self._due and not self._may_open(gap):
                return self._breaks(self._gap + len(before))
            if len(self._due) == MAX_DEPTH:
                return Verdict.TOO_DEEP
            self._open(gap, at, byte)
        elif self._due and byte == self._due[-1]:
            return self._close(buffer, at)
        else:
            return self._breaks(at)
        return None

    def _may_open(self, gap: bytes | bytearray) -> bool:
        """Whether JSON may have a list or an object behind `gap`."""
        if self._due[-1] == _OBJECT_END:
            return gap.endswith(b":")
        return gap.endswith(b",") if gap else not self._is_behind_value

    def _open(self, gap: bytes | bytearray, at: int, byte: int) -> None:
        if byte == _LIST and _is_of_stations(gap):
            its_object = len(self._due) - 1
            if self._with_stations[-1:] != [its_object]:
                self._with_stations.append(its_object)
        self._due.append(_OBJECT_END if byte == _OBJECT else _LIST_END)
        self._opened.append((self._gap, at))
        self._gap, self._is_behind_value = at + 1, False

    def _close(self, buffer: bytearray, at: int) -> Verdict | None:
        self._due.pop()
        gap, start = self._opened.pop()
        self._gap, self._is_behind_value = at + 1, True
        has_stations = self._with_stations[-1:] == [len(self._due)]
        if has_stations:
            self._with_stations.pop()
        if not self._due:
            self.stop = at + 1
            return Verdict.WHOLE
        span = Span(start, at + 1)
        if has_stations:
            found = self._object(buffer, span, buffer[gap:start])
        elif _LIST_OF_OBJECTS.match(buffer, start):
            found = self._list(buffer, span, buffer[gap:start])
        else:
            return None
        return self._breaks(at + 1) if found else None

    def _object(self, buffer: bytearray, span: Span, gap: bytearray) -> bool:
        """Look at an object with `stations` in the value; whether it shows that this is broken."""
        if is_document(buffer, *span) and self._find(span):
            return True
        if _begins_line(gap) and _is_one_line(buffer, span):
            self._line = _Line(span, is_part=False)
        return False

    def _list(self, buffer: bytearray, span: Span, gap: bytearray) -> bool:
        """The same of a list that may be one of stations."""
        if not (_begins_line(gap) and is_document(buffer, *span)):
            return False
        is_part = _is_of_stations(gap) or _EMPTY_LIST.match(buffer, span.start) is not None
        if not is_part and self._find(span):
            return True
        if _is_one_line(buffer, span):
            self._line = _Line(span, is_part)
        return False

    def _has_its_line(self, behind: bytearray) -> bool:
        """Whether what comes behind a document shows that it has its line for itself, and counts.

        It may also show that there is more on the line, or that it counts only in what is broken.
        """
        assert self._line is not None  # noqa: S101  else nobody asks
        rest, newline, _ = behind.partition(b"\n")
        if rest.strip():
            self._line = None
        elif newline:
            span, is_part = self._line
            self._line = None
            self._find(span)
            return not is_part
        return False

    def _find(self, span: Span) -> bool:
        """Keep a document; whether it shows at once that the value is broken."""
        while self.found and self.found[-1].start >= span.start:
            self.found.pop()
        self.found.append(span)
        return _OBJECT_END not in self._due or len(self.found) == MAX_FOUND


def _moved(span: Span, by: int) -> Span:
    return Span(span.start - by, span.stop - by)


def _is_of_stations(gap: bytes | bytearray) -> bool:
    """Whether the name and colon that a gap ends with are those of `stations`."""
    before, quoted, colon = gap.rpartition(_STATIONS)
    return bool(quoted) and colon.strip() == b":" and not before.endswith(b"\\")


def _begins_line(gap: bytearray) -> bool:
    """Whether what stands behind the gap is the first on its line."""
    _, newline, indent = gap.rpartition(b"\n")
    return bool(newline) and not indent.strip()


def _is_one_line(buffer: bytearray, span: Span) -> bool:
    return buffer.find(b"\n", *span) < 0


def _end(pattern: re.Pattern[bytes], buffer: bytearray, at: int) -> int:
    found = pattern.match(buffer, at)
    assert found is not None  # noqa: S101  both patterns match the empty string
    return found.end()


def _is_begun_word(buffer: bytearray, at: int) -> bool:
    """Whether the buffer ends in the middle of one of `_WORDS`."""
    return len(buffer) - at < len(_WORDS[-1]) and any(w.startswith(buffer[at:]) for w in _WORDS)
