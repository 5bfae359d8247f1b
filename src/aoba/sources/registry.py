"""SPEC, what a user types to name a source -> `Spec` -> `Source`, by the rows of `sources/kinds`.

    KIND:PLACE?OPTIONS   PATH.py?OPTIONS

OPTIONS are `name=value` pairs joined by `&`, as in a URL, with `+` or `%20` for a space. What
stands before them is for the kind to read.
"""

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from aoba.endpoints.options import without_secrets
from aoba.errors import DocumentError, UsageError
from aoba.extras import require
from aoba.sources.kinds import ACCEPTED, SOURCES
from aoba.sources.spec import Spec

if TYPE_CHECKING:  # which few of those need who parse
    from aoba.sources.shared import Shared
    from aoba.sources.source import Source

_MODES: Final = {"external": "python:external", "embedded": "python:embedded"}
"""What may be left of a SPEC of a script."""


def parse_spec(text: str) -> Spec:
    """Raises UsageError, one line that says what is wrong and what is accepted.

    Of a URL of an unknown kind it shows the scheme only: a password or a token may stand behind it.
    """
    location = text.partition("?")[0]
    name, colon, _ = location.partition(":")
    if colon and name in SOURCES:
        return _parse(name, text)
    if location.endswith(".py"):
        return _script(text, name if colon else "")
    shown = without_secrets(text) or "''"
    raise UsageError(f"{shown}: not a source{_hint(name, colon, location)}")


def _script(text: str, kind: str) -> Spec:
    """Of a path, which may have a colon in it. Raises UsageError."""
    try:
        return _parse("python", text)
    except UsageError as error:
        if meant := _kind_near(kind):
            raise UsageError(f"{error}; did you mean {meant}:?") from None
        raise


def _hint(name: str, colon: str, location: str) -> str:
    from aoba.endpoints.device import TARGETS, meant_target

    if colon and (name in TARGETS or name == "tls"):
        return f"; to poll a device, put modbus: before it, as in {SOURCES['modbus'].form}"
    if not colon and location.endswith((".json", ".jsonl")):
        return f"; a file of documents is file:{location}"
    if colon and (near := _kind_near(name)):
        return f", did you mean {near}:?"
    is_place = location.startswith("/dev/") or bool(colon)
    meant = meant_target(location) if is_place else None
    hint = f"; to poll a device, there is modbus:{meant}?holding=0-99" if meant else ""
    return f"; expected {ACCEPTED}{hint}"


def _kind_near(name: str) -> str | None:
    """The kind that somebody may have meant who typed `name`."""
    kinds = {**{kind: kind for kind in SOURCES}, **_MODES}
    near = difflib.get_close_matches(name.lower(), kinds, n=1)
    return kinds[near[0]] if near else None


def open_source(name: str, spec: Spec, shared: "Shared") -> "Source":
    """The source `name`, which is to `live`.

    Raises UsageError where it cannot be, as where its health is to be in registers that are taken.
    """
    kind = SOURCES[spec.kind]
    if kind.extra:
        require(*kind.extra, spec.full_name)
    try:
        return cast("Source", _named(kind.build)(name, spec, shared))
    except DocumentError as error:
        raise UsageError(f"health of {name}: {error.reason}") from None


def _parse(kind: str, text: str) -> Spec:
    return cast("Spec", _named(SOURCES[kind].parse)(text))


def _named(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
