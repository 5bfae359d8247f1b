"""What users type, as cells; the cells of a device, as values."""

import math

import pytest

from aoba.cli.parameters import TypeName
from aoba.cli.typed import typed
from aoba.document.values import TYPES
from aoba.errors import UsageError


def registers(data_type=None, word_order=None, byte_order=None, scale=None, offset=None):
    return typed("holding", data_type, word_order, byte_order, scale, offset)


COILS = typed("coils", None, None, None, None, None)
CELLS = {
    "bits": (COILS, ["1", "0", "on", "OFF", "True", "false"], "010001000100"),
    "registers": (registers(), ["0", "65535", "0x10", "007"], "0000ffff00100007"),
    "negative": (registers("int16"), ["-1", "-0x8000"], "ffff8000"),
    "floats": (registers("float32"), ["1", "-2.5e0"], "3f800000c0200000"),
    "little words": (registers("uint32", "little"), ["0x01020304"], "03040102"),
    "little bytes": (registers("uint32", None, "little"), ["0x01020304"], "02010403"),
    "scaled": (registers("int16", scale=0.1), ["-3.5"], "ffdd"),
    "text": (registers("string"), ["abc"], "61626300"),
    "huge": (registers("uint64"), ["18446744073709551615"], "ffffffffffffffff"),
}
WRONG = {
    "no bit": (COILS, ["1", "2"], "value 2 of 2: expected 0, 1, on, off, true or false, got 2"),
    "too large": (
        registers(),
        ["1", "65536"],
        "value 2 of 2: expected 0..65535, got 65536; --type",
    ),
    "negative": (registers(), ["-1"], "the value: expected 0..65535, got -1; --type has other"),
    "a fraction": (registers("int16"), ["1.5"], "the value: expected -32768..32767, got 1.5"),
    "no number": (registers("float32"), ["1", "x"], "value 2 of 2: expected a number, got x"),
    "infinite": (registers("float64"), ["inf"], "the value: expected a number, got inf"),
    "not a number": (registers("float32", scale=2), ["nan"], "expected a number, got nan"),
    "too large a float": (registers("float32"), ["1e39"], "expected -3.40282346639e+38..3.402"),
    "too large when scaled": (registers(scale=0.1), ["7000"], "expected 0..6553.5, got 7000"),
    "a slip in an option": (registers(), ["1", "--verfy"], "no such option: --verfy"),
    "the same for bits": (COILS, ["1", "--verfy"], "no such option: --verfy"),
    "two strings": (registers("string"), ["a", "b"], "expected one string, got 2; quote it"),
    "an empty string": (registers("string"), [""], "an empty one needs --length"),
}
OPTIONS = {
    "a type of bits": (("coils", "int16", None, None, None, None), "--type: coils are bits"),
    "an order of bits": (("coils", None, "big", None, None, None), "--word-order: coils are bits"),
    "a scale of 0": (("holding", None, None, None, 0.0, None), "--scale: expected a number other"),
    "no scale": (("holding", None, None, None, math.nan, None), "--scale: expected a number, got"),
    "a string's scale": (
        ("input", "string", None, None, 2.0, None),
        "--scale: expected none for a",
    ),
    "a string's offset": (
        ("input", "string", None, None, None, 2.0),
        "--offset: expected none for",
    ),
}


@pytest.mark.parametrize(("kind", "texts", "cells"), CELLS.values(), ids=CELLS)
def test_texts_become_cells(kind, texts, cells):
    assert kind.cells(texts).hex() == cells


@pytest.mark.parametrize(("kind", "texts", "says"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_located(kind, texts, says):
    with pytest.raises(UsageError) as refused:
        kind.cells(texts)

    assert says in str(refused.value)


@pytest.mark.parametrize(("arguments", "says"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_make_no_sense(arguments, says):
    with pytest.raises(UsageError) as refused:
        typed(*arguments)

    assert str(refused.value).startswith(says)


def test_a_string_is_filled_up_to_its_length():
    assert registers("string").cells(["abc"], 4) == b"abc\0\0\0\0\0"
    assert registers("string").cells([""], 1) == b"\0\0"
    with pytest.raises(UsageError, match="--length: expected at least 2"):
        registers("string").cells(["abc"], 1)
    with pytest.raises(UsageError, match="--length goes with --type string"):
        registers().cells(["1"], 4)


def test_values_have_no_more_digits_than_they_need():
    assert registers("float32").values(bytes.fromhex("418851ec")) == [17.04]
    assert registers("int16", scale=0.1).values(bytes.fromhex("ffdd0003")) == [-3.5, 0.3]
    assert registers("string").values(b"PUMP 7\0\0") == ["PUMP 7"]
    assert COILS.values(b"\1\0") == [1, 0]
    assert math.isnan(registers("float32").values(bytes.fromhex("7fc00000"))[0])


def test_addresses_follow_from_the_number_of_values():
    assert registers("float32").block(1, 10, 3).span == (10, 16)
    assert registers("string").block(1, 10, 3).span == (10, 13)
    assert registers().block(1, 65535, 1).span == (65535, 65536)
    with pytest.raises(UsageError, match=r"4 addresses from 65534 on: .* got 65537"):
        registers("float32").block(1, 65534, 2)


def test_the_command_knows_every_data_type():
    assert TypeName.__args__ == tuple(TYPES)
