"""`aoba check` of a source that is no script: it lives until there is something to report."""

import asyncio
import logging
from typing import Final

from aoba.cli.report import Report
from aoba.sources.open import Shared, open_source
from aoba.sources.source_log import LOGGER
from aoba.sources.spec import Spec

PATIENCE: Final = 30.0
"""Seconds that somebody has to deliver something."""

LINGER: Final = 0.2
"""Seconds that a source has to give what comes along with its first document, or first error."""


async def first_document(spec: Spec, report: Report) -> str | None:
    """Tell `report` of all there is to hear; returns why nothing came, or None.

    Raises UsageError where the source cannot be opened.
    """
    shared = Shared(report.image)
    source = open_source(report.name, spec, shared)
    heard = _Heard(report)
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.WARNING)
    log.addHandler(heard)
    life = asyncio.create_task(source.live())
    told = asyncio.create_task(report.heard.wait())
    try:
        await asyncio.wait((life, told), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
        if not told.done():
            return f"no document came within {PATIENCE:g} s"
        await asyncio.sleep(LINGER)
        return None
    finally:
        log.removeHandler(heard)  # that the source ends is no news
        told.cancel()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        await shared.close()


class _Heard(logging.Handler):
    """What a source tells the log is told the report."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().removeprefix(f"{self._report.name}: ")
        if record.levelno >= logging.ERROR:
            self._report.error(text)
        else:
            self._report.skipped(text)
