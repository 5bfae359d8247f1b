import struct
from typing import get_args

import pytest
from msgspec import UNSET
from pymodbus.client.mixin import ModbusClientMixin

from aoba.document.values import TYPES, Form, TypeName, form_of, registers_of

ORDERS = ["big", "little"]
NUMBERS = [name for name in TYPES if name != "string"]


def test_the_names_of_the_types_are_those_of_the_table():
    assert get_args(TypeName) == tuple(TYPES)


# One value in all four orders, written down by hand; the highest byte of each value is its A.
VECTORS = [
    # data_type, value, ABCD, CDAB, BADC, DCBA
    ("uint16", 0x1234,
     "1234",  # one register: word order makes no difference
     "1234",
     "3412",  # its bytes swapped
     "3412"),
    ("int16", -2,
     "fffe",  # two's complement
     "fffe",
     "feff",
     "feff"),
    ("uint32", 0x12345678,
     "1234 5678",  # high register, low register
     "5678 1234",  # low register first
     "3412 7856",  # bytes of each register swapped
     "7856 3412"),  # both: lowest byte first
    ("int32", -2,
     "ffff fffe",
     "fffe ffff",
     "ffff feff",
     "feff ffff"),
    ("float32", -123.5,
     "c2f7 0000",  # sign 1, exponent 127 + 6, 1.9296875
     "0000 c2f7",
     "f7c2 0000",
     "0000 f7c2"),
    ("uint64", 0x0123456789ABCDEF,
     "0123 4567 89ab cdef",
     "cdef 89ab 4567 0123",
     "2301 6745 ab89 efcd",
     "efcd ab89 6745 2301"),
    ("int64", -2,
     "ffff ffff ffff fffe",
     "fffe ffff ffff ffff",
     "ffff ffff ffff feff",
     "feff ffff ffff ffff"),
    ("float64", 1.0,
     "3ff0 0000 0000 0000",  # sign 0, exponent 1023, no fraction
     "0000 0000 0000 3ff0",
     "f03f 0000 0000 0000",
     "0000 0000 0000 f03f"),
    ("string", "PUMP 7",
     "5055 4d50 2037",  # PU MP and the last two
     "2037 4d50 5055",
     "5550 504d 3720",
     "3720 504d 5550"),
]  # fmt: skip


IN_TURN = [("big", "big"), ("little", "big"), ("big", "little"), ("little", "little")]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0])
def test_registers_of_a_value_in_each_order(vector):
    data_type, value, *in_turn = vector
    for (word_order, byte_order), cells in zip(IN_TURN, in_turn, strict=True):
        form = Form(data_type, word_order, byte_order)
        assert encoded(form, [value]) == bytes.fromhex(cells)
        assert form.decode(bytes.fromhex(cells)) == [value]


def encoded(form, values):
    if form.is_string:
        return form.encode_text(values[0], registers_of(values[0]))
    return form.encode(values)


SAMPLES = {
    "float32": [0.0, -0.5, 1.5e38, -(2.0**-149)],
    "float64": [0.1, -1e308, 5e-324],
    "string": ["Kessel \u00b0C"],
} | {
    name: [int(kind.low), 0, 1, int(kind.high)]
    for name, kind in TYPES.items()
    if isinstance(kind.low, int) and name != "string"
}


@pytest.mark.parametrize("byte_order", ORDERS)
@pytest.mark.parametrize("word_order", ORDERS)
@pytest.mark.parametrize("data_type", TYPES)
def test_registers_are_those_of_pymodbus(data_type, word_order, byte_order):
    form = Form(data_type, word_order, byte_order)
    theirs = ModbusClientMixin.DATATYPE[data_type.upper()]
    for value in SAMPLES[data_type]:
        registers = ModbusClientMixin.convert_to_registers(value, theirs, word_order)
        cells = struct.pack(
            f"{'<' if byte_order == 'little' else '>'}{len(registers)}H", *registers
        )
        assert encoded(form, [value]) == cells


def test_values_stand_one_behind_the_other():
    assert Form("int32", "little").encode([1, -1]) == bytes.fromhex("0001 0000 ffff ffff")
    assert Form("int32", "little").decode(bytes.fromhex("0001 0000 ffff ffff")) == [1, -1]
    assert Form("float64").encode([]) == b""
    assert Form("float64").decode(b"") == []


@pytest.mark.parametrize("data_type", NUMBERS)
def test_limits_of_every_type(data_type):
    form, kind = Form(data_type), TYPES[data_type]
    for limit, beyond in ((kind.low, -1), (kind.high, 1)):
        assert form.decode(form.encode([limit])) == [limit]
        further = limit + beyond if isinstance(limit, int) else int(limit) * 2
        with pytest.raises(ValueError, match="does not fit"):
            form.encode([further])


