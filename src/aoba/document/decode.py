"""One JSON value as bytes -> a `Document`, or an error that says what is wrong and where.

The usual case is one pass of msgspec's typed decoder. Only where that fails, or where a name may
stand twice, `explain` looks at the value again, slowly, to say more.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from aoba.document.explain import JsonObject, invalid, names, parse, unexplained
from aoba.document.hints import of_names
from aoba.document.meant import is_begun, is_meant
from aoba.document.schema import Document, Station
from aoba.errors import DocumentError, NoDocument

_MAX_EXPLAINED: Final = 4 * 1024 * 1024
_MAX_EXPLAINED_NODES: Final = 100_000
# Bytes, and lists and objects, of a faulty value that is read again, for which memory is needed.

_document: Final = msgspec.json.Decoder(Document)
_stations: Final = msgspec.json.Decoder(list[Station])
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"\s*+(:?)')
_NODE: Final = re.compile(rb"[\[{]")


class Decoded(NamedTuple):
    document: Document
    unknown: list[str]
    """A message for each field that the schema does not know; they were ignored."""


def decode_whole(line: bytes) -> Decoded | None:
    """Decode a document that is all there is in `line`; None for anything but a faultless one.

    This is for the usual case: it spares looking for where the document ends.
    """
    bare = line.startswith(b"[")
    if not bare and not line.startswith(b"{"):
        return None
    try:
        return _decoded(line, bare)
    except (msgspec.DecodeError, ValueError):
        return None


def decode(raw: bytes | bytearray) -> Decoded:
    """Decode one JSON object, a document, or one JSON array, its bare stations.

    Raises DocumentError for the first rule that is broken; NoDocument where `raw` was hardly meant
    for one.
    """
    bare = raw.startswith(b"[")
    try:
        decoded = _decoded(raw, bare)
    except (msgspec.DecodeError, ValueError) as error:
        return _explain(raw, bare, str(error))
    return decoded or _explain(raw, bare, "a name stands twice")


def _decoded(raw: bytes | bytearray, bare: bool) -> Decoded | None:
    """Raises DecodeError or ValueError; None where a name stands twice."""
    document = Document(_stations.decode(raw)) if bare else _document.decode(raw)
    # Of two equal names the decoder keeps the last; they show when the names are counted.
    again = msgspec.json.encode(document.stations if bare else document)
    return Decoded(document, []) if _as_many_names(raw, again) else None


def _as_many_names(raw: bytes | bytearray, again: bytes) -> bool:
    if b"\\" not in raw:  # then no string has a quote in it, and they can be counted by these
        return raw.count(b'"') == again.count(b'"')
    return _count_names(raw) == _count_names(again)


def _count_names(raw: bytes | bytearray) -> int:
    return len(b"".join(_STRING.findall(raw)))  # one colon for each


def _explain(raw: bytes | bytearray, bare: bool, reason: str) -> Decoded:
    if len(raw) > _MAX_EXPLAINED or len(_NODE.findall(raw)) > _MAX_EXPLAINED_NODES:
        raise unexplained(reason, "stations" if bare else "")
    try:
        value = parse(raw)
    except DocumentError as error:
        raise error if is_begun(raw, alone=True) else _unmeant(error, is_json=False) from None
    try:
        return _read_again(value, bare)
    except DocumentError as error:
        raise error if is_meant(value) else _unmeant(error, is_json=True) from None


def _read_again(value: Any, bare: bool) -> Decoded:
    report = names(JsonObject(stations=value) if bare else value, Document)
    if report.repeated:
        raise DocumentError(*report.repeated[0])
    try:
        return Decoded(msgspec.convert(report.known, Document), report.unknown)
    except msgspec.ValidationError as problem:
        error = invalid(problem, report.known, Document)
        hint = of_names(error.path, report.renamed)
        raise DocumentError(error.path, error.reason + hint, error.what) from None


def _unmeant(error: DocumentError, *, is_json: bool) -> NoDocument:
    return NoDocument(error.path, error.reason, error.what, is_json=is_json)
