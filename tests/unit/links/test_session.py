import struct

import pytest

from aoba.links.session import MAX_REQUESTS, MbapSession
from aoba.modbus.peer import Peer
from aoba.registers.image import Image
from builders import (
    CLIENT,
    FakeDevice,
    a_range,
    a_station,
    all_splits,
    decoded,
    from_cache,
    stations,
)


def serving_image(*units):
    """Stations of one holding register, at 0, whose value is the unit id."""
    image = Image()
    some = [a_station(unit, holding=[a_range(0, [unit])]) for unit in units]
    image.apply("a.py", decoded(stations(*some)))
    return image


def serving(*units):
    return serving_image(*units).stations


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
    session = MbapSession(serving(1), Peer("a"))
    listen, restart = b"\x08\x00\x04\x00\x00", b"\x08\x00\x01\x00\x00"
    silent = [frame(i, 1, pdu) for i, pdu in enumerate((listen, READ, b"\x63", restart))]

    assert talk(session, *silent) == b""
    assert talk(session, b"".join(silent) + frame(9, 1, READ)) == read_answer(9, 1, 1)


def test_many_requests_that_get_no_answer_are_bounded_too():
    client = Peer("a")
    session = MbapSession(serving(1), client)
    session.feed(frame(1, 1, b"\x08\x00\x04\x00\x00") + frame(2, 1, READ) * MAX_REQUESTS)

    assert session.answers() == b""
    assert session.more
    assert session.answers() == b""
    assert not session.more
    assert client.counters.messages == MAX_REQUESTS + 1


def test_what_is_for_nobody_is_seen_on_the_bus():
    client = Peer("a")
    talk(MbapSession(serving(1, 2), client), frame(1, 9, READ), frame(2, 1, READ))

    assert (client.counters.bus_messages, client.counters.messages) == (2, 1)


WRITE = b"\x06\x00\x00\x00\x63"  # 99 into holding register 0


def remembering(*units, client=CLIENT):
    image = serving_image(*units)
    return image, MbapSession(image.stations, client, image.cache)


def test_recalls_an_answer_under_a_transaction_id_of_its_own():
    _, session = remembering(17)

    assert from_cache(session, frame(1, 17, READ)) is None
    assert talk(session, frame(1, 17, READ)) == read_answer(1, 17, 17)
    assert from_cache(session, frame(0xABCD, 17, READ)) == read_answer(0xABCD, 17, 17)


def test_recalls_what_another_session_was_answered():
    image, session = remembering(17)
    talk(session, frame(1, 17, READ))

    other = MbapSession(image.stations, CLIENT, image.cache)
    assert from_cache(other, frame(2, 17, READ)) == read_answer(2, 17, 17)
    assert from_cache(MbapSession(image.stations, CLIENT), frame(2, 17, READ)) is None


@pytest.mark.parametrize(
    "data",
    [
        frame(2, 18, READ),
        frame(2, 17, READ, protocol=1),
        frame(2, 17, b"\x04" + READ[1:]),
        frame(2, 17, READ)[:-1],
        frame(2, 17, READ) + b"\0",
        frame(2, 17, READ) * 2,
        b"",
        b"\0\2",
    ],
    ids=lambda data: data.hex(),
)
def test_recalls_nothing_but_the_very_same_request(data):
    _, session = remembering(17, 18)
    talk(session, frame(1, 17, READ))

    assert from_cache(session, data) is None


@pytest.mark.parametrize(
    ("unit", "pdu"),
    [(17, WRITE), (17, b"\x03\x00\x00\x00\x02"), (18, READ), (17, b"\x2b\x0e\x01\x00")],
    ids=["write", "exception", "nobody", "unknown"],
)
def test_remembers_answers_to_reads_only(unit, pdu):
    _, session = remembering(17)
    talk(session, frame(1, unit, pdu))

    assert from_cache(session, frame(2, unit, pdu)) is None


