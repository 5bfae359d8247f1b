"""Why a JSON value is no document, in words: where, what was expected, what stands there.

Slow and thorough, for values that the typed decoder has refused. `parse` reads any JSON, and the
NaN and Infinity that Python's json prints; `names` looks for fields that are unknown or given
twice; `invalid` turns msgspec's error into one with the path and the value at fault.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from aoba.document import hints
from aoba.document.hints import Renamed
from aoba.document.paths import bare, fields_of, follow, named, with_parts, wrong_name
from aoba.document.values import Form
from aoba.errors import DocumentError

MAX_UNKNOWN: Final = 10
"""Unknown fields of a document that are named one by one."""

_MAX_DIGITS: Final = 100
_MAX_SHOWN: Final = 40
_MAX_MESSAGE: Final = 200
_WHERE: Final = re.compile(r"(?P<what>.*) - at (?P<name>`key` in )?`\$(?P<path>.*)`", re.DOTALL)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_TRAILING_COMMA: Final = re.compile(r",\s*[\]}]")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>\w+)`")
_WRONG_VALUE: Final = re.compile(r"Expected |Invalid |(Integer value|Number) out of range")
_BELOW: Final = re.compile(r"(?P<steps>\.[\w.\[\]]+): (?P<expected>expected .*)")


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which of its names stood there more than once."""

    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HugeInteger:
    """An integer too long to be in any range; never converted, since that takes long."""

    text: str

    def __len__(self) -> int:
        return len(self.text)


@dataclass(slots=True)
class NameReport:
    known: Any = None
    """The value without the fields that the schema does not know."""
    unknown: list[str] = field(default_factory=list)
    """A message for each of these, up to MAX_UNKNOWN, and one for the rest."""
    untold: int = 0
    renamed: list[Renamed] = field(default_factory=list)
    """Those of them that are told and may stand for a field that is known."""
    repeated: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of each name that stands twice."""


def parse(raw: bytes | bytearray) -> Any:
    """Raises DocumentError, with line and column, where `raw` is not JSON in UTF-8.

    What is returned holds no half of a surrogate pair, which could be neither shown nor logged.
    """
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_object, parse_int=_integer)
        if _SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False, default=len).encode()
    except UnicodeEncodeError as error:
        half = ord(error.object[error.start])
        raise _of("", "not Unicode", f": \\u{half:04x} is half of a character") from None
    except UnicodeDecodeError as error:
        raise _of("", "not UTF-8", f": byte 0x{raw[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        found = _trailing_comma(error) or error
        where = f"line {found.lineno} column {found.colno}"
        what = found.msg.removesuffix(" at")  # of which some end with it
        raise _of("", f"not valid JSON: {what}", f" at {where} of the document") from None
    return value


def _trailing_comma(error: json.JSONDecodeError) -> json.JSONDecodeError | None:
    """The same error for every Python: 3.13 points at such a comma, older ones behind it."""
    before = error.doc[: error.pos].rstrip()
    comma = len(before) - 1 if before.endswith(",") else error.pos
    if not _TRAILING_COMMA.match(error.doc, comma):
        return None
    return json.JSONDecodeError("Nothing follows the comma", error.doc, comma)


def fault(begun: bytes, size: int) -> DocumentError:
    """Why `size` bytes that begin like JSON, up to the first that cannot belong to it, are none.

    `begun` is the first of them, or as many as are to be read again.
    """
    if len(begun) < size:
        return _of("", "not valid JSON", f", as its byte {size} shows")
    try:
        parse(begun)
    except DocumentError as error:
        return error
    return DocumentError("", "not valid JSON")


@cache
def _type_info(schema: type) -> inspect.Type:
    """Looked up for each faulty document, it would take a millisecond, and a flood of them all."""
    return inspect.type_info(schema)


def names(value: Any, schema: type) -> NameReport:
    report = NameReport()
    report.known = _names(value, _type_info(schema), "", report)
    if report.untold:
        report.unknown.append(f"{report.untold} more unknown fields")
    return report


def invalid(problem: msgspec.ValidationError, value: Any, schema: type) -> DocumentError:
    """The located error for `problem`, which msgspec found in `value`, parsed by `parse`."""
    kind = _type_info(schema)
    what, steps, is_name = _split(str(problem))
    steps = named(steps, value, kind)
    if is_name:
        name, kind = wrong_name(steps, value, kind)
        return _of(steps.lstrip("."), f"expected {_words(kind)}", f", got {_show(name)}")
    below = _BELOW.fullmatch(what)
    if below:  # raised by a `__post_init__`, which leaves it to us to say what stands there
        steps += below["steps"]
    path = steps.lstrip(".")
    missing = _MISSING.match(what)
    if missing:
        return DocumentError(path, f"`{missing['name']}` is missing")
    if not below and not _WRONG_VALUE.match(what):  # by a `__post_init__` too, in words for users
        before, comma, got = what.partition(", got ")
        return _of(path, before, comma + got)
    words, got = _walk(steps, value, kind)
    return _of(path, below["expected"] if below else f"expected {words}", f", got {got}")


def _of(path: str, what: str, got: str) -> DocumentError:
    """`got` is what may be another one each time, at the end of the text."""
    return DocumentError(path, what + got, what)


def _walk(steps: str, root: Any, schema: inspect.Type) -> tuple[str, str]:
    """What should be at the end of `steps` from `root`, which is to be a `schema`; and what is.

    Where that is a common mistake, what to do about it stands behind.
    """
    value, kind = follow(steps, root, schema)
    above, is_below, _ = steps.partition(".initial_values")
    form = _form(*follow(above, root, schema)) if is_below else None
    if form is None:
        takes_floats, words = _words(kind) == "a number", _words(kind)
    else:
        takes_floats = form.is_float or form.is_scaled
        is_whole = steps.endswith(".initial_values")
        words = form.expected_values if is_whole else form.expected(value)
    is_odd = isinstance(value, float) and value.is_integer() and not takes_floats
    hint = hints.of_value(steps, value, is_whole=form is not None and not takes_floats)
    return words, _show(value) + ", a float" * is_odd + hint


def _form(fields: dict[str, Any], kind: inspect.Type) -> Form | None:
    """The form that a range has, if it is one of registers and not wrong itself."""
    if "data_type" not in fields_of(with_parts(kind)):
        return None
    try:
        return msgspec.convert(fields, Form)
    except msgspec.ValidationError:
        return None


def unexplained(message: str, root: str) -> DocumentError:
    """The located error for msgspec's `message` alone; `root` is where the decoder began."""
    what, steps, _ = _split(message)
    below = _BELOW.fullmatch(what)
    if below:
        what, steps = below["expected"], steps + below["steps"]
    shown = f"{_short(what, _MAX_MESSAGE)} (the document is too large to say more)"
    return DocumentError((root + steps).lstrip("."), shown)


