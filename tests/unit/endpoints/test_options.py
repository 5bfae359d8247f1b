import pytest

from aoba.endpoints.options import count, flag, one_of, parse_options
from aoba.errors import UsageError

PARSERS = {"name": str, "size": count, "loud": flag, "end": one_of("left", "right")}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", {}),
        ("name=x", {"name": "x"}),
        ("name=a+b%20c%26d", {"name": "a b c&d"}),
        ("name=", {"name": ""}),
        ("size=12&loud=true&end=left", {"size": 12, "loud": True, "end": "left"}),
        ("loud=false", {"loud": False}),
    ],
)
def test_values_by_name(query, values):
    assert parse_options("x", query, PARSERS) == values


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("name", "after the ? come name=value pairs, joined by &"),
        ("&", "after the ? come name=value pairs, joined by &"),
        ("nam=x", "unknown option 'nam', did you mean name?"),
        ("q=x", "unknown option 'q', known here: name, size, loud, end"),
        ("size=1&size=2", "option 'size' is given twice"),
        ("size=0", "option 'size': expected a whole number from 1 on, got '0'"),
        ("size=-1", "option 'size': expected a whole number from 1 on, got '-1'"),
        ("size=1.5", "option 'size': expected a whole number from 1 on, got '1.5'"),
        ("size=%D9%A3", "option 'size': expected a whole number from 1 on, got '٣'"),
        ("size=" + "9" * 5000, "option 'size': expected a whole number from 1 on"),
        ("loud=yes", "option 'loud': expected true or false, got 'yes'"),
        ("end=up", "option 'end': expected left or right, got 'up'"),
    ],
)
def test_refused_with_what_is_accepted(query, reason):
    with pytest.raises(UsageError) as caught:
        parse_options("tcp://x", query, PARSERS)

    assert str(caught.value).startswith(f"tcp://x: {reason}")
