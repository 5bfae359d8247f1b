"""SPEC, what a user types to name a source -> what its kind makes of it.

    KIND:PLACE?OPTIONS   PATH.py?OPTIONS

OPTIONS are `name=value` pairs joined by `&`, as in a URL, with `+` or `%20` for a space. What
stands before them is for the kind to read.
"""

import difflib
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from aoba.client.target import TARGETS, meant_target
from aoba.errors import UsageError
from aoba.mqtt.url import FORMS as MQTT_FORMS
from aoba.options import without_secrets
from aoba.sources.devices.spec import FORM as DEVICE
from aoba.sources.devices.spec import parse_device
from aoba.sources.files.spec import FIFO_FORM, FILE_FORM, parse_fifo, parse_file
from aoba.sources.http.spec import FORM, parse_http
from aoba.sources.monitoring import Monitoring
from aoba.sources.mqtt.spec import parse_mqtt
from aoba.sources.scripts.spec import FORMS, parse_script


class Spec(Protocol):
    """What all kinds of sources have in common. A kind has a class of its own."""

    @property
    def name(self) -> str:
        """What the source is called, where no other one is called so."""
        ...

    @property
    def full_name(self) -> str:
        """What it is called else."""
        ...

    @property
    def monitoring(self) -> Monitoring: ...


class Kind(NamedTuple):
    form: str
    """What its SPECs look like, for people."""
    parse: Callable[[str], Spec]
    """Of a whole SPEC. Raises UsageError, one line that says what is wrong, and what is right."""


KINDS: Final[dict[str, Kind]] = {
    "python": Kind(FORMS, parse_script),
    "modbus": Kind(DEVICE, parse_device),
    "file": Kind(FILE_FORM, parse_file),
    "pipe": Kind(FIFO_FORM, parse_fifo),
    "http": Kind(FORM, parse_http),
    **{scheme: Kind(form, parse_mqtt) for scheme, form in MQTT_FORMS.items()},
}
"""By what a SPEC begins with, up to its first colon."""

_MODES: Final = {"external": "python:external", "embedded": "python:embedded"}
"""What may be left of a SPEC of a script."""

ACCEPTED: Final = ", ".join(["PATH.py", *(kind.form for kind in KINDS.values())])


def parse_spec(text: str) -> Spec:
    """Raises UsageError, one line that says what is wrong and what is accepted.

    Of a URL of an unknown kind it shows the scheme only: a password or a token may stand behind it.
    """
    location = text.partition("?")[0]
    name, colon, _ = location.partition(":")
    if colon and name in KINDS:
        return KINDS[name].parse(text)
    if location.endswith(".py"):
        return _script(text, name if colon else "")
    shown = without_secrets(text) or "''"
    raise UsageError(f"{shown}: not a source{_hint(name, colon, location)}")


def _script(text: str, kind: str) -> Spec:
    """Of a path, which may have a colon in it. Raises UsageError."""
    try:
        return parse_script(text)
    except UsageError as error:
        if meant := _kind_near(kind):
            raise UsageError(f"{error}; did you mean {meant}:?") from None
        raise


def _hint(name: str, colon: str, location: str) -> str:
    if colon and (name in TARGETS or name == "tls"):
        return f"; to poll a device, put modbus: before it, as in {KINDS['modbus'].form}"
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
    kinds = {**{kind: kind for kind in KINDS}, **_MODES}
    near = difflib.get_close_matches(name.lower(), kinds, n=1)
    return kinds[near[0]] if near else None
