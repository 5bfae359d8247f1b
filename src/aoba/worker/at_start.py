"""Files that the user names, looked at before Aoba begins.

So nobody is kept waiting but the user, and not for long: one source whose file system hangs is no
reason not to serve the others.
"""

import os
import time
from collections.abc import Callable
from typing import Final, TypeVar

from aoba.worker.client import call_now
from aoba.worker.files import Kind, find_program, kind_of, read

T = TypeVar("T")

START_TIMEOUT: Final = 3.0
"""Seconds that are waited for all looks together."""

LEAST: Final = 0.1
"""Seconds for a look when these are over."""

READING: Final = 5.0
"""Seconds for a file that has to be read."""


class Looks:
    """All of it raises TimeoutError where a file system hangs, and OSError without a worker."""

    def __init__(self) -> None:
        self._left = START_TIMEOUT

    def kind_at(self, path: str) -> Kind | None:
        """None where there is nothing."""
        return self._patiently(kind_of, path)

    def program_at(self, name: str) -> str | None:
        """As `shutil.which`."""
        return self._patiently(find_program, name, os.environ.get("PATH"))

    def _patiently(self, function: Callable[..., T], *arguments: str | None) -> T:
        begun = time.monotonic()
        try:
            return call_now(function, *arguments, seconds=max(LEAST, self._left))
        except TimeoutError:
            self._left -= time.monotonic() - begun
            raise


looks: Final = Looks()


def read_now(path: str) -> bytes:
    """Raises OSError, and ValueError where that is no path."""
    return call_now(read, path, seconds=READING)
