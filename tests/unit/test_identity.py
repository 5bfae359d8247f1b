import re

import pytest

from aoba import __version__
from aoba.errors import UsageError
from aoba.identity import (
    DEFAULT_IDENTITY,
    NAME_PATTERN,
    TEXT_PATTERN,
    object_name,
    objects_of,
    parse_identity,
)


def test_what_aoba_calls_itself():
    assert {0: b"Aoba", 1: b"aoba", 2: __version__.encode()} == DEFAULT_IDENTITY


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("vendor_name", 0),
        ("product_code", 1),
        ("revision", 2),
        ("vendor_url", 3),
        ("product_name", 4),
        ("model_name", 5),
        ("user_application_name", 6),
        ("0x80", 0x80),
        ("0xAb", 0xAB),
        ("0xff", 0xFF),
    ],
)
def test_names(name, number):
    assert re.search(NAME_PATTERN, name)
    assert objects_of({name: "text"}) == {number: b"text"}
    assert object_name(number).lower() == name.lower()


@pytest.mark.parametrize(
    "name", ["", "vendor", "Vendor_Name", "0x7F", "0x80 ", "0x80\n", "128", "0x100", "0X80"]
)
def test_what_is_no_name(name):
    assert not re.search(NAME_PATTERN, name)
    with pytest.raises(UsageError, match=r"unknown name .*; expected vendor_name, .* or 0x80 to"):
        parse_identity([f"{name}=x"])


def test_options():
    options = ["vendor_name=A=B", "0x80=", "vendor_url=http://x/?a=b"]

    assert parse_identity(options) == {0: b"A=B", 0x80: b"", 3: b"http://x/?a=b"}
    assert parse_identity([]) == {}
    assert parse_identity(["revision=" + "~" * 244])[2] == b"~" * 244


@pytest.mark.parametrize("text", ["é", "a\tb", "\x7f", "a\n", "\n", "x" * 245])
def test_only_ascii_that_fits_is_taken(text):
    with pytest.raises(UsageError, match="--identity revision: expected ASCII text of at most 244"):
        parse_identity([f"revision={text}"])


def test_the_text_pattern_takes_every_printable_character_and_no_other():
    taken = {chr(i) for i in range(0x3000) if re.search(TEXT_PATTERN, chr(i))}

    assert taken == {chr(i) for i in range(0x20, 0x7F)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["vendor_name"], "--identity vendor_name: expected NAME=VALUE"),
        (["vendor_name=a", "vendor_name=b"], "--identity vendor_name: given twice"),
        (["0x8a=a", "0x8A=b"], "--identity: `0x8A` stands there twice"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(UsageError) as caught:
        parse_identity(options)
    assert str(caught.value) == message
