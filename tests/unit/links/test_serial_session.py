import pytest

from aoba.links.serial_session import SerialSession
from aoba.links.session import MAX_REQUESTS
from aoba.modbus import ascii as ascii_framing
from aoba.modbus import rtu
from aoba.modbus.counters import Counters
from aoba.modbus.frame_history import FrameHistory
from aoba.modbus.peer import READING_FUNCTIONS, Peer
from aoba.registers.image import Image
from builders import FakeDevice, a_range, a_station, all_splits, decoded, stations

READ = b"\x03\x00\x00\x00\x01"
WRITE = b"\x06\x00\x00\xab\xcd"


class Line:
    """Stations of one holding register, at 0, whose value is the unit id; None is a gap."""

    def __init__(self, *units, framing=rtu, functions=None, device=None, **options):
        image = Image()
        if device:
            image.delegate("a.py", device)
        some = [a_station(unit, holding=[a_range(0, [unit])]) for unit in units or (1, 2)]
        image.apply("a.py", decoded(stations(*some)))
        self.counters = Counters(is_serial=True)
        self.client = client = Peer("/dev/ttyS0", self.counters, functions)
        reader = framing.RtuReader if framing is rtu else framing.AsciiReader
        self.session = SerialSession(
            image.stations, client, reader(image.stations, self.counters), framing.encode, **options
        )

    def talk(self, *parts):
        answers = b""
        for part in parts:
            if part is None:
                self.session.gap()
            else:
                self.session.feed(part)
            answers += self.session.answers()
            while self.session.more:
                answers += self.session.answers()
        return answers


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_requests_of_all_stations_in_every_split(framing):
    requests = framing.encode(1, READ) + framing.encode(2, READ) + framing.encode(3, READ)
    answers = framing.encode(1, b"\x03\x02\x00\x01") + framing.encode(2, b"\x03\x02\x00\x02")
    for chunks in all_splits(requests):
        line = Line(framing=framing)
        assert line.talk(*chunks) == answers
        assert not line.session.waiting


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_exceptions(framing):
    line = Line(framing=framing)

    assert line.talk(framing.encode(1, b"\x03\0\1\0\1")) == framing.encode(1, b"\x83\x02")
    assert line.talk(framing.encode(1, b"\x41"), None) == framing.encode(1, b"\xc1\x01")


@pytest.mark.parametrize("unit", [0, 3, 247, 248, 255])
@pytest.mark.parametrize("units", [(1,), (1, 2)])
def test_silence_where_it_is_not_us_alone_who_is_asked(units, unit):
    assert Line(*units).talk(rtu.encode(unit, READ), None) == b""


def test_everybody_does_what_is_broadcast_and_nobody_answers():
    line = Line()

    assert line.talk(rtu.encode(0, WRITE)) == b""
    for unit in (1, 2):
        assert line.talk(rtu.encode(unit, READ)) == rtu.encode(unit, b"\x03\x02\xab\xcd")


def test_who_may_only_read_does_not_write_by_broadcast_either():
    line = Line(functions=READING_FUNCTIONS)

    assert line.talk(rtu.encode(1, WRITE)) == rtu.encode(1, b"\x86\x01")
    assert line.talk(rtu.encode(0, WRITE)) == b""
    assert line.talk(rtu.encode(1, READ)) == rtu.encode(1, b"\x03\x02\x00\x01")


def test_damage_is_counted_where_a_master_can_read_it():
    line = Line()
    damaged = rtu.encode(1, READ)[:-1] + b"?"

    assert line.talk(damaged, None, rtu.encode(1, READ)[:4], None) == b""
    counter = rtu.encode(1, b"\x08\x00\x0c\x00\x00")
    assert line.talk(counter) == rtu.encode(1, b"\x08\x00\x0c\x00\x02")


def test_one_call_answers_a_bounded_number():
    line = Line()
    line.session.feed(rtu.encode(1, READ) * (MAX_REQUESTS + 1))
    one = rtu.encode(1, b"\x03\x02\x00\x01")

    assert line.session.answers() == one * MAX_REQUESTS
    assert line.session.more
    assert line.session.answers() == one
    assert not line.session.more


def test_an_echo_is_passed_over_in_every_split():
    request, response = rtu.encode(1, WRITE), rtu.encode(1, WRITE)
    for chunks in all_splits(response):
        line = Line(echo=True)
        assert line.talk(request) == response
        assert line.talk(*chunks) == b""
        assert line.talk(rtu.encode(2, READ)) == rtu.encode(2, b"\x03\x02\x00\x02")
        assert line.counters.communication_errors == 0


def test_what_is_no_echo_is_taken_for_what_it_is():
    line = Line(echo=True)
    line.talk(rtu.encode(1, WRITE))

    assert line.talk(rtu.encode(2, READ)) == rtu.encode(2, b"\x03\x02\x00\x02")


