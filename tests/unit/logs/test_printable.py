import pytest

from aoba.logs.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nERROR forged", r"a\x0aERROR forged"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\r\x00\x7f\x9b", r"\x0d\x00\x7f\x9b"),
        ("tab\tand \u00b0C \u20ac", "tab\tand \u00b0C \u20ac"),
    ],
)
def test_a_text_cannot_move_the_cursor_or_forge_a_line(text, shown):
    assert printable(text) == shown
