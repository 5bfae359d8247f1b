import pytest

from aoba.endpoints.units import (
    DURATIONS,
    SIZES,
    parse_duration,
    parse_pause,
    parse_size,
    show_size,
)
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
def test_durations(text, seconds):
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
        "5MiB",
        "9" * 400 + "d",
    ],
)
def test_no_durations(text):
    with pytest.raises(UsageError) as caught:
        parse_duration(text)

    assert str(caught.value) == f"expected {DURATIONS}, got {text!r}"


@pytest.mark.parametrize("text", ["8760000001h", "9" * 400])
def test_more_than_a_million_years_are_refused(text):
    assert parse_duration("8760000000h") == 1e6 * 365 * 24 * 3600
    with pytest.raises(UsageError) as caught:
        parse_duration(text)

    assert str(caught.value) == f"expected at most 8760000000h, got {text!r}"


def test_what_is_accepted_is_said_with_every_unit():
    assert DURATIONS == "seconds, or a number with ms, s, min or h, as in 500ms"


def test_a_pause_may_be_none_at_all():
    assert parse_pause("0") == 0
    assert parse_pause("5ms") == 0.005
    with pytest.raises(UsageError):
        parse_pause("-1")


@pytest.mark.parametrize(
    ("text", "size", "shown"),
    [
        ("256MiB", 256 * 2**20, "256 MiB"),
        ("1GiB", 2**30, "1 GiB"),
        ("1.5GiB", 3 * 2**29, "1536 MiB"),
        ("500MB", 500_000_000, "500 MB"),
        ("2GB", 2_000_000_000, "2 GB"),
        ("1KiB", 1024, "1 KiB"),
        ("7kB", 7000, "7 kB"),
        ("1.001kB", 1001, "1001 bytes"),
    ],
)
def test_sizes(text, size, shown):
    assert parse_size(text) == size
    assert show_size(size) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "256",
        "MiB",
        "256 MiB",
        "-1MiB",
        "0MiB",
        "0.0001kB",
        "1e3MiB",
        "256mib",
        "1.MiB",
        "5s",
        "9" * 400 + "TiB",
        "9" * 400 + "GiB",
    ],
)
def test_no_sizes(text):
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert str(caught.value) == f"expected {SIZES}, got {text!r}"
