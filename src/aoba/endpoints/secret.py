"""Secrets that do not have to stand on the command line, where others can see them."""

import os
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from aoba.errors import UsageError
from aoba.worker.at_start import read_now
from aoba.worker.caller import Caller
from aoba.worker.files import read

_variables: Final[set[str]] = set()


def variables() -> AbstractSet[str]:
    """Names of those of the environment that secrets were read from; no script gets these."""
    return _variables


def read_secret(what: str, where: str) -> str:
    """The secret that `where` is, or names: `@FILE` or `env:NAME`. For before Aoba begins.

    Of a file, all but the end of its last line. Raises UsageError, which says `what` it is for.
    """
    if not where.startswith("@"):
        return _given(what, where)
    try:
        return _text(what, where, read_now(_path(where)))
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(what, where, error) from None


async def read_secret_again(what: str, where: str, caller: Caller) -> str:
    """The same at any time: the file is read by `caller`."""
    if not where.startswith("@"):
        return _given(what, where)
    try:
        return _text(what, where, await caller.call(read, _path(where)))
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(what, where, error) from None


def _given(what: str, where: str) -> str:
    if not where.startswith("env:"):
        return where
    name = where.removeprefix("env:")
    _variables.add(name)
    return _not_empty(what, where, os.environ.get(name, ""))


def _path(where: str) -> str:
    return str(Path(where[1:]).expanduser().absolute())


def _text(what: str, where: str, data: bytes) -> str:
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UsageError(f"{what} {where} is no text in UTF-8") from None
    return _not_empty(what, where, text.rstrip("\r\n"))


def _not_empty(what: str, where: str, secret: str) -> str:
    if not secret:
        raise UsageError(f"{what} {where} is empty")
    return secret


def _unreadable(what: str, where: str, error: Exception) -> UsageError:
    reason = error.strerror if isinstance(error, OSError) else error
    return UsageError(f"{what} {where}: {reason}")
