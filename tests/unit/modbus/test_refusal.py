"""What the log of the server says of a refused request, and which of them are of one kind."""

import pytest

from aoba.errors import RequestError, UnknownUnit
from aoba.modbus.answer import answer
from aoba.modbus.frame_history import FrameHistory
from aoba.modbus.peer import READING_FUNCTIONS, READONLY, Peer
from aoba.modbus.refusal import kind, refusal_words
from aoba.registers.image import Image
from builders import FakeDevice, a_range, a_station, decoded, stations


class Noting(FrameHistory):
    """Makes words of what was refused."""

    def __init__(self):
        super().__init__()
        self.words = []

    def refused(self, unit, pdu, code, reason):
        self.words.append(refusal_words(unit, pdu, code, reason))


@pytest.fixture
def image():
    image = Image()
    holding = [a_range(0, [1] * 10), a_range(20, [1] * 5), a_range(31, [1])]
    image.apply(
        "boiler.py", decoded(stations(a_station(input=[a_range(0, [1] * 34)], holding=holding)))
    )
    return image


def told(image, pdu, client=None):
    client = client or Peer("10.0.0.7 port 1")
    client.history = record = Noting()
    response = answer(image.stations[1], bytes.fromhex(pdu), client)
    assert response[0] & 0x80
    (words,) = record.words
    return words


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        ("04 0000 0064", "station 1 input 0..99 refused with 02: 34..99 are in no range"),
        ("04 0022 0001", "station 1 input 34 refused with 02: 34 is in no range"),
        ("03 0000 0020", "station 1 holding 0..31 refused with 02: 10..19, 25..30 are in no range"),
        (
            "03 FFFE 0004",
            (
                "station 1 holding 65534..65537 refused with 02: "
                "65534..65537 are in no range; addresses end at 65535"
            ),
        ),
        (
            "03 9C41 0002",
            (
                "station 1 holding 40001..40002 refused with 02: 40001..40002 are in no range "
                "(addresses count from 0: 40001 of a manual may be 0 here)"
            ),
        ),
        ("01 0000 0001", "station 1 coils 0 refused with 02: the station has no coils"),
        ("05 0000 FF00", "station 1 coils 0 refused with 02: the station has no coils"),
        ("10 0009 0002 04 00010002", "station 1 holding 9..10 refused with 02: 10 is in no range"),
        ("16 000A 0000 0000", "station 1 holding 10 refused with 02: 10 is in no range"),
        (
            "17 0000 0002 000A 0001 02 0001",
            "station 1 holding 0..1 and 10 refused with 02: 10 is in no range",
        ),
        ("18 0005", "station 1 Read FIFO Queue refused with 02: fifo 5 is not defined"),
        (
            "14 07 06 0003 0005 0002",
            "station 1 Read File Record refused with 02: file 3 record 5..6 is not defined",
        ),
        (
            "03 0000 007E",
            "station 1 Read Holding Registers refused with 03: quantity: expected 1..125, got 126",
        ),
        ("41", "station 1 function 41 refused with 01: function code 65 is not supported"),
        ("2B 0D 00", "station 1 Read Device Identification refused with 01: MEI type 13"),
        ("0B", "station 1 Get Comm Event Counter refused with 01: the function is for serial"),
    ],
)
def test_what_was_asked_and_why_it_was_refused(image, pdu, words):
    assert told(image, pdu).startswith(words)


def test_many_gaps_are_not_all_named(image):
    ranges = [a_range(i, [1]) for i in range(100, 120, 2)]
    image.apply("b.py", decoded(stations(a_station(holding=ranges))))

    assert told(image, "03 0064 0014").endswith(": 101, 103, 105, 107, 109, ... are in no range")


def test_a_write_where_only_reading_is_allowed(image):
    client = Peer("10.0.0.7 port 1", None, READING_FUNCTIONS, READONLY)

    assert told(image, "06 0000 0001", client) == (
        "station 1 holding 0 refused with 01: the link has readonly=true"
    )
    assert "function code 65 is not supported" in told(image, "41", client)


def test_a_stale_source_is_named(image):
    image.mark_stale("boiler.py", as_zero=False)

    assert told(image, "04 0002 0003") == (
        "station 1 input 2..4 refused with 04: 2..4 are stale, boiler.py gives no documents"
    )


def test_a_device_that_refuses_is_named(image):
    class Pump(FakeDevice):
        def __str__(self):
            return "tcp://10.0.0.5:502 unit 3"

    image.delegate("pump", Pump())
    image.apply("pump", decoded(stations(a_station(7, holding=[a_range(5, [1])]))))
    client = Peer("10.0.0.7 port 1")
    client.history = record = Noting()
    for code in (2, 6, 0x0B):
        device = image.stations[7].delegated["pump"].device
        device.codes = [code]
        pending = answer(image.stations[7], bytes.fromhex("06 0005 0001"), client)
        with pytest.raises(StopIteration) as ended:
            pending.ask().send(None)
        pending.finish(ended.value.value)

    assert record.words == [
        "station 7 holding 5 refused with 02: so says tcp://10.0.0.5:502 unit 3",
        (
            "station 7 holding 5 refused with 06: too much waits for tcp://10.0.0.5:502 unit 3, "
            "or it says that it is busy"
        ),
        "station 7 holding 5 refused with 0B: no answer of tcp://10.0.0.5:502 unit 3",
    ]


@pytest.mark.parametrize(
    ("units", "there"),
    [
        ([], "there are none yet"),
        ([1], "there is 1"),
        ([2, 1], "there are 1, 2"),
        ([1, 2, 3, 7], "there are 1..3, 7"),
        ([1, 3, 5, 7, 9, 11], "there are 1, 3, 5, 7, 9, ..."),
    ],
)
def test_units_that_there_are(units, there):
    error = UnknownUnit(9, units)

    assert refusal_words(9, b"\x04\0\0\0\1", error.code, error.reason) == (
        f"station 9 input 0 refused with 0B: unit 9 is nobody's; {there}"
    )


def test_of_one_kind_are_station_table_and_code():
    first = kind(1, bytes.fromhex("03 0000 0001"), 2)

    assert kind(1, bytes.fromhex("06 0005 0001"), 2) == first
    others = [
        kind(2, bytes.fromhex("03 0000 0001"), 2),
        kind(1, bytes.fromhex("04 0000 0001"), 2),
        kind(1, bytes.fromhex("03 0000 0001"), 3),
        kind(1, b"\x41", 1),
        kind(1, b"\x00", 1),
        kind(1, b"\x02\0\0\0\1", 1),
    ]
    assert len({first, *others}) == 1 + len(others)


def test_the_reason_of_an_error_is_its_text_unless_there_is_more_to_say():
    assert RequestError("bad").reason() == "bad"
