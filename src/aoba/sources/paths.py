"""Paths as users type them, and what is there before Aoba begins."""

import os
from typing import Final, Literal

from aoba.errors import UsageError
from aoba.worker.at_start import looks
from aoba.worker.files import Kind

UNKNOWN: Final = "unknown"


def absolute(path: str) -> str:
    """Symbolic links stay as the user named them: a virtual environment is its link's path.

    Raises UsageError where a relative path leads nowhere.
    """
    try:
        return os.path.abspath(path)  # noqa: PTH100
    except FileNotFoundError:
        gone = "the working directory is gone; expected an absolute path"
        raise UsageError(f"{path}: {gone}") from None


def kind_at(path: str) -> Kind | Literal["unknown"] | None:
    """What is at `path`, None: nothing; `UNKNOWN` where its file system hangs, as it may answer."""
    try:
        return looks.kind_at(path)
    except OSError:
        return UNKNOWN
