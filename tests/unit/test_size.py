import pytest

from aoba.errors import UsageError
from aoba.size import ACCEPTED, parse_size, show_size


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
        "9" * 400 + "GiB",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert str(caught.value) == f"expected {ACCEPTED}, got {text!r}"
