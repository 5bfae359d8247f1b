"""What a stream has besides documents -> lines for the log.

Text as it stands, line by line, with bounds on their length and number; JSON that was not meant for
a document with what makes it none. A value in the middle of a line of text is part of that.
"""

import re
from collections.abc import Iterator
from typing import Final

from aoba.errors import NoDocument
from aoba.sources.lines import Lines

MAX_SHOWN: Final = 1000
"""Bytes that are shown of a value."""

_BETWEEN: Final = "\ufeff ,"  # what may stand between documents, and before the first
_BETWEEN_BYTES: Final = b"\xef\xbb\xbf ,\t\r\v\f"
_DICT: Final = ("{'", "[{'")
_CONTROL: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # as for a colour (ECMA-48 5.4)


class Skipped:
    """`now` is in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._text, self._values = Lines(), Lines()

    @property
    def is_within_line(self) -> bool:
        """Whether text stands before what comes next, on the same line."""
        return bool(self._text.begun.strip(_BETWEEN_BYTES))

    def has(self, raw: bytes | bytearray) -> bool:
        """Whether a value that comes next is text: empty brackets that do not begin their line."""
        return self.is_within_line and not raw[1:-1].strip()

    def text(self, data: bytes, now: float) -> Iterator[str]:
        return self._told(self._text.feed(data, now))

    def value(self, raw: bytes | bytearray, error: NoDocument, now: float) -> Iterator[str]:
        """What was decoded with `error`."""
        if self.is_within_line or not error.is_json:
            yield from self.text(bytes(raw), now)
            return
        line = f"({error}): ".encode() + b" ".join(raw[:MAX_SHOWN].split())
        if len(raw) > MAX_SHOWN:
            line += b" ... (%d bytes left out)" % (len(raw) - MAX_SHOWN)
        for each in self._values.feed(line + b"\n", now):
            yield f"no document, skipped {each}"

    def end(self) -> Iterator[str]:
        """The stream is over."""
        yield from self._told(self._text.end())
        for each in self._values.end():
            yield f"no document, skipped {each}"

    def _told(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            text = line.strip(_BETWEEN)
            hint = "; a Python dict? print it with json.dumps" if text.startswith(_DICT) else ""
            if _CONTROL.sub("", text).strip(_BETWEEN):
                yield f"not JSON, skipped{hint}: {text}"
