from aoba.client.blocks import Block
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.sources.devices.document import polled
from aoba.spans import Span


def block(table, start, stop):
    return Block(3, table, Span(start, stop))


def test_cells_of_all_tables_are_those_of_the_station():
    image = Image()
    parts = [
        (block(Table.COILS, 0, 3), b"\1\0\1"),
        (block(Table.DISCRETE_INPUTS, 5, 6), b"\1"),
        (block(Table.HOLDING, 9, 11), b"\x12\x34\xff\xff"),
        (block(Table.INPUT, 65535, 65536), b"\0\7"),
    ]
    image.apply("device", polled(7, parts))

    for (_, table, (start, stop)), cells in parts:
        assert image.stations[7].read(table, start, stop - start) == cells


def test_parts_that_touch_become_one_range():
    parts = [(block(Table.HOLDING, i, i + 2), bytes([0, i, 0, i + 1])) for i in (0, 2, 4, 7)]

    (station,) = polled(1, parts).stations
    assert [tuple(item.span) for item in station.map.holding] == [(0, 6), (7, 9)]
    assert station.map.holding[0].initial_values == [0, 1, 2, 3, 4, 5]
    assert station.mode == "master"


def test_the_longest_poll_there_can_be():
    parts = [(block(Table.INPUT, i, i + 125), bytes(250)) for i in range(0, 65500, 125)]

    (station,) = polled(1, parts).stations
    assert len(station.map.input) == 1
