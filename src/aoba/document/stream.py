"""A script's stdout, in any split -> JSON values, and what is not JSON.

Takes bytes as they come and gives `Value`, the bytes of one complete object or array; `Text`,
bytes that are part of none; `Fault`, where some of these went wrong that were meant for JSON;
`Cut`, a value that was begun and never completed. Values may be pretty-printed over many lines, one
a line, or back to back, with text before, between and behind.

This finds where values end, and leaves it to the decoder whether they are right: brackets must
match and strings close, but `1,,2` and NaN pass. A bracket that turns out to open no JSON, as in
`[INFO] ready`, is text as far as its closing bracket, or up to the next line that begins with a
bracket: so one bad value, or half of one, cannot swallow those that follow. Within a bad object,
and behind it on its line, only an object can begin: a list may be what is left of it. Two values in
a row without a comma show that what was open around them was no JSON, either.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_VALUE: Final = 16 * 1024 * 1024
"""Bytes of the longest value."""

MAX_DEPTH: Final = 32
"""Brackets that may be open at once. A document has at most 7."""

_OPEN: Final = re.compile(rb"[\[{]")
_OPEN_OBJECT_OR_LINE: Final = re.compile(rb"[{\n]")
# What is hardly meant for anything else, and not so much that quoting its fault takes long.
_MEANT_FOR_JSON: Final = re.compile(rb'\{\s*"|\[\s*\{\s*"')
_MAX_FAULT: Final = 64 * 1024
# Whatever may stand between brackets and strings, in one step: a range of 65 536 values is one.
_PLAIN: Final = re.compile(
    rb"[\s,:0-9+\-.eE]*+(?:(?:true|false|null|NaN|Infinity)[\s,:0-9+\-.eE]*+)*+"
)
_WORDS: Final = (b"true", b"false", b"null", b"NaN", b"Infinity")
_STRING: Final = re.compile(rb'[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+')
_RESYNC: Final = re.compile(rb"[\[\]{}]|\n(?=[\[{])")
_CLOSER: Final = {ord("{"): ord("}"), ord("["): ord("]")}
_CLOSERS: Final = frozenset(_CLOSER.values())
_QUOTE, _BACKSLASH, _NEWLINE, _LIST = b'"\\\n['


@dataclass(frozen=True, slots=True)
class Value:
    raw: bytearray


@dataclass(frozen=True, slots=True)
class Text:
    data: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """The beginning of what was meant for JSON, up to where it shows that it is none.

    The bytes come once more as `Text`.
    """

    begun: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """`size` bytes of a value that the end of the stream, or MAX_VALUE, cut off."""

    size: int


Piece = Value | Text | Fault | Cut


class ValueStream:
    """Call `feed` with what came and use up what it yields; at the end of the stream, `end`.

    Holds at most MAX_VALUE bytes and what one call feeds.
    """

    def __init__(self, max_value: int = MAX_VALUE) -> None:
        self._max_value = max_value
        self._buffer = bytearray()
        self._state = self._outside
        # Of a value begun, which the buffer then starts with:
        self._scanned = 0
        self._due = bytearray()  # closing brackets, the next one last
        self._in_string = False
        self._closed_at = 0  # where the newest list or object in it ended, until more follows
        # Of a value that turned out to be none:
        self._depth = 0
        self._only_objects = False  # a list behind a broken object may be a part of that

    @property
    def at_start(self) -> bool:
        """Whether what comes next is fed as into a new one."""
        return not self._buffer and self._state == self._outside and not self._only_objects

    def feed(self, data: bytes) -> Iterator[Piece]:
        self._buffer += data
        while self._buffer:
            state = self._state
            piece = state()
            if piece is not None:
                yield piece
            elif self._state == state:
                return  # more bytes are needed

    def end(self) -> Iterator[Piece]:
        """The stream is over: give what is left."""
        if self._buffer:
            begun = self._state == self._inside
            rest = self._take(len(self._buffer))
            yield Cut(len(rest)) if begun else Text(bytes(rest))
        self._state = self._outside

    def _outside(self) -> Piece | None:
        wanted = _OPEN_OBJECT_OR_LINE if self._only_objects else _OPEN
        bracket = wanted.search(self._buffer)
        start = bracket.start() if bracket else len(self._buffer)
        if bracket and bracket[0] == b"\n":
            self._only_objects = False
            start += 1
        if start:
            return Text(bytes(self._take(start)))
        self._scanned, self._due, self._in_string, self._closed_at = 0, bytearray(), False, 0
        self._state = self._inside
        return None

    def _inside(self) -> Piece | None:
        buffer, size, at = self._buffer, len(self._buffer), self._scanned
        while at < size:
            if self._in_string:
                at = _end(_STRING, buffer, at)
                if at == size or (buffer[at] == _BACKSLASH and at + 1 == size):
                    break
                if buffer[at] != _QUOTE:
                    return self._lose(at)
                self._in_string = False
                at += 1
            at = _end(_PLAIN, buffer, at)
            if at == size or _is_begun_word(buffer, at):
                break
            lost_at = self._step(buffer[at], at)
            if lost_at is not None:
                return self._lose(lost_at)
            at += 1
            if not self._due:
                return self._complete(at)
        self._scanned = at
        return None if size <= self._max_value else self._cut(size)

    def _step(self, byte: int, at: int) -> int | None:
        """Take the bracket or quote at `at`; returns from where on this is no JSON, if so."""
        if self._closed_at and byte not in _CLOSERS:
            if b"," not in self._buffer[self._closed_at : at]:
                return self._closed_at  # as in `[\n{...}\n{...}`, documents behind stray text
            self._closed_at = 0
        if byte == _QUOTE:
            self._in_string = True
        elif byte in _CLOSER and len(self._due) < MAX_DEPTH:
            self._due.append(_CLOSER[byte])
        elif self._due and byte == self._due[-1]:
            self._due.pop()
            self._closed_at = at + 1
        else:
            return at
        return None

    def _complete(self, size: int) -> Piece:
        if size > self._max_value:
            return self._cut(size)
        self._state = self._outside
        return Value(self._take(size))

    def _cut(self, size: int) -> Cut:
        self._lose(0)
        self._only_objects = False
        self._take(size)
        return Cut(size)

    def _lose(self, at: int) -> Fault | None:
        """What was begun is no JSON, as byte `at` shows: its brackets still count, up to there."""
        self._scanned, self._depth = at, len(self._due)
        meant = _MEANT_FOR_JSON.match(self._buffer) is not None
        self._only_objects = meant and self._buffer.startswith(b"{")
        self._state = self._lost
        return Fault(bytes(self._buffer[: at + 1])) if meant and at <= _MAX_FAULT else None

    def _lost(self) -> Piece | None:
        buffer, at = self._buffer, self._scanned
        self._scanned = 0
        while self._depth:
            found = _RESYNC.search(buffer, at)
            if found is None:
                # Whether a line feed ends it shows only with the byte behind it.
                held = buffer[-1:] == b"\n"
                return Text(bytes(self._take(len(buffer) - held))) if len(buffer) > held else None
            at = found.end()
            byte = buffer[at - 1]
            if byte == _NEWLINE:
                self._depth *= self._only_objects and buffer[at] == _LIST
            else:
                self._depth += 1 if byte in _CLOSER else -1
        self._state = self._outside
        return Text(bytes(self._take(at))) if at else None

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


def _end(pattern: re.Pattern[bytes], buffer: bytearray, at: int) -> int:
    found = pattern.match(buffer, at)
    assert found is not None  # noqa: S101  both patterns match the empty string
    return found.end()


def _is_begun_word(buffer: bytearray, at: int) -> bool:
    """Whether the buffer ends in the middle of one of `_WORDS`."""
    return len(buffer) - at < len(_WORDS[-1]) and any(w.startswith(buffer[at:]) for w in _WORDS)
