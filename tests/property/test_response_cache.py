"""A session that remembers, against one that answers every request by the rules.

Requests come from a small set, so that most of them have been asked before; whatever else happens
in between, the two sessions must not differ in a byte.
"""

import contextlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from aoba.errors import DocumentError
from aoba.links.session import MbapSession
from aoba.modbus.peer import Peer
from aoba.modbus.spec import EXCEPTION_FLAG
from aoba.registers.image import Image
from builders import asked, decoded, from_cache

SIZE = 4  # addresses in play
TABLES = ("coils", "discrete_inputs", "holding", "input")

ALL = {
    "stations": [
        {
            "id": unit,
            "mode": "master",
            "map": {table: [{"address_start": 0, "length": SIZE}] for table in TABLES},
        }
        for unit in (1, 2)
    ]
}

units = st.sampled_from([0, 1, 2, 255])
addresses = st.integers(0, SIZE)
values = st.integers(0, 1)
writes = st.one_of(
    st.builds(lambda a, v: struct.pack(">BHH", 5, a, 0xFF00 * v), addresses, values),
    st.builds(lambda a, v: struct.pack(">BHH", 6, a, v), addresses, values),
    st.builds(lambda a, v: struct.pack(">BHHBB", 15, a, 2, 1, v), addresses, st.integers(0, 3)),
    st.builds(lambda a, v: struct.pack(">BHHBHH", 16, a, 2, 4, v, v), addresses, values),
    st.builds(lambda a, v: struct.pack(">BHHH", 22, a, 0xFFFE, v), addresses, values),
    st.builds(lambda a, v: struct.pack(">BHHHHBH", 23, 0, 1, a, 1, 2, v), addresses, values),
)
modes = st.sampled_from([b"\x08\0\4\0\0", b"\x08\0\1\0\0"])  # listen only; restart
reads = st.builds(
    lambda code, a, n: struct.pack(">BHH", code, a, n),
    st.integers(1, 4),
    st.integers(0, 1),
    st.integers(0, 2),
)
ranges = st.builds(
    lambda start, values: [{"address_start": start, "initial_values": values}],
    st.integers(0, 1),
    st.lists(values, min_size=1, max_size=SIZE - 1),
)
documents = st.builds(
    lambda stations: {"stations": stations},
    st.lists(
        st.builds(
            lambda unit, mode, tables: {"id": unit, "mode": mode, "map": tables},
            st.integers(1, 2),
            st.sampled_from(["master", "slave"]),
            st.dictionaries(st.sampled_from(TABLES), ranges),
        ),
        unique_by=lambda station: station["id"],
        max_size=2,
    ),
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("read"), units, reads),
        st.tuples(st.just("read"), st.just(1), reads),
        st.tuples(st.just("write"), units, writes),
        st.tuples(st.just("mode"), st.just(1), modes),
        st.tuples(st.just("apply"), documents, st.sampled_from("ab"), st.booleans()),
        st.tuples(st.just("withhold"), st.sampled_from("ab"), st.booleans()),
    ),
    min_size=5,
    max_size=40,
)


def answer(session, data):
    """As a link does it: from memory where possible."""
    cached = from_cache(session, data)
    if cached is not None:
        return cached
    return asked(session, data)


@given(actions)
def test_what_is_remembered_is_what_the_rules_say(actions):
    image = Image()
    image.apply("a", decoded(ALL))
    remembering = MbapSession(image.stations, Peer(""), image.cache)
    forgetful = MbapSession(image.stations, Peer(""))
    reads = set()
    for number, (kind, *action) in enumerate(actions):
        if kind == "apply":
            document, source, replace = action
            with contextlib.suppress(DocumentError):
                image.apply(source, decoded(document), replace=replace)
        elif kind == "withhold":
            source, as_zero = action
            image.mark_stale(source, as_zero=as_zero)
        else:
            unit, pdu = action
            request = struct.pack(">HHB", 0, 1 + len(pdu), unit) + pdu
            if kind == "read":
                reads.add(request)
            elif kind == "mode":
                data = struct.pack(">H", number) + request
                assert answer(remembering, data) == answer(forgetful, data)
            else:
                forgetful.feed(struct.pack(">H", number) + request)
                forgetful.answers()
                # Carried out once more, which changes nothing.
                answer(remembering, struct.pack(">H", number) + request)
        for transaction, request in enumerate(sorted(reads)):
            data = struct.pack(">H", transaction) + request
            assert answer(remembering, data) == answer(forgetful, data)
    for request in reads:  # nothing has changed since
        data = b"\xab\xcd" + request
        expected = answer(forgetful, data)
        if expected and expected[7] & EXCEPTION_FLAG == 0:
            assert from_cache(remembering, data) == expected