def test_a_request_that_begins_like_an_echo_that_is_lost_is_answered_in_every_split():
    for chunks in all_splits(rtu.encode(1, READ)):
        line = Line(echo=True)
        line.talk(rtu.encode(1, WRITE))
        assert line.talk(*chunks) == rtu.encode(1, b"\x03\x02\xab\xcd")


def test_a_request_right_behind_an_echo_is_answered():
    line = Line(echo=True)
    echo = line.talk(rtu.encode(1, READ))

    assert line.talk(echo + rtu.encode(2, READ)) == rtu.encode(2, b"\x03\x02\x00\x02")


class Noting(FrameHistory):
    def __init__(self):
        super().__init__()
        self.texts = []

    def noticed(self, text):
        self.texts.append(text)


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_an_adapter_that_echoes_is_found_out_and_named_once(framing):
    write = framing.encode(1, WRITE)
    line = Line(framing=framing)
    line.client.history = record = Noting()
    assert line.talk(write) == write
    assert line.talk(write) == write[:1]  # what comes back is answered by no more than that
    assert line.session.looks_for_echo
    assert line.talk(write[:1]) == b""

    for _ in range(3):
        assert line.talk(write) == write
        assert line.talk(write) == b""
    assert line.counters.messages == 4
    assert record.texts == [
        "the adapter gives back what is sent; that is passed over, as with echo=true"
    ]


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_a_quick_master_that_repeats_itself_gets_all_answers(framing):
    write = framing.encode(1, WRITE)
    line = Line(framing=framing)
    assert line.talk(write) == write
    assert line.talk(write, None) == write  # a byte of it, and after the silence the rest
    for _ in range(5):
        assert line.talk(write) == write
    assert line.counters.messages == 7


def test_after_a_silence_nothing_is_an_echo():
    line = Line()
    assert line.talk(rtu.encode(1, WRITE), None) == rtu.encode(1, WRITE)
    assert not line.session.looks_for_echo
    assert line.talk(rtu.encode(1, WRITE)) == rtu.encode(1, WRITE)


def test_a_master_that_gives_up_meanwhile_gets_the_answer_to_what_it_asks_then():
    line = Line()
    line.talk(rtu.encode(1, WRITE), rtu.encode(1, WRITE))

    assert line.talk(rtu.encode(2, READ)) == rtu.encode(2, b"\x03\x02\x00\x02")
    assert line.talk(rtu.encode(1, READ)) == rtu.encode(1, b"\x03\x02\xab\xcd")


@pytest.mark.parametrize("framing", [rtu, ascii_framing])
def test_an_answer_that_waits_for_a_device(framing):
    line = Line(framing=framing, device=FakeDevice())
    assert line.talk(framing.encode(1, WRITE)) == b""
    pending = line.session.pending
    assert line.session.to_forward == (pending,)

    assert line.session.finish(pending, None) == framing.encode(1, WRITE)
    assert line.session.pending is None
    assert line.talk(framing.encode(1, READ)) == framing.encode(1, b"\x03\x02\xab\xcd")


@pytest.mark.parametrize(
    "comes", [rtu.encode(1, READ), rtu.encode(9, READ), b"\x01"], ids=["ours", "others", "a byte"]
)
def test_what_comes_meanwhile_ends_the_waiting(comes):
    """The master has given up, and would take the old answer for the new one."""
    line = Line(device=FakeDevice())
    line.talk(rtu.encode(1, WRITE))
    pending = line.session.pending

    line.talk(comes, None)
    assert line.session.pending is None
    assert line.counters.silences == 1
    assert line.session.finish(pending, None) == b""
    assert line.counters.silences == 1
    assert line.talk(rtu.encode(1, READ)) == rtu.encode(1, b"\x03\x02\xab\xcd")


def test_of_two_requests_in_one_piece_the_first_is_given_up():
    line = Line(device=FakeDevice())
    assert line.talk(rtu.encode(1, WRITE) + rtu.encode(2, WRITE)) == b""

    old, new = line.session.to_forward
    assert line.session.pending is new
    assert line.session.finish(old, None) == b""
    assert line.session.finish(new, 4) == rtu.encode(2, b"\x86\x04")


def test_a_broadcast_to_devices_keeps_nobody_waiting():
    line = Line(device=FakeDevice())
    assert line.talk(rtu.encode(0, WRITE)) == b""
    assert line.session.pending is None
    assert [pending.unit for pending in line.session.to_forward] == [1, 2]

    for pending in line.session.to_forward:
        assert line.session.finish(pending, None) == b""
    assert line.talk(rtu.encode(2, READ)) == rtu.encode(2, b"\x03\x02\xab\xcd")
    assert line.counters.silences == 1


def test_the_echo_of_an_answer_that_has_waited_is_passed_over():
    line = Line(device=FakeDevice(), echo=True)
    line.talk(rtu.encode(1, WRITE), rtu.encode(1, WRITE)[:0])
    answer = line.session.finish(line.session.pending, None)

    assert line.talk(answer + rtu.encode(1, READ)) == rtu.encode(1, b"\x03\x02\xab\xcd")
    assert line.session.pending is None
