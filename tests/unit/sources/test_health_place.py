import pytest

from aoba.errors import UsageError
from aoba.sources.health_place import HealthPlace, parse_health


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1:input:9000", HealthPlace(1, "input", 9000)),
        ("247:holding:0", HealthPlace(247, "holding", 0)),
        ("1:input:65528", HealthPlace(1, "input", 65528)),  # the last eight
    ],
)
def test_a_place(text, place):
    assert parse_health(text) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected UNIT:TABLE:ADDRESS with TABLE input or holding"),
        ("1:coils:5", "got '1:coils:5'"),
        ("1:input:-1", "expected UNIT:TABLE:ADDRESS"),
        ("1:input:٣", "expected UNIT:TABLE:ADDRESS"),  # a digit, but not of ours
        ("0:input:1", "expected a unit id from 1 to 247, got 0"),
        ("248:input:1", "expected a unit id from 1 to 247, got 248"),
        ("1:input:65529", "8 registers: expected an address up to 65528, got 65529"),
        ("1:input:365536", "got 365536; addresses count from 0: 365536 of a manual is input 65535"),
    ],
)
def test_what_is_no_place(text, words):
    with pytest.raises(UsageError) as caught:
        parse_health(text)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "1:input:30001",
            "its health is in input 30001 (addresses count from 0: 30001 of a manual",
        ),
        ("1:input:40001", ""),  # a number of another table
        ("1:input:9000", ""),
    ],
)
def test_an_address_that_looks_like_a_number_of_a_manual_is_told(text, hint):
    assert parse_health(text).hint[: len(hint) or None] == hint
