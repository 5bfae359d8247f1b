"""Where a script does not compile, as it is reported and as it is told."""

import pytest

from aoba.sources.scripts.syntax import SyntaxFault


@pytest.mark.parametrize(
    ("report", "told"),
    [
        ("7 12 invalid syntax", "line 7, column 12: invalid syntax"),
        ("7 0 unexpected indent", "line 7: unexpected indent"),
        ("7 -1 expected ':'", "line 7: expected ':'"),
        ("0 0 MemoryError: s_push", "MemoryError: s_push"),
    ],
)
def test_a_report_becomes_a_sentence(report, told):
    assert str(SyntaxFault.parse(report)) == told


@pytest.mark.parametrize("report", ["", "hello", "7 invalid", "x 1 y"])
def test_what_is_no_report_is_none(report):
    assert SyntaxFault.parse(report) is None
