import pytest

from aoba.document.summary import summary
from builders import a_range, a_station, decoded, stations


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (stations(), "no stations"),
        (stations(a_station(7)), "station 7 (master) "),
        (
            stations(a_station(1, "slave", input=[a_range(3, [1])], coils=[a_range(0, length=2)])),
            "station 1 (slave) coils 0..1, input 3",
        ),
        (
            stations(a_station(1, coils=[a_range(2 * i, [1]) for i in range(6)])),
            "station 1 (master) coils 0 2 4 6 and 2 more",
        ),
        (
            stations(*(a_station(unit, input=[a_range(0, [1])]) for unit in range(1, 7))),
            "; ".join(f"station {unit} (master) input 0" for unit in range(1, 5))
            + "; 2 more stations",
        ),
    ],
)
def test_in_one_line(value, text):
    assert summary(decoded(value)) == text
