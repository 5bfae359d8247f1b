import struct

import pytest

from aoba.errors import DocumentError, IllegalDataAddress, ServerDeviceFailure
from aoba.modbus.spec import Table
from aoba.registers import image as image_module
from aoba.registers.image import Image
from builders import CLIENT, a_range, a_station, decoded, one_range, stations

A, B = "a.py", "b.py"


@pytest.fixture
def image():
    return Image()


def put(image, value, source=A, **more):
    image.apply(source, decoded(value), **more)


def get(image, table, start, count, unit=1):
    cells = image.stations[unit].read(Table[table.upper()], start, count)
    return list(cells if len(cells) == count else struct.unpack(f">{count}H", cells))


def bus_write(image, table, start, *values, unit=1):
    cells = bytes(values) if table == "coils" else struct.pack(f">{len(values)}H", *values)
    image.stations[unit].write(Table[table.upper()], start, cells, CLIENT)


def undefined(image, table, start, unit=1):
    with pytest.raises(IllegalDataAddress):
        image.stations[unit].read(Table[table.upper()], start, 1)
    return True


TABLES = ["coils", "discrete_inputs", "holding", "input"]


@pytest.mark.parametrize("mode", ["master", "slave"])
@pytest.mark.parametrize("table", TABLES)
def test_a_document_defines_and_fills(image, table, mode):
    put(image, one_range(table, 10, [1, 0, 1], mode=mode, length=5))

    assert get(image, table, 10, 5) == [1, 0, 1, 0, 0]
    assert undefined(image, table, 9)
    assert undefined(image, table, 15)


def test_no_stations_change_nothing(image):
    put(image, stations())

    assert image.stations == {}


def test_a_station_without_ranges_exists(image):
    put(image, stations(a_station(7)))

    assert list(image.stations) == [7]
    assert undefined(image, "holding", 0, unit=7)


@pytest.mark.parametrize("table", TABLES)
def test_master_values_replace_what_is_there(image, table):
    put(image, one_range(table, 0, [1, 1, 1]))
    put(image, one_range(table, 0, [0, 1, 0]))

    assert get(image, table, 0, 3) == [0, 1, 0]


@pytest.mark.parametrize("table", ["coils", "holding"])
def test_master_a_write_lasts_until_the_next_value(image, table):
    put(image, one_range(table, 0, [0, 0, 0]))
    bus_write(image, table, 0, 1, 1, 1)
    assert get(image, table, 0, 3) == [1, 1, 1]

    put(image, one_range(table, 0, [0], length=3))  # fewer values leave the rest as it is
    assert get(image, table, 0, 3) == [0, 1, 1]


@pytest.mark.parametrize("table", ["discrete_inputs", "input"])
def test_slave_inputs_follow_the_script(image, table):
    put(image, one_range(table, 0, [1, 1], mode="slave"))
    put(image, one_range(table, 0, [0, 1], mode="slave"))

    assert get(image, table, 0, 2) == [0, 1]


@pytest.mark.parametrize("table", ["coils", "holding"])
def test_slave_takes_initial_values_once(image, table):
    put(image, one_range(table, 0, [1, 1], mode="slave"))
    bus_write(image, table, 0, 0)
    put(image, one_range(table, 0, [1, 0], mode="slave"))

    assert get(image, table, 0, 2) == [0, 1]


@pytest.mark.parametrize("table", ["coils", "holding"])
@pytest.mark.parametrize("start", [0, 1, 1000])
def test_slave_fills_only_what_is_new_of_a_range(image, table, start):
    put(image, one_range(table, start + 2, [0, 0], mode="slave"))
    put(image, one_range(table, start, [1, 1, 1, 1, 1, 1], mode="slave"))

    assert get(image, table, start, 6) == [1, 1, 0, 0, 1, 1]


def test_slave_with_fewer_values_than_new_addresses(image):
    put(image, one_range("holding", 2, [9, 9], mode="slave"))
    put(image, one_range("holding", 0, [1, 1, 1, 1, 5], mode="slave", length=8))

    assert get(image, "holding", 0, 8) == [1, 1, 9, 9, 5, 0, 0, 0]


def test_a_range_that_is_left_out_stays(image):
    put(image, one_range("holding", 0, [1, 2]))
    put(image, one_range("holding", 5, [3]))

    assert get(image, "holding", 0, 2) == [1, 2]
    assert get(image, "holding", 5, 1) == [3]


def test_adjacent_ranges_in_any_order_are_read_in_one_go(image):
    ranges = [a_range(4, [5, 6]), a_range(0, [1, 2]), a_range(2, [3, 4])]
    put(image, stations(a_station(holding=ranges)))

    assert get(image, "holding", 0, 6) == [1, 2, 3, 4, 5, 6]


