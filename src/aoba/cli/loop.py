"""Runs a coroutine on the fastest event loop there is."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

_DESCRIPTORS: Final = 16
"""What a loop and one run of a script need; a loop that gets some of them cannot even be closed."""


def run_loop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """`asyncio.run` of what `main` gives, on uvloop where the platform has it.

    Raises OSError where hardly a file can be opened.
    """
    with ExitStack() as files:
        for _ in range(_DESCRIPTORS):
            files.enter_context(Path(os.devnull).open("rb"))
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())