@pytest.mark.parametrize("data_type", NUMBERS)
@pytest.mark.parametrize("value", ["1", None, [], 10**400])
def test_what_is_no_number_is_refused(data_type, value):
    for form in (Form(data_type), Form(data_type, scale=0.5), Form(data_type, offset=1.5)):
        with pytest.raises(ValueError, match="does not fit"):
            form.encode([0, value])


@pytest.mark.parametrize("count", [1, 2, 3, 8, 1000])
def test_the_first_misfit_is_found(count):
    for place in {0, count // 3, count - 1}:
        values = [1] * place + [70_000] + [70_000, 1] * (count - place)
        assert Form().misfit(values) == place


@pytest.mark.parametrize(
    ("form", "value", "register", "back"),
    [
        (Form("uint16", scale=0.1), 21.5, 215, 21.5),
        (Form("uint16", scale=0.1), 21.549, 215, 21.5),
        (Form("uint16", scale=0.1), 21.551, 216, 21.6),
        (Form("uint16", scale=10), 215, 22, 220),  # 21.5: of two the even one
        (Form("uint16", scale=10), 225, 22, 220),
        (Form("uint16", offset=-40), -40, 0, -40),
        (Form("uint16", scale=0.5, offset=-40), 10.5, 101, 10.5),
        (Form("uint16", scale=-1), -7, 7, -7),
        (Form("int16", scale=0.01), -1.5, -150, -1.5),
        (Form("uint16", scale=1), 2.6, 3, 3),
        (Form("uint16", scale=0.1), 6553.54, 65535, 6553.5),
    ],
)
def test_scale_and_offset(form, value, register, back):
    cells = form.encode([value])

    assert struct.unpack(">h" if form.data_type == "int16" else ">H", cells) == (register,)
    assert form.decode(cells) == [pytest.approx(back)]


def test_floats_are_scaled_and_not_rounded():
    form = Form("float64", scale=1000.0, offset=1.0)

    assert form.encode([2501.0]) == struct.pack(">d", 2.5)
    assert form.decode(struct.pack(">d", 2.5)) == [2501.0]


def test_a_scaled_float_that_becomes_infinite_is_refused():
    form = Form("float64", scale=1e-300)

    with pytest.raises(ValueError, match="does not fit"):
        form.encode([1e300])


def test_large_integers_keep_every_digit_unless_divided():
    value = 2**64 - 1

    assert Form("uint64", scale=1, offset=0).encode([value]) == b"\xff" * 8


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (Form(), -1, "0..65535"),
        (Form("int64"), "x", "-9223372036854775808..9223372036854775807"),
        (Form("float32"), 1e39, "-3.40282346639e+38..3.40282346639e+38"),
        (Form("float32"), 10**39, "-3.40282346639e+38..3.40282346639e+38"),
        (Form("float32"), "x", "a number"),
        (Form("float32"), True, "a number"),
        (Form("float64"), float("nan"), "a number"),
        (Form("float64"), 10**400, "-1.79769313486e+308..1.79769313486e+308"),
        (Form("string"), 5, "a string"),
        (Form("uint16", scale=0.1), 7e3, "0..6553.5"),
        (Form("uint16", scale=-0.1, offset=5), 7e3, "-6548.5..5"),
        (Form("int16", offset=0.5), "x", "-32767.5..32767.5"),
    ],
)
def test_what_is_expected(form, value, expected):
    assert form.expected(value) == expected


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (Form(scale=0), ".scale: expected a number other than 0"),
        (Form("string", scale=1), ".scale: expected none for a string"),
        (Form("string", offset=0), ".offset: expected none for a string"),
    ],
)
def test_forms_that_make_no_sense(form, reason):
    with pytest.raises(ValueError, match="expected") as caught:
        form.check()

    assert str(caught.value) == reason


def test_a_string_that_is_no_utf8_is_shown_as_far_as_possible():
    assert Form("string").decode(b"A\xffB\0\0\0") == ["A\ufffdB"]


def test_a_form_of_what_is_given():
    nothing = (UNSET,) * 5

    assert form_of(*nothing) == Form()
    assert form_of(*nothing) is form_of(*nothing)
    assert form_of("int16", UNSET, "little", 2.0, UNSET) == Form("int16", "big", "little", 2.0)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("A", 1), ("AB", 1), ("\u00b0C", 2)])
def test_registers_of_a_string(text, count):
    assert registers_of(text) == count
