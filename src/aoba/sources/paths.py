"""Paths as users type them, and what is there before Aoba begins."""

import os
import re
from typing import Final, Literal

from aoba.errors import UsageError
from aoba.worker.at_start import looks
from aoba.worker.files import Kind

UNKNOWN: Final = "unknown"


def in_spec(location: str) -> str:
    """The path that stands before the `?` of a SPEC, in which `%3F` is one.

    All else is taken as it stands; so a path that has `%3F` in it is written with `%253F`.
    """
    return re.sub("%25(?=3F)|%3F", _decoded, location, flags=re.IGNORECASE)


def _decoded(found: re.Match[str]) -> str:
    return "%" if found[0].startswith("%25") else "?"


def absolute(path: str) -> str:
    """With `~` and `~user` expanded, which a shell does not do within a SPEC.

    Symbolic links stay as the user named them: a virtual environment is its link's path. Raises
    UsageError where a relative path leads nowhere.
    """
    try:
        return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111
    except FileNotFoundError:
        gone = "the working directory is gone; expected an absolute path"
        raise UsageError(f"{path}: {gone}") from None


def kind_at(path: str) -> Kind | Literal["unknown"] | None:
    """What is at `path`, None: nothing; `UNKNOWN` where its file system hangs, as it may answer."""
    try:
        return looks.kind_at(path)
    except OSError:
        return UNKNOWN