def test_the_middle_of_a_request_is_not_taken_for_a_request():
    """A write of many registers, whose values look like the request that is remembered."""
    _, session = remembering(17)
    talk(session, frame(1, 17, READ))
    hidden = frame(2, 17, READ)
    write = frame(3, 17, b"\x10\0\0\0\x06\x0c" + hidden)
    start, end = write[: -len(hidden)], write[-len(hidden) :]

    assert from_cache(session, start) is None
    session.feed(start)
    assert from_cache(session, end) is None
    assert session.answers() == b""
    assert from_cache(session, end) is None
    assert talk(session, end) == frame(3, 17, b"\x90\x02")
    assert from_cache(session, hidden) == read_answer(2, 17, 17)


def test_requests_that_wait_come_before_one_that_could_be_recalled():
    _, session = remembering(17)
    read = frame(1, 17, READ)
    session.feed(read * (MAX_REQUESTS + 1))
    session.answers()

    assert from_cache(session, read) is None
    assert session.answers() == read_answer(1, 17, 17)
    assert from_cache(session, read) == read_answer(1, 17, 17)


def test_a_write_and_a_document_change_what_is_recalled():
    image, session = remembering(17)
    talk(session, frame(1, 17, READ))
    talk(session, frame(2, 17, WRITE))

    assert from_cache(session, frame(3, 17, READ)) is None
    assert talk(session, frame(3, 17, READ)) == read_answer(3, 17, 99)
    image.apply("a.py", decoded(stations(a_station(17, holding=[a_range(0, [5])]))))
    assert from_cache(session, frame(4, 17, READ)) is None
    assert talk(session, frame(4, 17, READ)) == read_answer(4, 17, 5)


def test_who_may_not_read_is_answered_by_the_rules():
    image, session = remembering(17)
    talk(session, frame(1, 17, READ))
    nobody = MbapSession(image.stations, Peer("", functions=frozenset()), image.cache)

    assert from_cache(nobody, frame(2, 17, READ)) is None


def test_who_listens_only_is_not_answered_from_memory():
    client = Peer("")
    _, session = remembering(17, client=client)
    talk(session, frame(1, 17, READ))
    client.listen_only = True  # as a request would have it
    session.feed(frame(2, 17, b"\x08\0\4\0\0"))
    session.answers()

    assert from_cache(session, frame(3, 17, READ)) is None


TO_DEVICE = b"\x06\x00\x00\xab\xcd"


def behind_a_device(unit=17):
    """A session over a station that belongs to a device, and the image."""
    image = Image()
    image.delegate("device", FakeDevice())
    image.apply("device", decoded(stations(a_station(unit, holding=[a_range(0, [unit])]))))
    return MbapSession(image.stations, CLIENT, image.cache), image


def test_what_stands_behind_a_pending_request_waits_for_it():
    session, image = behind_a_device()
    requests = (READ, TO_DEVICE, READ, READ)
    stream = b"".join(frame(number, 17, pdu) for number, pdu in enumerate(requests, 1))

    assert talk(session, stream) == read_answer(1, 17, 17)
    assert talk(session, frame(5, 17, READ)) == b""
    pending = session.pending
    assert session.to_forward == (pending,)
    assert session.find(frame(9, 17, READ)[2:]) is None

    assert session.finish(pending, None) == frame(2, 17, TO_DEVICE)
    assert talk(session) == b""
    written = [read_answer(number, 17, 0xABCD) for number in (3, 4, 5)]
    assert session.answers() == b"".join(written)
    assert session.pending is None
    assert session.find(frame(9, 17, READ)[2:]) == read_answer(9, 17, 0xABCD)[2:]
    assert image.cache.find(frame(9, 17, READ)[2:])


