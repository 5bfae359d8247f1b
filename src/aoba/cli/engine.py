"""Runs an engine for the command line, from its start to a signal."""

import asyncio
import signal
from typing import Final

from aoba.cli.loop import run_loop
from aoba.config.model import Config
from aoba.engine import Engine
from aoba.logs.setup import Format, Logging
from aoba.orphans.reaper import reaper

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The last is left alone where it is ignored already, as under nohup."""


def run_engine(config: Config, level: str, form: Format) -> None:
    """From now on this process, with all that it starts, is Aoba's.

    Raises UsageError before anything is started, and AobaError where something cannot begin.
    """

    async def run() -> None:
        engine = Engine(config)
        reaper.own_process()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:
                loop.add_signal_handler(number, engine.stop)
        await engine.run()

    with Logging(level, form):
        run_loop(run)
