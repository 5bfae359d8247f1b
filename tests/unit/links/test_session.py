import struct

import pytest

from aoba.links.session import MAX_REQUESTS, MbapSession
from aoba.modbus.client import Client
from aoba.registers.image import Image
from builders import CLIENT, a_range, a_station, all_splits, decoded, stations


def serving(*units):
    """Stations of one holding register, at 0, whose value is the unit id."""
    image = Image()
    some = [a_station(unit, holding=[a_range(0, [unit])]) for unit in units]
    image.apply("a.py", decoded(stations(*some)))
    return image.stations


def frame(transaction, unit, pdu, protocol=0):
    return struct.pack(">HHHB", transaction, protocol, 1 + len(pdu), unit) + pdu


READ = b"\x03\x00\x00\x00\x01"  # one holding register from 0


def read_answer(transaction, unit, value):
    return frame(transaction, unit, b"\x03\x02" + value.to_bytes(2, "big"))


def talk(session, *chunks):
    """What goes back, all of it."""
    answers = b""
    for chunk in chunks:
        session.feed(chunk)
        answers += session.answers()
        while session.more:
            answers += session.answers()
    return answers


def test_answers_a_request():
    session = MbapSession(serving(17), CLIENT)
    assert not session.more

    assert talk(session, frame(0x1234, 17, READ)) == read_answer(0x1234, 17, 17)
    assert session.answers() == b""


@pytest.mark.parametrize("unit", [0, 255])
def test_0_and_255_are_the_only_station(unit):
    assert talk(MbapSession(serving(17), CLIENT), frame(1, unit, READ)) == read_answer(1, unit, 17)


@pytest.mark.parametrize("unit", [0, 255])
@pytest.mark.parametrize("units", [(), (1, 2)])
def test_0_and_255_are_nobody_where_there_is_not_just_one(units, unit):
    answer = talk(MbapSession(serving(*units), CLIENT), frame(1, unit, READ))

    assert answer == frame(1, unit, b"\x83\x0b")


@pytest.mark.parametrize("unit", [2, 247, 248, 254])
def test_a_unit_nobody_defines(unit):
    assert talk(MbapSession(serving(1), CLIENT), frame(9, unit, READ)) == frame(
        9, unit, b"\x83\x0b"
    )


def test_an_exception_has_the_ids_of_its_request():
    answer = talk(MbapSession(serving(1), CLIENT), frame(7, 1, b"\x03\x00\x01\x00\x01"))

    assert answer == frame(7, 1, b"\x83\x02")


def test_requests_under_way_together_are_answered_in_order_each_with_its_own_id():
    requests = b"".join(frame(t, u, READ) for t, u in ((5, 1), (3, 2), (5, 2), (4, 9)))
    answers = (
        read_answer(5, 1, 1)
        + read_answer(3, 2, 2)
        + read_answer(5, 2, 2)
        + frame(4, 9, b"\x83\x0b")
    )

    for chunks in all_splits(requests):
        assert talk(MbapSession(serving(1, 2), CLIENT), *chunks) == answers


def test_one_call_answers_a_bounded_number():
    session = MbapSession(serving(1), CLIENT)
    session.feed(b"".join(frame(t, 1, READ) for t in range(MAX_REQUESTS + 2)))
    first = session.answers()
    assert session.more
    second = session.answers()
    assert not session.more

    assert first == b"".join(read_answer(t, 1, 1) for t in range(MAX_REQUESTS))
    assert second == b"".join(read_answer(MAX_REQUESTS + t, 1, 1) for t in range(2))


def test_a_write_is_seen_by_the_next_request():
    write = b"\x06\x00\x00\xab\xcd"  # holding register 0 := 0xabcd
    session = MbapSession(serving(1), CLIENT)

    assert talk(session, frame(1, 1, write) + frame(2, 1, READ)) == (
        frame(1, 1, write) + read_answer(2, 1, 0xABCD)
    )


def test_a_station_that_comes_later_is_served():
    image = Image()
    session = MbapSession(image.stations, CLIENT)
    assert talk(session, frame(1, 3, READ)) == frame(1, 3, b"\x83\x0b")

    image.apply("a.py", decoded(stations(a_station(3, holding=[a_range(0, [8])]))))
    assert talk(session, frame(2, 3, READ)) == read_answer(2, 3, 8)


def test_garbage_ends_a_session_and_what_stood_before_it_is_answered():
    garbage = b"GET / HTTP/1.1\r\n"
    for chunks in all_splits(frame(1, 1, READ) + garbage + frame(2, 1, READ)):
        session = MbapSession(serving(1), CLIENT)
        answers = b""
        for chunk in chunks:
            session.feed(chunk)
            answers += session.answers()
            if session.error:
                break
        assert answers == read_answer(1, 1, 1)
        assert str(session.error).startswith("MBAP length: expected 2..254, got ")


def test_another_protocol_is_neither_executed_nor_answered():
    write = b"\x06\x00\x00\xab\xcd"
    session = MbapSession(serving(1), CLIENT)

    assert talk(session, frame(1, 1, write, protocol=1)) == b""
    assert session.error is None
    assert talk(session, frame(2, 1, READ)) == read_answer(2, 1, 1)


def test_a_client_that_asked_for_silence_has_it_until_the_restart():
    session = MbapSession(serving(1), Client("a"))
    listen, restart = b"\x08\x00\x04\x00\x00", b"\x08\x00\x01\x00\x00"
    silent = [frame(i, 1, pdu) for i, pdu in enumerate((listen, READ, b"\x63", restart))]

    assert talk(session, *silent) == b""
    assert talk(session, b"".join(silent) + frame(9, 1, READ)) == read_answer(9, 1, 1)


def test_many_requests_that_get_no_answer_are_bounded_too():
    client = Client("a")
    session = MbapSession(serving(1), client)
    session.feed(frame(1, 1, b"\x08\x00\x04\x00\x00") + frame(2, 1, READ) * MAX_REQUESTS)

    assert session.answers() == b""
    assert session.more
    assert session.answers() == b""
    assert not session.more
    assert client.port.messages == MAX_REQUESTS + 1


def test_what_is_for_nobody_is_seen_on_the_bus():
    client = Client("a")
    talk(MbapSession(serving(1, 2), client), frame(1, 9, READ), frame(2, 1, READ))

    assert (client.port.bus_messages, client.port.messages) == (2, 1)
