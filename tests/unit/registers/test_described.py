"""Which description of an address holds, and the values of its registers."""

import pytest

from aoba.modbus.spec import Table
from aoba.registers.described import Descriptions
from aoba.registers.image import Image
from builders import a_range, a_station, decoded, stations


def shown(*documents, unit=1, table=Table.INPUT):
    """(first address, name, unit, values) of what is described after `documents`."""
    descriptions, image = Descriptions(), Image()
    for ranges in documents:
        document = decoded(stations(a_station(unit, input=list(ranges))))
        image.apply("x", document)
        descriptions.note(document)
    return [
        (it.span.start, it.name, it.unit, it.values(image.stations[unit], table))
        for _, it in descriptions.of(unit)
    ]


FLOATS = a_range(0, [1.5, 2.5, 3.5], data_type="float32", name="flow", unit="m/s")


def test_plain_registers_say_nothing():
    assert shown([a_range(0, [1]), a_range(5, [1], data_type="uint16")]) == []


@pytest.mark.parametrize(
    "more",
    [
        {"name": "n"},
        {"unit": "V"},
        {"scale": 1},
        {"offset": 0},
        {"data_type": "int16"},
        {"byte_order": "little"},
    ],
)
def test_any_word_more_is_shown(more):
    assert len(shown([a_range(0, [1], **more)])) == 1


def test_in_the_order_of_addresses():
    later = a_range(9, [7], name="later")

    assert [it[0] for it in shown([later, FLOATS])] == [0, 9]


@pytest.mark.parametrize(
    ("second", "result"),
    [
        # values for a part of it
        (a_range(2, [9.5], data_type="float32"), [(0, "flow", "m/s", [1.5, 9.5, 3.5])]),
        (a_range(2, [9.5], data_type="float32", unit="m/s"), [(0, "flow", "m/s", [1.5, 9.5, 3.5])]),
        # the same again, or under another name
        (FLOATS, [(0, "flow", "m/s", [1.5, 2.5, 3.5])]),
        (FLOATS | {"name": "speed"}, [(0, "speed", "m/s", [1.5, 2.5, 3.5])]),
        # something else
        (a_range(1, [9.5], data_type="float32"), [(1, None, None, [9.5])]),
        (a_range(2, [9.5], data_type="float32", name="n"), [(2, "n", None, [9.5])]),
        (a_range(4, [1.5, 2.5], data_type="float32"), [(4, None, None, [1.5, 2.5])]),
        (a_range(5, [9]), []),
        # beside it
        (a_range(6, [9]), [(0, "flow", "m/s", [1.5, 2.5, 3.5])]),
        (a_range(6, [9], name="n"), [(0, "flow", "m/s", [1.5, 2.5, 3.5]), (6, "n", None, [9])]),
    ],
)
def test_the_newest_description_holds(second, result):
    assert shown([FLOATS], [second]) == result


@pytest.mark.parametrize(
    ("value", "more", "result"),
    [
        (21.3, {"data_type": "float32"}, 21.3),
        (-1e-7, {"data_type": "float32"}, -1e-7),
        (16777217.0, {"data_type": "float32"}, 16777216.0),
        (3.4028234663852886e38, {"data_type": "float32"}, 3.4028235e38),
        (0.1, {"data_type": "float64"}, 0.1),
        (0.3, {"scale": 0.1}, 0.3),
        (1e300, {"data_type": "float64", "scale": 0.1}, 1e300),
        (2**64 - 1, {"data_type": "uint64"}, 2**64 - 1),
        ("PUMP", {"data_type": "string"}, "PUMP"),
    ],
)
def test_values_have_no_more_digits_than_they_need(value, more, result):
    ((*_, values),) = shown([a_range(0, [value], name="n", **more)])

    assert values == [result]


def test_the_first_values_are_enough_for_the_table():
    document = decoded(stations(a_station(input=[FLOATS], coils=[a_range(0, [1] * 9, name="n")])))
    descriptions, image = Descriptions(), Image()
    image.apply("x", document)
    descriptions.note(document)
    (_, bits), (_, floats) = descriptions.of(1)

    assert (bits.size, bits.values(image.stations[1], Table.COILS, 2)) == (9, [1, 1])
    assert (floats.size, floats.values(image.stations[1], Table.INPUT, 2)) == (3, [1.5, 2.5])
