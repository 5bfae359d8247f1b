"""Options behind the `?` of a SPEC or a URL -> values.

`name=value` pairs joined by `&`, with `+` or `%20` for a space. What is accepted is a table: the
name of each option, and what makes a value of its text, raising UsageError where it is none.
"""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from aoba.errors import UsageError

Parsers = Mapping[str, Callable[[str], Any]]

_FLAGS: Final = {"true": True, "false": False}


def parse_options(text: str, query: str, parsers: Parsers) -> dict[str, Any]:
    """Values of the options in `query`, by name; `text` is what the user typed, for the message.

    Raises UsageError, one line that says what is wrong and what is accepted.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise UsageError(f"{text}: after the ? come name=value pairs, joined by &") from None
    options: dict[str, Any] = {}
    for name, value in pairs:
        if name not in parsers:
            near = difflib.get_close_matches(name, parsers, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(parsers)}"
            raise UsageError(f"{text}: unknown option {name!r}, {hint}")
        if name in options:
            raise UsageError(f"{text}: option {name!r} is given twice")
        try:
            options[name] = parsers[name](value)
        except UsageError as error:
            raise UsageError(f"{text}: option {name!r}: {error}") from None
    return options


def one_of(*accepted: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in accepted:
            raise UsageError(f"expected {' or '.join(accepted)}, got {text!r}")
        return text

    return parse


def flag(text: str) -> bool:
    if text not in _FLAGS:
        raise UsageError(f"expected {' or '.join(_FLAGS)}, got {text!r}")
    return _FLAGS[text]


def count(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004  nine digits fit everything
    if not number:
        raise UsageError(f"expected a whole number from 1 on, got {text!r}")
    return number


def filled(what: str) -> Callable[[str], str]:
    """`what` is expected, and anything is one."""

    def parse(text: str) -> str:
        if not text or "\0" in text:
            raise UsageError(f"expected {what}")
        return text

    return parse


def path(text: str) -> Path:
    if not text or "\0" in text:
        raise UsageError(f"expected the path of a file, got {text!r}")
    return Path(text)


CERTIFICATES: Final[Parsers] = {"ca": path, "cert": path, "key": path, "strict": flag}
"""Of TLS, whichever side is ours."""


def without_secrets(text: str) -> str:
    """What may be shown of a text that could not be parsed: no options; of a URL, its scheme."""
    scheme, separator, _ = text.partition("://")
    return f"{scheme}://..." if separator else text.partition("?")[0]