def test_stations_do_not_mix(image):
    put(image, stations(a_station(1, holding=[a_range(0, [1])]), a_station(2)))
    put(image, stations(a_station(247, "slave", holding=[a_range(0, [3])])))

    assert get(image, "holding", 0, 1, unit=1) == [1]
    assert undefined(image, "holding", 0, unit=2)
    assert get(image, "holding", 0, 1, unit=247) == [3]


def test_full_tables(image):
    registers = [i * 7 % 65536 for i in range(65536)]
    bits = [i // 5 % 2 for i in range(65536)]
    values = {"coils": bits, "discrete_inputs": bits, "holding": registers, "input": registers}
    put(image, stations(a_station(**{table: [a_range(0, v)] for table, v in values.items()})))

    for table, expected in values.items():
        assert get(image, table, 0, 65536) == expected


def test_two_sources_share_a_station_and_a_table(image):
    put(image, one_range("holding", 0, [1, 2]), A)
    put(image, one_range("holding", 2, [3, 4]), B)

    assert get(image, "holding", 0, 4) == [1, 2, 3, 4]


def test_the_first_source_keeps_an_address_and_both_are_named(image):
    put(image, one_range("holding", 0, [1, 2, 3]), A)
    good, bad = a_station(2, coils=[a_range(0, [1])]), a_station(1, holding=[a_range(2, [9, 9])])

    with pytest.raises(DocumentError) as caught:
        put(image, stations(good, bad), B)

    assert caught.value.path == "stations[1].map.holding[0]"
    assert caught.value.reason == "station 1 holding 2 already belongs to a.py"
    assert get(image, "holding", 0, 3) == [1, 2, 3]
    assert undefined(image, "holding", 3)
    assert list(image.stations) == [1]  # not even what was right about it


def test_a_conflict_names_every_address_of_the_first_span(image):
    put(image, stations(a_station(input=[a_range(10, length=20), a_range(50, length=5)])), A)

    with pytest.raises(DocumentError, match=r"station 1 input 10\.\.29 already belongs to a\.py"):
        put(image, one_range("input", 0, length=100), B)


def test_the_same_addresses_of_another_table_or_station_are_no_conflict(image):
    put(image, one_range("holding", 0, [1]), A)
    put(image, one_range("input", 0, [2]), B)
    put(image, stations(a_station(2, holding=[a_range(0, [3])])), B)

    assert get(image, "holding", 0, 1) == [1]
    assert get(image, "holding", 0, 1, unit=2) == [3]


def test_replace_forgets_what_the_source_does_not_define_again(image):
    put(image, stations(a_station(1, holding=[a_range(0, [1, 2])]), a_station(2)))
    put(image, one_range("holding", 1, length=1), replace=True)

    assert undefined(image, "holding", 0)
    assert get(image, "holding", 1, 1) == [0]  # afresh, not 2
    assert list(image.stations) == [1]


def test_replace_gives_slave_ranges_their_initial_values_again(image):
    put(image, one_range("holding", 0, [1], mode="slave"))
    bus_write(image, "holding", 0, 99)
    put(image, one_range("holding", 0, [2], mode="slave"), replace=True)

    assert get(image, "holding", 0, 1) == [2]


def test_replace_leaves_the_other_source_alone(image):
    put(image, one_range("holding", 0, [1, 2]), A)
    put(image, one_range("holding", 2, [3, 4]), B)
    bus_write(image, "holding", 3, 44)
    put(image, stations(), A, replace=True)

    assert undefined(image, "holding", 1)
    assert get(image, "holding", 2, 2) == [3, 44]


def test_replace_frees_addresses_for_the_other_source(image):
    put(image, one_range("holding", 0, [1]), A)
    put(image, stations(), A, replace=True)
    put(image, one_range("holding", 0, [2]), B)

    assert get(image, "holding", 0, 1) == [2]
    with pytest.raises(DocumentError, match=r"belongs to b\.py"):
        put(image, one_range("holding", 0, [3]), A)


def test_a_refused_replacement_changes_nothing(image):
    put(image, one_range("holding", 0, [1]), A)
    put(image, one_range("holding", 1, [2]), B)

    with pytest.raises(DocumentError):
        put(image, one_range("holding", 1, [9]), A, replace=True)
    assert get(image, "holding", 0, 2) == [1, 2]


@pytest.mark.parametrize(
    ("mode", "left"), [("master", [0x40A0, 0, 7, 0, 0, 0]), ("slave", [0x3FC0, 0, 7, 0, 0, 0])]
)
def test_typed_values_follow_the_mode_address_by_address(image, mode, left):
    typed = {"data_type": "float32", "mode": mode}
    put(image, one_range("holding", 0, [1.5, 2.5], length=6, **typed))
    bus_write(image, "holding", 2, 7, 0)
    put(image, one_range("holding", 0, [5.0], length=6, **typed))

    assert get(image, "holding", 0, 6) == left


def test_of_a_typed_value_a_slave_takes_the_registers_that_are_new(image):
    put(image, one_range("holding", 0, [9], mode="slave"))
    put(image, one_range("holding", 0, [0x00010002], mode="slave", data_type="uint32"))

    assert get(image, "holding", 0, 2) == [9, 2]


def withheld(image, table, start, count, unit=1):
    with pytest.raises(ServerDeviceFailure):
        image.stations[unit].read(Table[table.upper()], start, count)
    return True


@pytest.mark.parametrize("mode", ["master", "slave"])
@pytest.mark.parametrize("table", TABLES)
def test_what_is_withheld_is_refused_or_reads_as_zero(image, table, mode):
    put(image, one_range(table, 0, [1, 1], mode=mode))
    image.mark_stale(A, as_zero=False)
    assert withheld(image, table, 0, 2)

    image.mark_stale(A, as_zero=True)
    assert get(image, table, 0, 2) == [0, 0]


def test_an_address_that_is_not_defined_comes_before_one_that_is_withheld(image):
    put(image, one_range("holding", 0, [1]))
    image.mark_stale(A, as_zero=False)

    assert undefined(image, "holding", 1)
    with pytest.raises(IllegalDataAddress):
        image.stations[1].read(Table.HOLDING, 0, 2)


@pytest.mark.parametrize("table", TABLES)
def test_of_a_read_across_sources_only_the_withheld_part_is_zero(image, table):
    put(image, stations(a_station(**{table: [a_range(0, [1, 1]), a_range(4, [1, 1])]})), A)
    put(image, one_range(table, 2, [1, 1]), B)
    image.mark_stale(A, as_zero=True)

    assert get(image, table, 1, 4) == [0, 1, 1, 0]
    assert get(image, table, 2, 2) == [1, 1]


def test_a_read_that_touches_what_is_withheld_is_refused_as_a_whole(image):
    put(image, one_range("holding", 0, [1, 2]), A)
    put(image, one_range("holding", 2, [3, 4]), B)
    image.mark_stale(A, as_zero=False)

    assert withheld(image, "holding", 1, 2)
    assert get(image, "holding", 2, 2) == [3, 4]


def test_writes_to_what_is_withheld_count_when_it_is_back(image):
    put(image, one_range("holding", 0, [1, 2]))
    image.mark_stale(A, as_zero=False)
    bus_write(image, "holding", 0, 9)
    put(image, one_range("holding", 1, [3]))

    assert get(image, "holding", 0, 2) == [9, 3]


def test_the_next_document_brings_back_what_was_withheld_and_a_refused_one_does_not(image):
    put(
        image,
        stations(a_station(1, holding=[a_range(0, [1])]), a_station(2, coils=[a_range(0, [1])])),
    )
    put(image, one_range("holding", 5, [1]), B)
    image.mark_stale(A, as_zero=False)
    with pytest.raises(DocumentError):
        put(image, one_range("holding", 5, [2]), A)
    assert withheld(image, "holding", 0, 1)

    put(image, one_range("input", 0, [1]), A)
    assert get(image, "holding", 0, 1) == [1]
    assert get(image, "coils", 0, 1, unit=2) == [1]


def test_replacing_one_source_does_not_bring_back_the_other(image):
    put(image, one_range("holding", 0, [1]), A)
    put(image, one_range("holding", 1, [2]), B)
    image.mark_stale(B, as_zero=False)
    put(image, one_range("holding", 0, [3]), A, replace=True)

    assert get(image, "holding", 0, 1) == [3]
    assert withheld(image, "holding", 1, 1)


def test_a_source_without_a_document_has_nothing_to_withhold(image):
    image.mark_stale(A, as_zero=False)
    put(image, one_range("holding", 0, [1]))

    assert get(image, "holding", 0, 1) == [1]


def test_blocks_are_the_true_values_of_a_source_in_order(image):
    put(
        image,
        stations(a_station(2, coils=[a_range(7, [1])]), a_station(1, input=[a_range(0, [5])])),
    )
    put(image, one_range("input", 1, [6]), B)
    bus_write(image, "coils", 7, 0, unit=2)
    image.mark_stale(A, as_zero=True)

    assert list(image.blocks(A)) == [(1, Table.INPUT, 0, b"\0\5"), (2, Table.COILS, 7, b"\0")]
    assert list(image.blocks("c.py")) == []


def test_a_conflict_is_looked_for_among_the_sources_of_a_station_alone(image, monkeypatch):
    looked_at = []
    overlaps = image_module._overlaps
    monkeypatch.setattr(
        image_module,
        "_overlaps",
        lambda bank, *more: looked_at.append(bank) or overlaps(bank, *more),
    )
    for unit in range(1, 101):
        put(image, stations(a_station(unit, holding=[a_range(0, [1])])), f"{unit}.py")
    assert looked_at == []
    put(image, stations(a_station(7, holding=[a_range(1, [1])])), A)

    assert looked_at == [image.stations[7]]
