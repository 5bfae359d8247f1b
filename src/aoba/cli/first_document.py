"""`aoba check` of a source that is no script: it lives until there is something to report."""

import asyncio
import logging
import time
from typing import Final

from aoba.cli.report import Report
from aoba.sources.registry import open_source
from aoba.sources.shared import Shared
from aoba.sources.source import Source
from aoba.sources.source_log import LOGGER
from aoba.sources.spec import Spec

DOCUMENT_TIMEOUT: Final = 30.0
"""Seconds that somebody has to deliver something."""

LINGER: Final = 0.2
"""Seconds without another document, after which there is nothing more to wait for."""

MOST: Final = 2.0
"""Seconds of that, where documents come all the time."""


async def first_document(spec: Spec, report: Report) -> str | None:
    """Tell `report` of all there is to hear; returns why nothing came, or None.

    Raises UsageError where the source cannot be opened, LinkError where it cannot listen.
    """
    shared = Shared(report.buses)
    source = open_source(report.name, spec, shared)
    try:
        await shared.bind()
        return await _until_told(source, report)
    finally:
        await shared.close()


async def _until_told(source: Source, report: Report) -> str | None:
    heard = _Heard(report)
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.INFO)
    log.addHandler(heard)
    life = asyncio.create_task(source.live())
    told = asyncio.create_task(report.heard.wait())
    try:
        await asyncio.wait(
            (life, told), timeout=DOCUMENT_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
        )
        if life.done():
            life.result()
        if not told.done():
            return f"no document came within {DOCUMENT_TIMEOUT:g} s"
        await _linger(report)
        return None
    finally:
        log.removeHandler(heard)  # that the source ends is no news
        told.cancel()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


async def _linger(report: Report) -> None:
    """Wait for what comes along with the first document, or the first error."""
    ends = time.monotonic() + MOST
    documents = -1
    while report.documents != documents and time.monotonic() < ends:
        documents = report.documents
        await asyncio.sleep(LINGER)


class _Heard(logging.Handler):
    """What a source tells the log is told the report."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().removeprefix(f"{self._report.name}: ")
        if record.levelno >= logging.ERROR:
            self._report.error(text)
        elif record.levelno == logging.WARNING:
            self._report.skipped(text)
        elif not self._report.documents:  # of the first one, the report itself says more
            self._report.stderr(text)
