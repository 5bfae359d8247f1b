"""Whether JSON, or what looks like it, is meant for a document, or is something printed besides.

A script's stdout has more than documents: lines of a log, Python's own notation, lists and objects
of other kinds. Only of what is meant for a document is it an error not to be one. Others have an
`id`, a `mode`, an `input` or a `station`, too; so most names count only where their values have the
form that they have in a document.
"""

import difflib
import re
from typing import Any, Final

import msgspec

MAX_DECODED: Final = 128 * 1024
"""Bytes of the longest value that `is_document` decodes; of a longer one it takes the beginning."""

_MAX_NAMES: Final = 50
_MAX_ITEMS: Final = 100
_MAX_NAME: Final = 40
_OF_A_DOCUMENT: Final = frozenset(("stations", "reboot_interval"))
_TABLES: Final = frozenset(("coils", "discrete_inputs", "holding", "input"))
_OF_A_STATION: Final = _TABLES | {"id", "mode", "map", "files", "identity"}
_MODES: Final = ("master", "slave")
_NAMED: Final = re.compile(rb'"(?:stations|reboot_interval|mode|map)"\s*+:')
_BEGUN: Final = re.compile(rb'\{\s*+"|\[\s*+\{\s*+"')
_BEGUN_OR_LESS: Final = re.compile(rb'\{\s*+(?:"|\Z)|\[\s*+(?:\Z|\{\s*+(?:"|\Z))')
_LARGE: Final = re.compile(rb'\{|\[\s*+\{\s*+"(?:id|mode|map|files|identity)"')


class _Station(msgspec.Struct):
    id: msgspec.Raw
    mode: msgspec.Raw
    map: msgspec.Raw


class _Document(msgspec.Struct):
    stations: list[_Station]


_document: Final = msgspec.json.Decoder(_Document)
_stations: Final = msgspec.json.Decoder(list[_Station])


def is_document(buffer: bytes | bytearray, start: int, stop: int) -> bool:
    """Whether an object that has a list named `stations`, or a list, is a document as a whole.

    That is, whether its stations are stations, as far as their names show; rules are not looked at.
    """
    if stop - start > MAX_DECODED:
        return _LARGE.match(buffer, start, stop) is not None
    decoder = _stations if buffer.startswith(b"[", start) else _document
    try:
        decoder.decode(buffer[start:stop])
    except (msgspec.DecodeError, ValueError):
        return False
    return True


def is_begun(begun: bytes | bytearray, *, alone: bool) -> bool:
    """Whether this is the beginning of what was meant for a document, but is none.

    `alone` says that nothing stood before it on its line. Then it need not have come to a name that
    documents have.
    """
    if alone:
        return _BEGUN.match(begun) is not None
    return _NAMED.search(begun) is not None


def is_cut_off(begun: bytes | bytearray, *, alone: bool) -> bool:
    """The same of what the end of the stream has cut off."""
    if alone:
        return _BEGUN_OR_LESS.match(begun) is not None
    return _NAMED.search(begun) is not None


def is_meant(value: Any) -> bool:
    """Whether JSON that breaks the schema is meant for a document all the same."""
    if isinstance(value, list):
        return any(_is_station(item) for item in value[:_MAX_ITEMS])
    if not isinstance(value, dict):
        return False
    if not value or not _OF_A_DOCUMENT.isdisjoint(value) or _is_station(value):
        return True
    first = ((name, value[name]) for name in list(value)[:_MAX_NAMES] if len(name) <= _MAX_NAME)
    names = [name.lower() for name, content in first if isinstance(content, list | dict)]
    return bool(difflib.get_close_matches("stations", names, n=1, cutoff=0.8))


def _is_station(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    its_map, is_moded = value.get("map"), value.get("mode") in _MODES
    if isinstance(its_map, dict) or (is_moded and "id" in value):
        return True
    if any(isinstance(value[name], list | dict) for name in _TABLES.intersection(value)):
        return True
    if not _OF_A_STATION.issuperset(value):
        return False
    # Nothing else is there, so that less will do.
    others = (value.get("files"), value.get("identity"))
    return "map" in value or is_moded or any(isinstance(each, dict) for each in others)
