import pytest

from aoba.duration import ACCEPTED, parse_duration, parse_pause
from aoba.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("2.5", 2.5),
        ("5s", 5.0),
        ("2.5s", 2.5),
        ("500ms", 0.5),
        ("1ms", 0.001),
        ("2min", 120.0),
        ("1h", 3600.0),
        ("0.5h", 1800.0),
        ("007", 7.0),
    ],
)
def test_accepted(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0ms",
        "0.0",
        "-1",
        "+1",
        "1e3",
        "nan",
        "inf",
        ".5",
        "5.",
        "5 s",
        " 5",
        "5m",
        "5S",
        "s",
    ],
)
def test_refused_with_what_is_accepted(text):
    with pytest.raises(UsageError) as caught:
        parse_duration(text)

    assert str(caught.value) == f"expected {ACCEPTED}, got {text!r}"


@pytest.mark.parametrize("text", ["8760000001h", "9" * 400])
def test_more_than_a_million_years_are_refused(text):
    assert parse_duration("8760000000h") == 1e6 * 365 * 24 * 3600
    with pytest.raises(UsageError) as caught:
        parse_duration(text)

    assert str(caught.value) == f"expected at most 8760000000h, got {text!r}"


def test_says_what_is_accepted_with_every_unit():
    assert ACCEPTED == "seconds, or a number with ms, s, min or h, as in 500ms"


def test_a_pause_may_be_none_at_all():
    assert parse_pause("0") == 0
    assert parse_pause("5ms") == 0.005
    with pytest.raises(UsageError):
        parse_pause("-1")
