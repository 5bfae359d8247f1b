"""Which link, or which setting of the client, was meant where a link gets another protocol."""

from typing import Final

from aoba.modbus.foreign import WireProtocol

_EXPECTED: Final = {
    "tcp": WireProtocol.MODBUS_TCP,
    "tls": WireProtocol.MODBUS_TCP,
    "udp": WireProtocol.MODBUS_TCP,
    "rtu+tcp": WireProtocol.RTU,
    "rtu": WireProtocol.RTU,
    "ascii": WireProtocol.ASCII,
}
"""What the sessions of a link take, by its scheme."""

_LINKS: Final = {
    ("tcp", WireProtocol.RTU): "rtu+tcp",
    ("tcp", WireProtocol.TLS): "tls",
    ("tls", WireProtocol.RTU): "rtu+tcp",
    ("tls", WireProtocol.MODBUS_TCP): "tcp",
    ("rtu+tcp", WireProtocol.MODBUS_TCP): "tcp",
    ("rtu+tcp", WireProtocol.TLS): "tls",
    ("rtu", WireProtocol.ASCII): "ascii",
    ("ascii", WireProtocol.RTU): "rtu",
}
"""A link, and what it gets -> the scheme that was meant."""


def foreign_words(
    url: str, protocol: WireProtocol | None, expected: WireProtocol | None = None
) -> str:
    """What is wrong where the link `url` gets `protocol`, and what to do; empty where nothing is.

    As in `RTU frames where Modbus TCP is expected; rtu+tcp://127.0.0.1:5020 would take them`.
    `expected` is what the link takes, unless given what its sessions do.
    """
    scheme, _, place = url.partition(":")
    expected = expected or _EXPECTED.get(scheme)
    if protocol is None or expected is None or protocol is expected:
        return ""
    advice = _advice(scheme, place, protocol)
    return f"{protocol} where {expected} {_verb(expected)} expected; {advice}"


def _advice(scheme: str, place: str, protocol: WireProtocol) -> str:
    them = "them" if _verb(protocol) == "are" else "that"
    if meant := _LINKS.get((scheme, protocol)):
        return f"{meant}:{place} would take {them}"
    if protocol is WireProtocol.MODBUS_TCP:
        line = "RTU" if scheme == "rtu" else "ASCII"
        return f"the converter on the line has to make {line} frames of it"
    return f"no link takes {them} there; the client has to be set otherwise"


def _verb(protocol: WireProtocol) -> str:
    return "are" if protocol in (WireProtocol.RTU, WireProtocol.ASCII) else "is"
