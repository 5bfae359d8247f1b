"""Typed values: what fits comes back, and what does not is an error that says where."""

import math
import re
import struct

from hypothesis import given
from hypothesis import strategies as st

from aoba.document.decode import decode
from aoba.document.values import TYPES, Form
from aoba.errors import DocumentError
from builders import one_range, raw

ORDERS = st.sampled_from(["big", "little"])
NUMBERS = [name for name in TYPES if name != "string"]


def values_of(name):
    kind = TYPES[name]
    if name == "string":
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    if name.startswith("float"):
        return st.floats(width=int(name[5:]), allow_nan=False, allow_infinity=False)
    return st.integers(int(kind.low), int(kind.high))


@st.composite
def typed_values(draw):
    name = draw(st.sampled_from([*TYPES]))
    most = 1 if name == "string" else 20
    values = draw(st.lists(values_of(name), min_size=1, max_size=most))
    return name, values


@given(typed_values(), ORDERS, ORDERS, st.integers(0, 30))
def test_what_fits_comes_back(typed, word_order, byte_order, more):
    name, values = typed
    form = Form(name, word_order, byte_order)
    size = sum(len(v.encode()) + 1 for v in values) // 2 if form.is_string else len(values)
    length = max(1, (size + more) * form.registers)
    value = one_range(
        "holding", 9, values, length=length,
        data_type=name, word_order=word_order, byte_order=byte_order,
    )  # fmt: skip
    (item,) = decode(raw(value)).document.stations[0].map.holding

    assert item.span == (9, 9 + length)
    if form.is_string:
        assert len(item.cells()) == 2 * length
        assert form.decode(item.cells()) == [values[0].rstrip("\0")]
    else:
        assert len(item.cells()) == 2 * form.registers * len(values)
        assert form.decode(item.cells()) == values


@given(
    st.sampled_from(["int16", "uint32", "int64", "uint64"]),
    st.lists(st.integers(-30_000, 30_000), min_size=1),
    st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3),
    st.floats(-1e3, 1e3),
)
def test_what_is_scaled_comes_back_within_half_a_step(name, steps, scale, offset):
    steps = [abs(step) for step in steps] if name.startswith("u") else steps
    form = Form(name, scale=scale, offset=offset)
    values = [step * scale + offset for step in steps]

    back = form.decode(form.encode(values))
    assert all(
        math.isclose(new, old, rel_tol=1e-9, abs_tol=abs(scale) * 0.51)
        for new, old in zip(back, values, strict=True)
    )


anything = (
    st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from([[], {}, 10**300, 10**400, -(10**400), 1e308])
)
odd_numbers = st.none() | st.floats() | st.integers() | st.sampled_from([0, 10**400, "1", 1e-320])


@given(
    st.sampled_from([*TYPES, "uint8"]),
    st.lists(anything, max_size=6) | anything,
    st.fixed_dictionaries(
        {},
        optional={
            "word_order": ORDERS | anything,
            "byte_order": ORDERS | anything,
            "scale": odd_numbers,
            "offset": odd_numbers,
            "length": st.integers(-1, 9),
            "name": anything,
            "unit": anything,
        },
    ),
)
def test_anything_fits_or_is_an_error_that_says_where(name, values, more):
    data = raw(one_range("input", 0, values, data_type=name, **more))
    try:
        (item,) = decode(data).document.stations[0].map.input
    except DocumentError as error:
        message = str(error)
    else:
        assert len(item.cells()) <= 2 * (item.span.stop - item.span.start)
        assert item.form.decode(item.cells()) is not None
        return
    assert re.match(r"stations\[0\]\.map\.input\[0\][.:]", message)
    assert re.search(r": .*(expected .*, got |missing)", message)
    assert message.isprintable()


@given(st.sampled_from(NUMBERS), st.lists(anything, min_size=1, max_size=8))
def test_the_place_is_that_of_a_value_that_does_not_fit(name, values):
    message = refusal(name, values)
    if message is None:
        assert [refusal(name, [value]) for value in values] == [None] * len(values)
    else:
        (place,) = re.findall(r"initial_values\[(\d+)\]", message)
        assert refusal(name, [values[int(place)]]) == message.replace(f"[{place}]:", "[0]:")


def refusal(name, values):
    try:
        decode(raw(one_range("input", 0, values, data_type=name)))
    except DocumentError as error:
        return str(error)
    return None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_a_float32_is_the_nearest_there_is_or_too_large(values):
    form = Form("float32")
    try:
        back = form.decode(form.encode(values))
    except ValueError:
        assert any(abs(value) > TYPES["float32"].high for value in values)
    else:
        assert back == [struct.unpack("f", struct.pack("f", value))[0] for value in values]
