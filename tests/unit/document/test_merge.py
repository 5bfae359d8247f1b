"""What merged documents keep besides values; those are in `property/test_merged_documents`."""

import msgspec
import pytest

from aoba.document.decode import decode
from aoba.document.merge import Merged
from builders import a_range, a_station, decoded, one_range, raw, stations

EVERYTHING = stations(
    a_station(
        1,
        "slave",
        coils=[a_range(0, [True, 0, 7], name="valves")],
        discrete_inputs=[a_range(3, length=4)],
        holding=[
            a_range(0, [-1, 32767], data_type="int16"),
            a_range(2, [2**32 - 1], data_type="uint32", word_order="little"),
            a_range(4, [-(2**31)], data_type="int32", byte_order="little"),
            a_range(6, [2**64 - 1], data_type="uint64"),
            a_range(10, [-(2**63)], data_type="int64", word_order="little", byte_order="little"),
            a_range(14, [0.1, 1e30], data_type="float32", unit="bar"),
            a_range(18, [0.1, 1e300], data_type="float64"),
            a_range(26, [21.5, 8], data_type="int16", scale=0.5, offset=-3, name="set point"),
            {"address_start": 30, "initial_values": "Kessel ä", "data_type": "string", "length": 9},
            a_range(900, [1, 2, 3], fifo=True),
        ],
        input=[a_range(0, [1], length=20)],
    )
    | {"files": {"7": {"records": [1, 2, 65535]}}, "identity": {"model_name": "T"}},
    a_station(2),
    reboot_interval=250,
)


def merged(*items):
    result = Merged()
    for item in items:
        result.add(decoded(item))
    return result.document()


def encoded(*items):
    return msgspec.json.decode(msgspec.json.encode(merged(*items)))


@pytest.mark.parametrize("times", [1, 2])
def test_a_document_that_comes_again_stays_as_it_is(times):
    assert encoded(*times * [EVERYTHING]) == EVERYTHING
    assert decode(raw(encoded(*times * [EVERYTHING]))).document == decoded(EVERYTHING)


def test_identity_of_a_document_becomes_that_of_its_stations():
    first = stations(a_station(1), a_station(2), identity={"vendor_name": "V", "0x8a": "x"})
    second = stations(a_station(1) | {"identity": {"model_name": "M"}})
    one, two = encoded(first, second)["stations"]

    assert one["identity"] == {"vendor_name": "V", "0x8A": "x", "model_name": "M"}
    assert two["identity"] == {"vendor_name": "V", "0x8A": "x"}


def test_the_newest_mode_and_interval():
    first = one_range("holding", 0, [1], mode="slave") | {"reboot_interval": 50}
    document = merged(first, one_range("holding", 0, [2], mode="master"))

    assert document.stations[0].mode == "master"
    assert document.reboot_interval == 50


def test_what_is_said_of_values_stays_where_ranges_stand_as_they_did():
    first = one_range("input", 0, [1.5], data_type="float32", name="level")
    second = one_range("input", 2, [2.5], data_type="float32", name="flow")
    third = one_range("input", 0, [1.75], data_type="float32", name="level")

    assert encoded(first, second, third)["stations"][0]["map"]["input"] == [
        a_range(0, [1.75], data_type="float32", name="level"),
        a_range(2, [2.5], data_type="float32", name="flow"),
    ]


def test_an_older_range_that_is_cut_leaves_plain_registers():
    first = one_range("input", 0, [1.5, 2.5], data_type="float32", length=8)
    second = one_range("input", 1, [7])

    assert encoded(first, second)["stations"][0]["map"]["input"] == [
        a_range(0, [0x3FC0]),  # the upper half of 1.5
        a_range(1, [7]),
        a_range(2, [0x4020, 0]),  # 2.5
        a_range(4, length=4),
    ]


def test_a_range_that_gives_fewer_values_leaves_the_others():
    first = one_range("coils", 0, [1, 1, 1, 1])
    second = one_range("coils", 0, [0], length=4)

    assert encoded(first, second)["stations"][0]["map"]["coils"] == [
        a_range(0, [0]),
        a_range(1, [1, 1, 1]),
    ]
