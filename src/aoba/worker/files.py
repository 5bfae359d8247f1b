"""Looking at files and reading them: called in the worker, since any of that may hang.

Standard library only.
"""

import os
import shutil
from pathlib import Path
from stat import S_ISDIR, S_ISFIFO, S_ISREG
from typing import Literal

Kind = Literal["file", "folder", "FIFO", "other"]


def kind_of(path: str) -> Kind | None:
    """None where there is nothing that we may see."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  a Path raises where the name is too long
    except (OSError, ValueError):
        return None
    if S_ISREG(mode):
        return "file"
    if S_ISDIR(mode):
        return "folder"
    return "FIFO" if S_ISFIFO(mode) else "other"


def read(path: str) -> bytes:
    """Raises OSError, and ValueError where that is no path."""
    return Path(path).read_bytes()


def find_program(name: str, path: str | None) -> str | None:
    """The path of a program, named by its path or to be found in `path`, as PATH has it."""
    return shutil.which(name, path=path)


def devices_of(*paths: str) -> set[int]:
    """Numbers of the file systems that they, or links that they are, and their folders are on.

    Raises OSError where there is none.
    """
    found = set()
    for path in paths:
        found |= {os.stat(path).st_dev, os.lstat(path).st_dev}  # noqa: PTH116
        found.add(os.stat(os.path.dirname(path)).st_dev)  # noqa: PTH116, PTH120
    return found
