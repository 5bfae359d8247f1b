import pytest

from aoba.document.ranges import BitRange, HoldingRange, RegisterRange
from aoba.document.schema import Document, RegisterMap, Station
from aoba.modbus.spec import Table
from aoba.spans import Span


def test_tables_are_those_given():
    bits, registers, inputs = [BitRange(0, 1)], [HoldingRange(0, 1)], [RegisterRange(0, 1)]

    assert list(RegisterMap().tables()) == []
    assert list(RegisterMap(holding=registers, discrete_inputs=bits, coils=[]).tables()) == [
        (Table.COILS, []),
        (Table.DISCRETE_INPUTS, bits),
        (Table.HOLDING, registers),
    ]
    assert list(RegisterMap(input=inputs).tables()) == [(Table.INPUT, inputs)]


def document(**tables):
    return Document([Station(1, "master", RegisterMap(**tables))])


@pytest.mark.parametrize(
    ("spans", "overlap"),
    [
        ([(0, 5), (4, 1)], "{}[1]: addresses 4 overlap {}[0], 0..4"),
        ([(4, 2), (0, 5)], "{}[0]: addresses 4..5 overlap {}[1], 0..4"),
        ([(3, 1), (9, 1), (3, 1)], "{}[2]: addresses 3 overlap {}[0], 3"),
        ([(0, 65536), (65535, 1)], "{}[1]: addresses 65535 overlap {}[0], 0..65535"),
    ],
)
def test_ranges_that_overlap_are_named_both(spans, overlap):
    with pytest.raises(ValueError, match="overlap") as caught:
        document(input=[RegisterRange(start, length) for start, length in spans])

    path = "stations[0].map.input"
    assert str(caught.value) == overlap.format(path, path)


def test_adjacent_ranges_and_other_tables_do_not_overlap():
    registers = [RegisterRange(5, 5), RegisterRange(0, 5), RegisterRange(10, 5)]
    holding = [HoldingRange(5, 5), HoldingRange(0, 5), HoldingRange(10, 5)]

    built = document(input=registers, holding=holding, coils=[BitRange(0, 15)])

    assert [len(ranges) for _, ranges in built.stations[0].map.tables()] == [1, 3, 3]
    assert built.stations[0].map.holding[0].span == Span(5, 10)


def test_a_station_id_stands_once():
    some = [Station(unit, "slave", RegisterMap()) for unit in (3, 4, 5, 4)]

    with pytest.raises(ValueError, match="already") as caught:
        Document(some)
    assert str(caught.value) == "stations[3].id: 4 is already the id of stations[1]"


def test_all_station_ids_at_once():
    assert (
        len(Document([Station(i, "slave", RegisterMap()) for i in range(1, 248)]).stations) == 247
    )
