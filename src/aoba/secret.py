"""Secrets that do not have to stand on the command line, where others can see them."""

import os
from pathlib import Path

from aoba.errors import UsageError


def read_secret(what: str, where: str) -> str:
    """The secret that `where` is, or names: `@FILE` or `env:NAME`.

    Of a file, all but the end of its last line. Raises UsageError, which says `what` it is for.
    """
    if where.startswith("env:"):
        secret = os.environ.get(where.removeprefix("env:"), "")
    elif where.startswith("@"):
        secret = _in_file(what, where)
    else:
        return where
    if not secret:
        raise UsageError(f"{what} {where} is empty")
    return secret


def _in_file(what: str, where: str) -> str:
    try:
        return Path(where[1:]).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"{what} {where} is no text in UTF-8") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{what} {where}: {reason}") from None
