"""`aoba check` of a source that is no script: it lives until its first delivery is over."""

import asyncio
import logging
from typing import Final

from aoba.cli.report import Report
from aoba.sources.open import Shared, open_source
from aoba.sources.source_log import LOGGER
from aoba.sources.spec import Spec

PATIENCE: Final = 30.0
"""Seconds that somebody has to deliver something."""


async def first_document(spec: Spec, report: Report) -> str | None:
    """Tell `report` of all there is to hear; returns why nothing came, or None.

    Raises UsageError where the source cannot be opened.
    """
    shared = Shared(report.image)
    source = open_source(report.name, spec, shared)
    heard = _Heard(report)
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.INFO)
    log.addHandler(heard)
    life = asyncio.create_task(source.live())
    settled = asyncio.create_task(source.settled.wait())
    try:
        await asyncio.wait((life, settled), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
        return None if settled.done() else f"no document came within {PATIENCE:g} s"
    finally:
        log.removeHandler(heard)  # that the source ends is no news
        settled.cancel()
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
        elif record.levelno == logging.WARNING:
            self._report.skipped(text)
        else:
            self._report.stderr(text)
