"""Runs a coroutine on the fastest event loop there is."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from aoba.worker.client import worker

T = TypeVar("T")

_DESCRIPTORS: Final = 16
"""What a loop and one run of a script need; a loop that gets some of them cannot even be closed."""


def run_loop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """`asyncio.run` of what `main` gives, on uvloop where the platform has it.

    Raises OSError where hardly a file can be opened. A loop that is closed leaves SIGINT to become
    a KeyboardInterrupt, wherever it may come; here it is as it was before.
    """
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        return _run_loop(main)
    finally:
        if signal.getsignal(signal.SIGINT) is not interrupt:
            signal.signal(signal.SIGINT, interrupt)


def _run_loop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with ExitStack() as files:
        for _ in range(_DESCRIPTORS):
            files.enter_context(Path(os.devnull).open("rb"))
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main())
    finally:
        worker.close()


async def until_stopped(work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives, or None where SIGINT or SIGTERM came before and ended it in order."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise
        return None
