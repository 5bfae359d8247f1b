"""What a source gives, in runs or deliveries -> image and log."""

import logging
import re
from collections.abc import Callable, Hashable
from typing import Final

from aoba.document.decode import Decoded
from aoba.document.hints import of_addresses
from aoba.document.schema import Document
from aoba.document.summary import summary
from aoba.registers.image import SourceRegisters
from aoba.sources.source_log import SourceLog

_NUMBER: Final = re.compile(r"\d+")

MAX_WARNED: Final = 100
"""Different unknown fields that a script is told of."""


class DocumentSink:
    """Implements `Listener` for one run after the other; call `begin` for each.

    `on_document` hears of each document that has taken effect.
    """

    def __init__(
        self,
        name: str,
        image: SourceRegisters,
        log: SourceLog,
        on_document: Callable[[Document], None],
    ) -> None:
        self.documents = 0
        self.of_this_run = 0
        """Documents that the newest run has given so far."""
        self._name, self._image, self._log, self._on_document = name, image, log, on_document
        self._warned: set[str] = set()
        self._introduced = False  # whether the log has been told of the first stations
        self._running: bytes | None = None  # version of the newest run
        self._applied: bytes | None = None  # version that defined the registers
        self._failed = False  # whether this run has had an error, and no document since

    def begin(self, version: bytes | None) -> None:
        """A run of this version of the script's file begins; None where that is not known.

        One version is told from another by these bytes, such as a digest.
        """
        self._running = version
        self.of_this_run = 0
        self._failed = False

    def document(self, decoded: Decoded) -> None:
        """Raises DocumentError where another source is in the way."""
        document = decoded.document
        version = self._running
        replace = self._applied not in (None, version)
        self._image.apply(self._name, document, replace=replace)
        if replace:
            self._warned.clear()
            text = "the script has changed, and replaces what it had defined"
            self._log.of_run(logging.INFO, text)
        for message in decoded.unknown:
            if message not in self._warned and len(self._warned) < MAX_WARNED:
                self._warned.add(message)
                self._log.of_run(logging.WARNING, message)
        if document.stations and not self._introduced:
            self._introduced = True
            self._log.of_run(logging.INFO, f"first document: {summary(document)}")
            for hint in of_addresses(document):
                self._log.of_run(logging.WARNING, hint)
        self._applied = version
        self.documents += 1
        self.of_this_run += 1
        if self._failed:
            self._recover()
        self._on_document(document)

    def error(self, text: str, key: Hashable = None) -> None:
        """`key` is what `SourceLog.repeatable` knows it by."""
        self._failed = True
        self._log.repeatable(logging.ERROR, text, key)

    def skipped(self, text: str) -> None:
        """Numbers, as a time or a temperature, make no other line of it."""
        self._log.repeatable(logging.WARNING, text, _NUMBER.sub("#", text))

    def stderr(self, line: str) -> None:
        self._log.stderr(line)

    def _recover(self) -> None:
        """A script that prints for ever has no run that passes: its next document says it."""
        self._failed = False
        self._log.recovered()
