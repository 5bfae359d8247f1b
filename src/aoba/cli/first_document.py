"""`aoba check` of a source that is no script: it lives until its first document, or error."""

import asyncio
import logging
from typing import Final

from aoba.cli.report import Report
from aoba.sources.open import Shared, open_source
from aoba.sources.source import Source
from aoba.sources.source_log import LOGGER
from aoba.sources.spec import Spec

PATIENCE: Final = 30.0
"""Seconds that somebody has to deliver something."""


async def first_document(spec: Spec, report: Report) -> str | None:
    """Tell `report` of all there is to hear; returns why nothing came, or None.

    Raises UsageError where the source cannot be opened, LinkError where it cannot listen.
    """
    shared = Shared(report.image)
    source = open_source(report.name, spec, shared)
    try:
        await shared.bind()
        return await _until_heard(source, report)
    finally:
        await shared.close()


async def _until_heard(source: Source, report: Report) -> str | None:
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.INFO)
    told = _Told(report)
    log.addHandler(told)
    life = asyncio.create_task(source.live())
    heard = asyncio.create_task(report.heard.wait())
    try:
        await asyncio.wait((life, heard), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
        return None if heard.done() else f"no document came within {PATIENCE:g} s"
    finally:
        log.removeHandler(told)  # that the source ends is no news
        heard.cancel()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


class _Told(logging.Handler):
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
