"""Pipes and files that another process of ours opens by name: what a fork has for its streams.

Python 2.7 cannot be handed descriptors, so they go by their names. On Linux each has one,
/proc/PID/fd/N. Elsewhere, and where this process may not be looked into, which is so when its
program has capabilities of its own, pipes are FIFOs in a folder: three times the price.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from itertools import count
from pathlib import Path

from aoba.sources.scripts.launching import file_of


class Names(ABC):
    """What opens something raises OSError."""

    folder: str
    """Where all of them are; ends with a slash."""
    sample: str
    """The end of one that is there, to look whether it can be seen; empty: the folder itself."""

    @abstractmethod
    def pipe(self) -> tuple[int, int, str]:
        """The reading end, which does not block, the writing end, and the name of the latter."""

    @abstractmethod
    def file(self, data: bytes) -> tuple[int, str]:
        """A descriptor that keeps a file with `data` in it, and its name."""

    @abstractmethod
    def forget(self, name: str) -> None:
        """To be called for each name that is not needed any more."""

    @abstractmethod
    def close(self) -> None: ...


class DescriptorNames(Names):
    def __init__(self) -> None:
        self.folder = f"/proc/{os.getpid()}/fd/"
        self.sample = "2"

    def pipe(self) -> tuple[int, int, str]:
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)  # who opens it has other flags
        return reader, writer, f"{self.folder}{writer}"

    def file(self, data: bytes) -> tuple[int, str]:
        with file_of(data) as file:
            descriptor = os.dup(file.fileno())
        return descriptor, f"{self.folder}{descriptor}"

    def forget(self, name: str) -> None:
        """It goes with its descriptor."""

    def close(self) -> None: ...


class FifoNames(Names):
    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="aoba-") + "/"
        self.sample = ""
        self._numbers = count(1)

    def pipe(self) -> tuple[int, int, str]:
        name = self._new()
        os.mkfifo(name, 0o600)
        try:
            reader = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
            try:
                return reader, os.open(name, os.O_WRONLY), name
            except OSError:
                os.close(reader)
                raise
        except OSError:
            self.forget(name)
            raise

    def file(self, data: bytes) -> tuple[int, str]:
        name = self._new()
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            Path(name).write_bytes(data)
        except OSError:
            os.close(descriptor)
            self.forget(name)
            raise
        return descriptor, name

    def _new(self) -> str:
        return f"{self.folder}{next(self._numbers)}"

    def forget(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def names() -> Names:
    """Those that work here. Raises OSError."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{os.getpid()}/fd").st_uid == os.geteuid():  # noqa: PTH116
                return DescriptorNames()
    return FifoNames()
