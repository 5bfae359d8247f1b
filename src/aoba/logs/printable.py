"""Text of a script, made fit for a terminal and for a line of a log."""

from typing import Final

# Control characters but the tab: they move the cursor, or forge a line.
_ESCAPED: Final = {code: f"\\x{code:02x}" for code in (*range(9), *range(10, 32), *range(127, 160))}


def printable(text: str) -> str:
    r"""`text` in one line that moves no cursor: ESC is shown as `\x1b`."""
    return text.translate(_ESCAPED)
