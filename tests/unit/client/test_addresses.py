"""Addresses as users type them."""

import pytest

from aoba.client.addresses import Addresses, split_addresses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("0", (0, None, None)),
        ("65535", (65535, None, None)),
        ("007", (7, None, None)),
        ("0x10", (16, None, None)),
        ("0XfF", (255, None, None)),
        ("0-99", (0, 99, None)),
        ("0x10-0x1f", (16, 31, None)),
        ("9-5", (9, 5, None)),
        ("5.3", (5, None, 3)),
        ("0x10.15", (16, None, 15)),
        ("5.99", (5, None, 99)),
        ("400001", (400001, None, None)),
    ],
)
def test_what_is_an_address_whether_it_exists_or_not(text, parts):
    assert split_addresses(text) == Addresses(*parts)


@pytest.mark.parametrize(
    "text",
    ["", "-5", "x", "1-", "-", "1.", ".5", "1.2.3", "0-9.1", "0x", "1 ", "1_0", "\u0661", "1" * 10],
)
def test_what_is_none(text):
    assert split_addresses(text) is None
