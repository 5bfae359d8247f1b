"""Function 43/14, by bytes: which objects, how many of them fit, and where to go on."""

import pytest

from aoba.errors import IllegalDataAddress, IllegalDataValue, IllegalFunction
from aoba.modbus.requests.identification import ReadIdentification
from support.station import FakeStation

BASIC = {0: b"V", 1: b"P", 2: b"1.0"}


def told(identity, code, object_id=0):
    """Conformity, next object (None where that is all), and what is given."""
    station = FakeStation()
    station.identity = identity
    request = ReadIdentification.decode(bytes((0x2B, 0x0E, code, object_id)))
    response = request.carry_out(station, None)
    assert response[:3] == bytes((0x2B, 0x0E, code))
    assert len(response) <= 253
    conformity, more, following, count = response[3:7]
    rest, given = response[7:], {}
    while rest:
        size = rest[1]
        given[rest[0]], rest = rest[2 : 2 + size], rest[2 + size :]
    assert len(given) == count
    assert more in (0, 0xFF)
    return conformity, following if more else None, given


@pytest.mark.parametrize(
    ("identity", "conformity"),
    [(BASIC, 0x81), (BASIC | {6: b"x"}, 0x82), (BASIC | {0x80: b"y"}, 0x83)],
)
def test_the_conformity_is_of_the_highest_category_there_is(identity, conformity):
    assert told(identity, 1)[0] == conformity


def test_each_category_has_those_before_it():
    identity = BASIC | {3: b"u", 0x80: b"z"}

    assert [set(told(identity, code)[2]) for code in (1, 2, 3)] == [
        {0, 1, 2},
        {0, 1, 2, 3},
        {0, 1, 2, 3, 0x80},
    ]


def test_what_does_not_fit_follows_from_the_object_that_is_named():
    identity = BASIC | {0x80 + n: bytes([65 + n]) * 100 for n in range(4)}
    following, given = 0, {}
    while following is not None:
        _, following, more = told(identity, 3, following)
        assert not given.keys() & more.keys()
        given |= more

    assert given == identity


def test_an_object_that_is_not_known_begins_at_the_beginning_in_a_stream():
    assert told(BASIC, 1, 2)[2] == {2: b"1.0"}
    assert told(BASIC, 1, 0x55)[2] == BASIC


def test_a_single_object():
    assert told(BASIC, 4, 1)[1:] == (None, {1: b"P"})
    with pytest.raises(IllegalDataAddress):
        told(BASIC, 4, 3)


@pytest.mark.parametrize(
    ("pdu", "error"),
    [
        ("2b", IllegalDataValue),
        ("2b 0d", IllegalFunction),  # another MEI type, whatever its length
        ("2b 0e 01", IllegalDataValue),
        ("2b 0e 00 00", IllegalDataValue),
        ("2b 0e 05 00", IllegalDataValue),
        ("2b 0e 01 00 00", IllegalDataValue),
    ],
)
def test_what_is_no_request(pdu, error):
    with pytest.raises(error):
        ReadIdentification.decode(bytes.fromhex(pdu))
