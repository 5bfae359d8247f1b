"""Whenever devices answer, and however requests come: the answers are those of who never waits."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from aoba.links.session import MbapSession
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from builders import CLIENT, FakeDevice, a_range, a_station, asked, cut, decoded, stations

FIRST, LAST = 0, 7  # of which 0..3 are a device's, 4..7 a script's

address = st.integers(FIRST, LAST + 1)
word = st.integers(0, 0xFFFF)
requests = st.one_of(
    st.builds(struct.pack, st.just(">BHH"), st.just(3), address, st.integers(1, 4)),
    st.builds(struct.pack, st.just(">BHH"), st.just(6), address, word),
    st.builds(
        lambda start, values: struct.pack(
            f">BHHB{len(values)}H", 16, start, len(values), 2 * len(values), *values
        ),
        address,
        st.lists(word, min_size=1, max_size=6),
    ),
    st.builds(struct.pack, st.just(">BHHH"), st.just(22), address, word, word),
    st.builds(
        struct.pack,
        st.just(">BHHHHBH"),
        st.just(23),
        address,
        st.just(2),
        address,
        *map(st.just, (1, 2)),
        word,
    ),
    st.binary(min_size=1, max_size=4),
)


def session_over(*, has_device):
    image = Image()
    if has_device:
        image.delegate("one", FakeDevice())
    for name, start in (("one", 0), ("two", 4)):
        image.apply(name, decoded(stations(a_station(holding=[a_range(start, [start] * 4)]))))
    return MbapSession(image.stations, CLIENT, image.cache), image


def frames(pdus):
    return b"".join(
        struct.pack(">HHHB", number, 0, 1 + len(pdu), 1) + pdu for number, pdu in enumerate(pdus)
    )


def heard(session, chunks, patience):
    """All that goes back. What is pending is finished after so many chunks, or at the end."""
    answers, waits = b"", 0
    for chunk in chunks:
        answers += asked(session, chunk)
        while session.more or (session.pending and waits >= patience):
            if session.pending:
                answers += session.finish(session.pending, None)
                waits = 0
            answers += session.answers()
        waits += session.pending is not None
    while session.pending:
        answers += session.finish(session.pending, None) + session.answers()
    return answers


@given(
    st.lists(requests, max_size=12), st.lists(st.integers(0, 400), max_size=6), st.integers(0, 3)
)
def test_devices_that_agree_change_nothing_but_the_time(pdus, places, patience):
    chunks = cut(frames(pdus), places)
    slow, its_image = session_over(has_device=True)
    plain, image = session_over(has_device=False)

    assert heard(slow, chunks, patience) == heard(plain, chunks, patience)
    for one, other in zip(its_image.stations.values(), image.stations.values(), strict=True):
        count = LAST + 1 - FIRST
        expected = other.read(Table.HOLDING, FIRST, count)
        assert one.read(Table.HOLDING, FIRST, count) == expected
