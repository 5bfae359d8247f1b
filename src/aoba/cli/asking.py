"""What the commands have in common that ask devices: the trace, and that nobody waits in vain.

Before a line is closed, answers that are late are waited for, which takes seconds where a device
was silent. So values and errors are shown before that.
"""

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, TypeVar

import typer

from aoba.cli.loop import run_loop
from aoba.cli.streams import complain
from aoba.client.connection import Connection
from aoba.errors import DeviceError
from aoba.logs.setup import Logging
from aoba.logs.trace_level import TraceLevel

_LONG: Final = 0.5
"""Seconds of waiting that want an explanation."""

T = TypeVar("T")


def run_asking(work: Callable[[], Coroutine[Any, Any, T]], trace: TraceLevel) -> T:
    """What `work` gives; where there is something to trace, it comes out on stderr."""
    with Logging("info", "text") if trace else nullcontext():
        return run_loop(work)


@contextmanager
def told_at_once(connection: Connection) -> Iterator[None]:
    """Within it, a DeviceError is shown, and ends the command with exit code 1.

    On a terminal it is also told why that takes its time.
    """
    try:
        yield
    except DeviceError as error:
        raise typer.Exit(complain(error, 1)) from None
    finally:
        seconds = connection.late_for
        if seconds > _LONG and sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(f"waiting up to {seconds:.0f} s for late answers; Ctrl-C ends it\n")
