"""A script's stdout, in any split -> JSON values, and what is not JSON.

Takes bytes as they come and gives `Value`, the bytes of one complete object or array; `Text`,
bytes that are part of none; `Fault`, where some of these went wrong that were meant for a document;
`Cut`, such a value that was begun and never completed. Values may be pretty-printed over many
lines, one a line, or back to back, with text before, between and behind.

This finds where values end, and leaves it to the decoder whether they are right. A bracket that
turns out to open no JSON, as in `[INFO] ready` or `print("[")`, is text, and what follows is looked
at as if it had not been there: `document/brackets` says when that is. So nothing that is broken
hides a document that has a line of its own.

Of what is broken, parts must not be taken for documents. An object without `stations` is none in
any case, but any list of stations is. So a list does not count while brackets that were begun on
its line, and broke, are open; nor behind a name in quotes and a colon, as in a broken object that
goes on over many lines. With a line of its own, even such a list counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aoba.document.brackets import MAX_DEPTH, Brackets, Span, Verdict
from aoba.document.explain import fault
from aoba.document.meant import is_begun, is_cut_off
from aoba.errors import DocumentError

MAX_VALUE: Final = 16 * 1024 * 1024
"""Bytes of the longest value."""

MAX_QUOTED: Final = 64 * 1024
"""Bytes of a fault that are given, to be read again to say more."""

# A bracket behind ESC begins a control sequence, as for a colour (ECMA-48 5.4).
_OPEN: Final = re.compile(rb"[\[{\x1b]")
_OPEN_OR_OVER: Final = re.compile(rb"[\[{\x1b\]}\n]")
_NO_JSON: Final = re.compile(rb'[\[{][^\s"\[\]{},:0-9+\-.eEtfnNI]|\{[\[{]')
_MANY_LISTS: Final = re.compile(rb"\[{%d,}+" % MAX_DEPTH)
_NOT_BLANK: Final = re.compile(rb"[^ \t\r\v\f]")
_BLANK: Final = b" \t\r\v\f\xef\xbb\xbf"  # and the mark that a file saved on Windows begins with
_BEHIND_NAME: Final = (b'":', b"':")


@dataclass(frozen=True, slots=True)
class Value:
    raw: bytearray


@dataclass(frozen=True, slots=True)
class Text:
    data: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """What was meant for a document, up to the byte that shows that it is none.

    Of more than MAX_QUOTED bytes, `begun` has the first ones. All come once more as `Text`.
    """

    begun: bytes
    size: int

    @property
    def error(self) -> DocumentError:
        return fault(self.begun, self.size)


@dataclass(frozen=True, slots=True)
class Cut:
    """`size` bytes of a value that the end of the stream cut off, or that was too long."""

    size: int
    too_long: bool = False

    @property
    def error(self) -> DocumentError:
        why = f"is longer than {MAX_VALUE >> 20} MiB" if self.too_long else "ends early"
        what = f"a JSON value {why}"
        return DocumentError("", f"{what}, {self.size} bytes dropped", what)


Piece = Value | Text | Fault | Cut


class _Context:
    """What stands before a value, as far as it matters."""

    def __init__(self) -> None:
        self.is_blank = True
        """Whether nothing stands on its line."""
        self.depth = 0
        """Brackets that broke, and are not closed yet; on its line no one asks any more."""
        self.is_behind_esc = False
        self._last = b""  # two bytes of text, the last ones that are not blank

    @property
    def is_part(self) -> bool:
        """Whether a list would be a part of something broken."""
        return self.depth > 0 or self._last in _BEHIND_NAME

    def text(self, data: bytes) -> None:
        _, newline, rest = data.rpartition(b"\n")
        if newline:
            self.depth = 0
        self.is_blank = (self.is_blank or bool(newline)) and not rest.strip(_BLANK)
        self.is_behind_esc = data.endswith(b"\x1b")
        shown = data.rstrip()
        self._last = (self._last + shown[:-1].rstrip()[-1:] + shown[-1:])[-2:]

    def value(self, raw: bytearray) -> None:
        if self.depth and b"\n" in raw:
            self.depth = 0
        self.is_blank, self.is_behind_esc, self._last = False, False, b""


class ValueStream:
    """Call `feed` with what came and use up what it yields; at the end of the stream, `end`.

    Holds at most MAX_VALUE bytes and what one call feeds.
    """

    def __init__(self, max_value: int = MAX_VALUE) -> None:
        self._max_value = max_value
        self._buffer = bytearray()
        self._start()

    def _start(self) -> None:
        self._given: list[Piece] = []
        self._state = self._outside
        self._context = _Context()
        # Of a value begun, which the buffer then starts with:
        self._brackets = Brackets()
        self._is_alone = True  # on its line, as far as that has come
        self._is_part = False  # of something broken, if it is a list
        # Of such a list, which is whole:
        self._size = 0
        self._looked = 0  # as far as that its line goes on with nothing

    @property
    def at_start(self) -> bool:
        """Whether what comes next is taken as in a new stream."""
        return not (self._buffer or self._context.is_part or self._context.is_behind_esc)

    def feed(self, data: bytes) -> Iterator[Piece]:
        self._buffer += data
        while self._buffer and self._state():
            yield from self._told()

    def end(self) -> Iterator[Piece]:
        """The stream is over: give what is left. What is fed then is a new one."""
        size = len(self._buffer)
        if self._state == self._at_line_end:
            self._give_broken(size, [Span(0, self._size)])
        elif size:
            self._brackets.end(self._buffer)
            found = self._brackets.found
            if not found and is_cut_off(self._buffer, alone=self._is_alone):
                self._given.append(Cut(size))
            else:
                self._give_broken(size, found)
        yield from self._told()
        self._buffer.clear()
        self._start()

    def _told(self) -> list[Piece]:
        given, self._given = self._given, []
        return given

    # States: each looks at the buffer, which is not empty, and returns whether it needs no more.

    def _outside(self) -> bool:
        start, depth = self._opener()
        if start:
            self._give_text(start)
        self._context.depth = depth
        if not self._buffer:
            return True
        self._brackets = Brackets()
        self._is_alone, self._is_part = self._context.is_blank, self._context.is_part
        self._state = self._inside
        return True

    def _inside(self) -> bool:
        verdict = self._brackets.scan(self._buffer)
        if verdict is Verdict.WHOLE:
            self._whole(self._brackets.stop)
        elif verdict is Verdict.BROKEN:
            self._broken(self._brackets.stop)
        elif verdict is Verdict.TOO_DEEP:
            self._too_deep()
        elif len(self._buffer) <= self._max_value:
            return False
        else:
            self._too_long()
        return True

    def _at_line_end(self) -> bool:
        found = _NOT_BLANK.search(self._buffer, self._looked)
        if found is None and len(self._buffer) <= self._max_value:
            self._looked = len(self._buffer)
            return False
        self._state = self._outside
        if found is None or found[0] == b"\n":
            self._give_value(self._size)
        else:
            self._give_text(self._size)
        return True

    def _opener(self) -> tuple[int, int]:
        """Where the next value begins, or the buffer ends; and the depth of `_Context` there."""
        buffer, depth = self._buffer, self._context.depth
        at = int(self._context.is_behind_esc and buffer.startswith(b"["))
        while found := (_OPEN_OR_OVER if depth else _OPEN).search(buffer, at):
            at = found.end()
            match found[0]:
                case b"\x1b":
                    at += buffer.startswith(b"[", at)
                case b"\n":
                    depth = 0
                case b"]" | b"}":
                    depth -= 1
                case _ if _NO_JSON.match(buffer, at - 1):  # it would break at once
                    depth += 1
                case _:
                    return at - 1, depth
        return len(buffer), depth

    def _whole(self, size: int) -> None:
        self._state = self._outside
        if size > self._max_value:
            self._give_broken(size, self._brackets.found, too_long=True)
        elif not (self._is_part and self._buffer.startswith(b"[")):
            self._give_value(size)
        elif self._is_alone and self._buffer.find(b"\n", 0, size) < 0:
            self._state, self._size, self._looked = self._at_line_end, size, size
        else:
            self._give_text(size)

    def _broken(self, size: int) -> None:
        """What was begun is no JSON, or not meant for one value, as byte `size` shows."""
        brackets, found = self._brackets, self._brackets.found
        shown = found[0].start if found else size + 1
        begun = bytes(self._buffer[: min(shown, MAX_QUOTED)])
        if is_begun(begun, alone=self._is_alone):
            self._given.append(Fault(begun, shown))
        self._give_broken(size, found)
        self._context.depth += brackets.depth
        self._state = self._outside

    def _too_deep(self) -> None:
        run = _MANY_LISTS.match(self._buffer, self._brackets.scanned)
        if run is None:
            self._drop(MAX_DEPTH // 2)
            return
        # Of so many, all but the last would be dropped one after the other.
        brackets, size = self._brackets, run.end() - MAX_DEPTH // 2
        self._context.depth += brackets.depth + size - brackets.scanned
        self._give_broken(size, brackets.found)
        self._brackets = Brackets()
        self._is_alone, self._is_part = self._context.is_blank, self._context.is_part

    def _drop(self, count: int, *, too_long: bool = False) -> None:
        """Give up the outermost `count` brackets, and go on with what is open in them."""
        size, found = self._brackets.drop(count)
        self._give_broken(size, found, too_long=too_long)
        self._context.depth += count
        self._is_alone, self._is_part = self._context.is_blank, self._context.is_part

    def _too_long(self) -> None:
        if self._brackets.depth > 1:  # what is within may be a document
            self._drop(1, too_long=True)
        else:
            self._give_broken(len(self._buffer), self._brackets.found, too_long=True)
            self._context.depth += 1
            self._state = self._outside

    def _give_broken(self, size: int, found: list[Span], *, too_long: bool = False) -> None:
        """Give the first bytes as text, or as cut, but for the documents that are `found` there."""
        at = 0
        for span in [*found, Span(size, size)]:
            if span.start > at:
                self._give_text(span.start - at, too_long=too_long)
            length = span.stop - span.start
            if length > self._max_value:
                self._give_text(length, too_long=True)
            elif length:
                self._give_value(length)
            at = span.stop

    def _give_text(self, size: int, *, too_long: bool = False) -> None:
        data = bytes(self._take(size))
        self._context.text(data)
        self._given.append(Cut(size, too_long=True) if too_long else Text(data))

    def _give_value(self, size: int) -> None:
        raw = self._take(size)
        self._context.value(raw)
        self._given.append(Value(raw))

    def _take(self, size: int) -> bytearray:
        """Remove the first `size` bytes; the larger part is the one that is not copied."""
        if 2 * size < len(self._buffer):
            taken = self._buffer[:size]
            del self._buffer[:size]
        else:
            taken = self._buffer
            self._buffer = taken[size:]
            del taken[size:]
        return taken
