"""A bus with several devices, of which some are ours, against a transcript of who said what."""

from hypothesis import given
from hypothesis import strategies as st

from aoba.modbus.counters import Counters
from aoba.modbus.rtu import Request, RtuReader, encode
from builders import cut

OURS = (17, 18)
OTHERS = (9, 100, 247)

words = st.integers(0, 0xFFFF).map(lambda number: number.to_bytes(2, "big"))
places = st.lists(st.integers(0, 10_000), max_size=30)


def counted(data):
    return bytes((len(data),)) + data


@st.composite
def exchanges(draw, content=st.binary):  # noqa: PLR0911  one return for each kind of function
    """Request and response PDU of one of the functions; `content` makes what registers hold."""
    function = draw(st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 20, 22, 23, 24)))
    code = bytes((function,))
    address = draw(words)
    if function in (1, 2, 3, 4):
        data = draw(content(min_size=2, max_size=250))
        data += bytes(len(data) % 2)
        count = len(data) // 2 if function > 2 else 8 * len(data)
        return code + address + count.to_bytes(2, "big"), code + counted(data)
    if function in (5, 6, 8):
        pdu = code + address + draw(words)
        return pdu, pdu
    if function in (15, 16):
        data = draw(content(min_size=2, max_size=246))
        data += bytes(len(data) % 2)
        head = code + address + (len(data) // 2).to_bytes(2, "big")
        return head + counted(data), head
    if function == 20:
        data = draw(content(min_size=1, max_size=200))
        return code + counted(bytes(7)), code + counted(data)
    if function == 22:
        pdu = code + address + draw(words) + draw(words)
        return pdu, pdu
    if function == 23:
        data = draw(content(min_size=2, max_size=240))
        data += bytes(len(data) % 2)
        numbers = address + (len(data) // 2).to_bytes(2, "big") + draw(words)
        write = (len(data) // 2).to_bytes(2, "big") + counted(data)
        return code + numbers + write, code + counted(data)
    if function == 24:
        data = draw(content(max_size=62))
        return code + address, code + len(data).to_bytes(2, "big") + data
    answers = {7: b"m", 11: b"\xff\xff\1\x08", 12: counted(bytes(8)), 17: counted(b"\1\xff")}
    return code, code + answers[function]


frames_for_us = st.builds(encode, st.sampled_from((0, *OURS)), exchanges().map(lambda e: e[0]))
traps = st.lists(frames_for_us | st.binary(max_size=3), min_size=1, max_size=2).map(b"".join)


def trapped(min_size=0, max_size=250):
    """Data with whole requests to us in it."""
    return traps.map(lambda data: data.ljust(min_size, b"\0")[:max_size])


@st.composite
def conversations(draw, content=st.binary):
    """Frames on the bus in their order, and the requests to us among them."""
    frames, requests = [], []
    for _ in range(draw(st.integers(1, 6))):
        unit = draw(st.sampled_from((0, *OURS, *OTHERS)))
        asked, answered = draw(exchanges(content))
        frames.append(encode(unit, asked))
        if unit in OTHERS:
            refused = bytes((asked[0] | 0x80, 2))
            said = draw(st.sampled_from((answered, answered, refused, asked, None)))
            if said is not None:
                frames.append(encode(unit, said))
        else:
            requests.append(Request(unit, asked))
    return frames, requests


def hear(reader, chunks):
    found = []
    for chunk in chunks:
        if chunk is None:
            reader.gap()
        else:
            reader.feed(chunk)
        while request := reader.next_request():
            found.append(request)
    return found


@given(conversations(), places)
def test_what_is_said_to_us_is_heard_and_nothing_else_in_any_split(conversation, places):
    frames, requests = conversation
    port = Counters()

    assert hear(RtuReader(OURS, port), cut(b"".join(frames), places)) == requests
    assert port.communication_errors == 0


@given(conversations(trapped), places)
def test_whatever_the_registers_of_others_hold(conversation, places):
    frames, requests = conversation

    assert hear(RtuReader(OURS, Counters()), cut(b"".join(frames), places)) == requests


@given(conversations(trapped))
def test_nor_with_a_gap_after_each_frame(conversation):
    frames, requests = conversation
    chunks = [part for frame in frames for part in (frame, None)]

    assert hear(RtuReader(OURS, Counters()), chunks) == requests


@given(st.binary(min_size=1, max_size=600), frames_for_us, conversations(), places)
def test_garbage_costs_nothing_but_itself(garbage, request, conversation, places):
    frames, requests = conversation
    wanted = Request(request[0], request[1:-2])
    reader = RtuReader(OURS, Counters())

    assert hear(reader, [*cut(garbage + request, places), None]) == [wanted]
    assert hear(reader, [b"".join(frames)]) == requests


@given(st.binary(max_size=600), places)
def test_any_bytes(data, places):
    reader = RtuReader(OURS, Counters())
    for request in hear(reader, [*cut(data, places), None]):
        assert encode(*request) in data
    assert not reader.waiting
