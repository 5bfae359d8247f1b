"""From the path of an error, as msgspec gives it, to what stands there and what should.

Of an object whose names the user chooses, file numbers or names of identification objects, msgspec
only says that something is wrong at `[...]`, or with a `key`. Which it is, is looked for here.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import inspect

_SOMEWHERE: Final = "[...]"
_STEP: Final = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+)\]")


def follow(steps: str, value: Any, kind: inspect.Type) -> tuple[Any, inspect.Type]:
    """What is at the end of `steps` from `value`, which is to be a `kind`; and its own kind."""
    for step in _STEP.finditer(steps):
        kind = with_parts(kind)
        if isinstance(kind, inspect.ListType):
            kind, value = kind.item_type, value[int(step["index"])]
        elif isinstance(kind, inspect.DictType):
            kind, value = kind.value_type, value[step["name"]]
        elif isinstance(kind, inspect.StructType):
            kind, value = fields_of(kind)[step["name"]], value[step["name"]]
    return value, kind


def named(steps: str, value: Any, kind: inspect.Type) -> str:
    """`steps` with the name of what is wrong in place of `[...]`."""
    while _SOMEWHERE in steps:
        before, after = steps.split(_SOMEWHERE, 1)
        items, its_kind = follow(before, value, kind)
        item_kind = bare(with_parts(its_kind).value_type)
        wrong = next((name for name, item in items.items() if not _fits(item, item_kind)), "...")
        steps = f"{before}.{wrong}{after}"
    return steps


def wrong_name(steps: str, value: Any, kind: inspect.Type) -> tuple[str, inspect.Type]:
    """The first name, of the object at the end of `steps`, that does not match its pattern."""
    items, its_kind = follow(steps, value, kind)
    key_kind = with_parts(its_kind).key_type
    pattern = bare(key_kind).pattern
    return next(name for name in items if not re.search(pattern, name)), key_kind


def fields_of(kind: inspect.StructType) -> dict[str, inspect.Type]:
    return {field.encode_name: field.type for field in kind.fields}


def bare(kind: inspect.Type) -> Any:
    """The type without what is said about it."""
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def with_parts(kind: inspect.Type) -> Any:
    """Of a choice the option that has something below it, or the type itself."""
    kind = bare(kind)
    options = map(bare, kind.types) if isinstance(kind, inspect.UnionType) else ()
    parted = (inspect.ListType, inspect.DictType, inspect.StructType)
    return next((item for item in options if isinstance(item, parted)), kind)


def _fits(value: Any, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.StrType):
        fits_length = isinstance(value, str) and len(value) <= (kind.max_length or len(value))
        return fits_length and re.search(kind.pattern or "", value) is not None
    if not isinstance(kind, inspect.StructType):
        return True
    try:
        msgspec.convert(value, kind.cls)
    except msgspec.ValidationError:
        return False
    return True