def _split(message: str) -> tuple[str, str, bool]:
    """Split msgspec's "what - at `$.path`", and say if a name is meant; the root has no path."""
    found = _WHERE.fullmatch(message)
    return (found["what"], found["path"], bool(found["name"])) if found else (message, "", False)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = JsonObject(pairs)
    if len(result) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        result.repeated = tuple(name for name, count in counts.items() if count > 1)
    return result


def _integer(digits: str) -> int | HugeInteger:
    return int(digits) if len(digits) <= _MAX_DIGITS else HugeInteger(digits)


def _names(value: Any, kind: inspect.Type, path: str, report: NameReport) -> Any:
    kind = with_parts(kind)
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        if not isinstance(bare(kind.item_type), inspect.StructType):
            return value
        return [
            _names(item, kind.item_type, f"{path}[{i}]", report) for i, item in enumerate(value)
        ]
    if not (
        isinstance(kind, inspect.StructType | inspect.DictType) and isinstance(value, JsonObject)
    ):
        return value
    if isinstance(kind, inspect.StructType):
        parts = fields_of(kind)
        unknown = [name for name in value if name not in parts]
    else:
        parts, unknown = dict.fromkeys(value, kind.value_type), []
    report.repeated += [(path, f"`{_short(name)}` stands there twice") for name in value.repeated]
    told = unknown[: MAX_UNKNOWN - len(report.unknown)]
    for name in told:
        near = hints.nearest(name, parts)
        report.unknown.append(_unknown(path, name, near, parts))
        if near and near not in value:
            report.renamed.append(Renamed(path, name, near))
    report.untold += len(unknown) - len(told)
    prefix = f"{path}." if path else ""
    return {
        name: _names(item, parts[name], prefix + name, report)
        for name, item in value.items()
        if name in parts
    }


def _unknown(path: str, name: str, near: str | None, fields: dict[str, inspect.Type]) -> str:
    hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(fields)}"
    return f"{path}{': ' if path else ''}`{_short(name)}`: unknown, {hint}"


def _words(kind: inspect.Type) -> str:  # noqa: C901, PLR0911  a table of answers
    match kind:
        case inspect.Metadata(extra={"words": str(words)}):
            return words
        case inspect.Metadata(type=inner):
            return _words(inner)
        case inspect.IntType(ge=int(low), le=int(high)):
            return f"{low}..{high}"
        case inspect.IntType():
            return "an integer"
        case inspect.FloatType():
            return "a number"
        case inspect.StrType():
            return "a string"
        case inspect.BoolType():
            return "true, false"
        case inspect.LiteralType(values=values):
            return " or ".join(f'"{value}"' for value in values)
        case inspect.UnionType(types=types):
            return " or ".join(_words(option) for option in types)
        case inspect.ListType(max_length=int(most)):
            return f"a list of at most {most}"
        case inspect.ListType():
            return "a list"
        case _:
            return "an object"


def _show(value: Any) -> str:
    match value:
        case dict():
            return "an object"
        case list():
            return f"a list of {len(value)}"
        case HugeInteger():
            return f"an integer of {len(value)} digits"
        case _:
            return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str, limit: int = _MAX_SHOWN) -> str:
    """`text` as part of a message: not too long, and nothing in it moves a cursor."""
    shown = text if len(text) <= limit else f"{text[:limit]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
