"""Text of others, made fit for a terminal and for a line of a log."""

from typing import Final

_CONTROL: Final = (*range(9), *range(10, 32), *range(127, 160))
"""All but the tab: they move the cursor, or forge a line."""

_UNSEEN: Final = (
    0x00AD,  # a hyphen that may not show
    0x061C,  # this and others below: another direction of writing, which puts text elsewhere
    0x180E,
    *range(0x200B, 0x2010),  # no width, directions
    *range(0x2028, 0x202F),  # ends of lines and paragraphs, directions
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),  # a copy of ASCII that does not show
)
"""The same in Unicode: whoever reads the log sees something else than what is there.

A list rather than a category, which each Python takes from a Unicode of its own.
"""


def _in_utf16(code: int) -> str:
    """A character as JSON escapes it (RFC 8259, section 7)."""
    units = chr(code).encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


_ESCAPED: Final = {code: f"\\x{code:02x}" for code in _CONTROL} | {
    code: f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  4 digits
    for code in _UNSEEN
}
_IN_JSON: Final = {code: _in_utf16(code) for code in (*range(127, 160), *_UNSEEN)}
"""What `json` leaves as it is."""


def printable(text: str) -> str:
    r"""`text` in one line that moves no cursor: ESC is shown as `\x1b`."""
    return text.translate(_ESCAPED)


def printable_json(text: str) -> str:
    """The same of JSON in one line, which stays JSON of the same values."""
    return text.translate(_IN_JSON)
