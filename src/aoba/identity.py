"""The names that users give to identification objects (section 6.21), and what these may hold.

Objects 0 to 6 have names; those from 0x80 on are the user's own and named by their number.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aoba import __version__
from aoba.errors import UsageError
from aoba.modbus.spec import MAX_EXTENDED_OBJECT, MAX_OBJECT, MIN_EXTENDED_OBJECT, ObjectId

OBJECT_NAMES: Final = {name.lower(): int(value) for name, value in ObjectId.__members__.items()}

NAME_PATTERN: Final = f"^({'|'.join(OBJECT_NAMES)}|0x[89a-fA-F][0-9a-fA-F])$(?!\n)"
TEXT_PATTERN: Final = r"^(?![\s\S]*[^ -~])"
"""The specification asks for ASCII, and a control character would be of no use."""

NAME_WORDS: Final = f"{', '.join(OBJECT_NAMES)} or 0x80 to 0xFF"
TEXT_WORDS: Final = f"ASCII text of at most {MAX_OBJECT} characters"

DEFAULT_IDENTITY: Final[Mapping[int, bytes]] = {
    ObjectId.VENDOR_NAME: b"Aoba",
    ObjectId.PRODUCT_CODE: b"aoba",
    ObjectId.REVISION: __version__.encode(),
}
"""The three objects that a device has to have; others replace them and add to them."""

_USER_NAMES: Final = {
    number: f"0x{number:02X}" for number in range(MIN_EXTENDED_OBJECT, MAX_EXTENDED_OBJECT + 1)
}
_NAMES: Final = {number: name for name, number in OBJECT_NAMES.items()} | _USER_NAMES
_NUMBERS: Final = {name.lower(): number for number, name in _NAMES.items()}


def has_name(number: int) -> bool:
    return number in _NAMES


def object_name(number: int) -> str:
    """`vendor_name`, ..., or `0x80` to `0xFF`."""
    return _NAMES[number]


def objects_of(given: Mapping[str, str]) -> dict[int, bytes]:
    """The objects with these names, which match NAME_PATTERN, and texts, which fit.

    Raises ValueError where two names mean the same object, as 0x8A and 0x8a do.
    """
    objects: dict[int, bytes] = {}
    for name, text in given.items():
        number = _NUMBERS[name.lower()]
        if number in objects:
            raise ValueError(f"`{object_name(number)}` stands there twice")
        objects[number] = text.encode()
    return objects


def parse_identity(options: Sequence[str]) -> dict[int, bytes]:
    """The objects of `name=value` options. Raises UsageError, which says what is accepted."""
    given: dict[str, str] = {}
    for option in options:
        name, equals, text = option.partition("=")
        if not equals:
            raise UsageError(f"--identity {option}: expected NAME=VALUE")
        if not re.search(NAME_PATTERN, name):
            raise UsageError(f"--identity {option}: unknown name {name!r}; expected {NAME_WORDS}")
        if len(text) > MAX_OBJECT or not re.search(TEXT_PATTERN, text):
            raise UsageError(f"--identity {name}: expected {TEXT_WORDS}")
        if name in given:
            raise UsageError(f"--identity {name}: given twice")
        given[name] = text
    try:
        return objects_of(given)
    except ValueError as error:
        raise UsageError(f"--identity: {error}") from None
