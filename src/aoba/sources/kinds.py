"""The kinds of sources there are, one row each.

A kind is a row here and a folder or a file beside this one. What a row names is imported where it
is needed, so nobody pays for kinds that he does not use; `aoba.sources.registry` does that.
"""

from typing import Final, NamedTuple


class SourceKind(NamedTuple):
    form: str
    """What its SPECs look like, for messages."""
    parse: str
    """`module:function`, which makes a `Spec` of a text, or raises UsageError: one line that says
    what is wrong, and what is right."""
    build: str
    """`module:function`, which makes a `Source` of a name, a `Spec` and a `Shared`."""
    help: tuple[tuple[str, str], ...]
    """What a user may type, and in a few words what that is."""
    extra: tuple[str, str] | None = None
    """A library that it needs, and the extra of Aoba that brings it."""


SOURCES: Final[dict[str, SourceKind]] = {
    "python": SourceKind(
        "python:external:PATH, python:embedded:PATH",
        "aoba.sources.scripts.spec:parse_script",
        "aoba.sources.scripts.runners.build:build_script",
        (
            ("PATH.py", "a Python script, run again and again"),
            ("python:external:PATH", "the same, whatever the name of its file"),
            ("python:embedded:PATH", "the same, in an interpreter that Aoba keeps"),
        ),
    ),
    "exec": SourceKind(
        "exec:PATH",
        "aoba.sources.scripts.runners.exec:parse_exec",
        "aoba.sources.scripts.runners.exec:build_exec",
        (("exec:PATH", "any program that prints documents, run as a script is"),),
    ),
    "modbus": SourceKind(
        "modbus:URL?holding=0-99",
        "aoba.sources.devices.spec:parse_device",
        "aoba.sources.devices.device:build_device",
        (("modbus:URL?holding=0-99", "a device that is polled; URL as for aoba read"),),
    ),
    "file": SourceKind(
        "file:PATH",
        "aoba.sources.files.spec:parse_file",
        "aoba.sources.files.file:build_file",
        (("file:PATH", "a file of documents; ?replay=1s plays them"),),
    ),
    "pipe": SourceKind(
        "pipe:PATH",
        "aoba.sources.files.spec:parse_fifo",
        "aoba.sources.files.fifo:build_fifo",
        (("pipe:PATH", "a FIFO that others write documents to"),),
    ),
    "http": SourceKind(
        "http://HOST:PORT/PATH",
        "aoba.sources.http.spec:parse_http",
        "aoba.sources.http.source:build_http",
        (("http://HOST:PORT/PATH", "a port here, to which others post documents"),),
        ("aiohttp", "http"),
    ),
    "fetch": SourceKind(
        "fetch:https://HOST/PATH?interval=5s",
        "aoba.sources.fetch.spec:parse_fetch",
        "aoba.sources.fetch.source:build_fetch",
        (("fetch:https://HOST/PATH", "a web server, which is asked for documents"),),
        ("aiohttp", "http"),
    ),
    "mqtt": SourceKind(
        "mqtt://HOST:PORT/TOPIC",
        "aoba.sources.mqtt.spec:parse_mqtt",
        "aoba.sources.mqtt.source:build_mqtt",
        (("mqtt://HOST/TOPIC", "a topic on a broker; mqtts:// within TLS"),),
        ("paho.mqtt", "mqtt"),
    ),
    "mqtts": SourceKind(
        "mqtts://HOST:PORT/TOPIC?ca=FILE",
        "aoba.sources.mqtt.spec:parse_mqtt",
        "aoba.sources.mqtt.source:build_mqtt",
        (),
        ("paho.mqtt", "mqtt"),
    ),
}
"""By what a SPEC begins with, up to its first colon."""

ACCEPTED: Final = ", ".join(["PATH.py", *(kind.form for kind in SOURCES.values())])