def test_while_a_request_is_pending_nothing_is_recalled_before_it():
    session, image = behind_a_device()
    talk(session, frame(1, 17, READ))
    assert session.find(frame(2, 17, READ)[2:])
    talk(session, frame(3, 17, TO_DEVICE))

    assert image.cache.find(frame(4, 17, READ)[2:])
    assert session.find(frame(4, 17, READ)[2:]) is None
    session.finish(session.pending, 6)
    session.answers()
    assert session.find(frame(4, 17, READ)[2:])


def test_one_pending_request_after_the_other():
    session, _ = behind_a_device()
    assert talk(session, frame(1, 17, TO_DEVICE) + frame(2, 17, TO_DEVICE)) == b""

    assert session.finish(session.pending, 6) == frame(1, 17, b"\x86\x06")
    assert session.answers() == b""
    assert session.finish(session.pending, None) == frame(2, 17, TO_DEVICE)


def test_where_only_the_pending_request_is_left_there_is_no_more():
    session, _ = behind_a_device()
    session.feed(frame(1, 17, READ) * (MAX_REQUESTS - 1) + frame(2, 17, TO_DEVICE))

    assert session.answers() == read_answer(1, 17, 17) * (MAX_REQUESTS - 1)
    assert not session.more
    assert session.pending


def test_what_is_no_frame_behind_a_pending_request_is_found_after_it():
    session, _ = behind_a_device()
    assert talk(session, frame(1, 17, TO_DEVICE) + b"\0\0\0\0\0\0\0\0") == b""
    assert session.error is None

    assert session.finish(session.pending, None) == frame(1, 17, TO_DEVICE)
    assert session.answers() == b""
    assert session.error


def test_replies_to_a_whole_request_that_nothing_waits_before():
    session = MbapSession(serving(17), CLIENT)
    assert session.reply(frame(1, 17, READ)) is None  # whether it is Modbus at all is not known
    assert talk(session, frame(1, 17, READ)) == read_answer(1, 17, 17)

    assert session.reply(frame(2, 17, READ)) == read_answer(2, 17, 17)
    for data in (b"", frame(3, 17, READ)[:-1], frame(3, 17, READ) * 2, frame(3, 17, READ, 1)):
        assert session.reply(data) is None
    session.feed(frame(3, 17, READ)[:5])
    assert session.reply(frame(4, 17, READ)) is None
    assert session.answers() == b""
    assert session.reply(frame(4, 17, READ)) is None
    assert talk(session, frame(3, 17, READ)[5:]) == read_answer(3, 17, 17)
    assert session.reply(frame(4, 17, READ)) == read_answer(4, 17, 17)


def test_replies_no_more_where_the_stream_is_broken():
    session = MbapSession(serving(17), CLIENT)
    talk(session, frame(1, 17, READ) + bytes(6))
    assert session.error
    assert session.reply(frame(2, 17, READ)) is None


def test_replies_nothing_where_a_device_has_to_be_asked_first():
    session, _ = behind_a_device()
    talk(session, frame(1, 17, READ))
    assert session.reply(frame(2, 17, TO_DEVICE)) == b""
    pending = session.pending
    assert session.to_forward == (pending,)
    assert from_cache(session, frame(3, 17, READ)) is None
    assert session.reply(frame(3, 17, READ)) is None

    assert session.finish(pending, None) == frame(2, 17, TO_DEVICE)
    assert session.answers() == b""
    assert session.reply(frame(3, 17, READ)) == read_answer(3, 17, 0xABCD)


def test_replies_nothing_to_who_listens_only():
    _, session = remembering(17, client=Peer(""))
    talk(session, frame(1, 17, READ))
    assert session.reply(frame(2, 17, b"\x08\0\4\0\0")) == b""
    session.answers()
    assert from_cache(session, frame(3, 17, READ)) is None
    assert session.reply(frame(3, 17, READ)) == b""
    assert session.reply(frame(4, 17, b"\x08\0\1\0\0")) == b""
    session.answers()
    assert session.reply(frame(5, 17, READ)) == read_answer(5, 17, 17)
