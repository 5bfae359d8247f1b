import json
import unicodedata

import pytest

from aoba.logs.printable import printable, printable_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nERROR forged", r"a\x0aERROR forged"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\r\x00\x7f\x9b", r"\x0d\x00\x7f\x9b"),
        ("tab\tand \u00b0C \u20ac", "tab\tand \u00b0C \u20ac"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("\u202egol.evil\u202c", r"\u202egol.evil\u202c"),
        ("\u2066\u200f\u061c", r"\u2066\u200f\u061c"),
        ("ad\u200bmin\ufeff", r"ad\u200bmin\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("no\xa0break \u3000 \U0001f525 e\u0301", "no\xa0break \u3000 \U0001f525 e\u0301"),
    ],
)
def test_a_text_cannot_move_the_cursor_or_forge_a_line(text, shown):
    assert printable(text) == shown


def test_all_that_ends_a_line_or_turns_its_direction_is_escaped():
    ends = [chr(i) for i in range(0x110000) if len(f"a{chr(i)}b".splitlines()) > 1]
    turns = ("L", "R", "AL", "EN", "AN", "ES", "ET", "CS", "NSM", "BN", "S", "B", "WS", "ON", "")
    turning = [chr(i) for i in range(0x110000) if unicodedata.bidirectional(chr(i)) not in turns]

    assert len(ends) > 8
    assert len(turning) > 8
    assert [each for each in ends + turning if len(printable(each)) == 1] == []


@pytest.mark.parametrize(
    "text", ["a\u2028b", "\u202e\x9b\x7f\t\x1b", "\U000e0041", "\u00e9 \u20ac"]
)
def test_json_stays_json_of_the_same_values(text):
    line = printable_json(json.dumps({text: text}, ensure_ascii=False))

    assert json.loads(line) == {text: text}
    assert printable(line) == line
