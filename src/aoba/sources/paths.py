"""Paths as users type them."""

import os

from aoba.errors import UsageError


def absolute(path: str) -> str:
    """Symbolic links stay as the user named them: a virtual environment is its link's path.

    Raises UsageError where a relative path leads nowhere.
    """
    try:
        return os.path.abspath(path)  # noqa: PTH100
    except FileNotFoundError:
        gone = "the working directory is gone; expected an absolute path"
        raise UsageError(f"{path}: {gone}") from None
