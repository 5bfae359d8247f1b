"""Masters on lines with and without an echo: each request is carried out once, and is answered.

A line without an echo, a line with one from its first frame on, and `echo=true`, for any requests
in any order, with answers that come back in any split.
"""

from hypothesis import given
from hypothesis import strategies as st

from aoba.links.serial_session import SerialSession
from aoba.modbus import ascii as ascii_framing
from aoba.modbus import rtu
from aoba.modbus.counters import Counters
from aoba.modbus.peer import Peer
from aoba.registers.image import Image
from builders import a_range, a_station, cut, decoded, stations

REQUESTS = (
    b"\x06\0\0\0\7",  # writes, and is repeated by its answer
    b"\x06\0\1\0\7",
    b"\x05\0\0\xff\0",
    b"\x08\0\0\xab\xcd",  # gives back its data
    b"\x10\0\0\0\1\2\0\7",  # writes, and has an answer of its own
    b"\x03\0\0\0\1",
    b"\x06\0\x63\0\7",  # is refused
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(REQUESTS),
        st.lists(st.integers(0, 300), max_size=2),  # where the echo is cut
        st.booleans(),  # whether the master pauses after the answer
    ),
    max_size=30,
)


class Line:
    def __init__(self, framing, *, echoes, option):
        image = Image()
        image.apply(
            "a", decoded(stations(a_station(holding=[a_range(0, [1, 2])], coils=[a_range(0, [0])])))
        )
        self.counters = Counters(is_serial=True)
        client = Peer("line", self.counters)
        reader = (framing.RtuReader if framing is rtu else framing.AsciiReader)(
            image.stations, self.counters
        )
        self.session = SerialSession(image.stations, client, reader, framing.encode, echo=option)
        self.echoes = echoes

    def comes(self, data, cuts):
        """What is sent, until nothing more comes in: each answer may come back itself."""
        sent, coming = b"", [data]
        while coming:
            self.session.feed(coming.pop(0))
            answers = self.session.answers()
            sent += answers
            if answers and self.echoes:
                coming += [part for part in cut(answers, cuts) if part]
        return sent

    def pauses(self):
        self.session.gap()
        return self.session.answers()


def asks(line, framing, steps):
    """What a master gets for each of its requests, which waits until it has got something."""
    for pdu, cuts, pauses in steps:
        got = line.comes(framing.encode(1, pdu), cuts)
        while line.session.looks_for_echo and len(got) < 2:
            got += line.pauses()
        yield pdu, got
        if pauses:
            assert line.pauses() == b""


def expected(framing, pdu):
    answers = {REQUESTS[4]: REQUESTS[4][:5], REQUESTS[6]: b"\x86\2"}
    return framing.encode(1, answers.get(pdu, pdu))


FRAMINGS = st.sampled_from([rtu, ascii_framing])


@given(FRAMINGS, STEPS)
def test_without_an_echo_every_request_is_answered_and_carried_out_once(framing, steps):
    line = Line(framing, echoes=False, option=False)
    for pdu, got in asks(line, framing, steps):
        if pdu != REQUESTS[5]:
            assert got == expected(framing, pdu)
    assert line.counters.messages == len(steps)


@given(FRAMINGS, STEPS, st.booleans())
def test_with_an_echo_every_request_is_answered_and_carried_out_once(framing, steps, option):
    line = Line(framing, echoes=True, option=option)
    stray = 0
    for pdu, got in asks(line, framing, steps):
        answer = got if pdu == REQUESTS[5] else expected(framing, pdu)
        assert got.startswith(answer)
        stray += len(got) - len(answer)
    assert line.counters.messages == len(steps)
    assert stray <= 1 - option  # the byte by which the line was found out
