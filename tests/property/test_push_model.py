"""What a push writes and reads against dicts: two sources, edits, devices that forget, refuse, or
are operated by others.
"""

import struct

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from aoba.errors import DocumentError
from aoba.modbus.peer import Peer
from aoba.modbus.spec import Table
from aoba.outlets.push.desired_state import DesiredState
from aoba.outlets.push.rejections import Refused
from aoba.registers.changes import DocumentApplied, SourceReset
from aoba.registers.image import Image
from aoba.registers.journal import Journal
from aoba.spans import Span
from builders import decoded

SIZE = 6  # addresses in play: few, so that ranges meet
UNITS = (1, 2)
SOURCES = ("fed.py", "fed.py", "dumb.py")
DEVICE = Peer("tcp://device")
WRITABLE = ("coils", "holding")

tables = st.sampled_from(Table)
keys = st.tuples(st.sampled_from(UNITS), st.sampled_from(WRITABLE), st.integers(0, SIZE - 1))


@st.composite
def ranges(draw, table):
    """Ranges of one table that do not overlap, some of values of two registers."""
    ends = draw(st.lists(st.integers(0, SIZE), min_size=2, max_size=4, unique=True))
    ends.sort()
    found = []
    for start, stop in zip(ends[::2], ends[1::2], strict=False):
        length = stop - start
        item = {"address_start": start, "length": length}
        if table.is_bits:
            values = st.integers(0, 1)
        elif length % 2 == 0 and draw(st.booleans()):
            item["data_type"] = "uint32"
            values, length = st.integers(0, 3 * 2**16), length // 2
        else:
            values = st.integers(0, 3)
        item["initial_values"] = draw(st.lists(values, max_size=length))
        found.append(item)
    return found


@st.composite
def documents(draw):
    units = draw(st.lists(st.sampled_from(UNITS), unique=True, min_size=1, max_size=2))
    return {
        "stations": [
            {
                "id": unit,
                "mode": draw(st.sampled_from(["master", "master", "slave"])),
                "map": {
                    table.label: draw(ranges(table))
                    for table in draw(st.lists(tables, unique=True, min_size=1, max_size=3))
                },
            }
            for unit in units
        ]
    }


def registers(item):
    values = item["initial_values"]
    if item.get("data_type") == "uint32":
        return [half for value in values for half in (value >> 16, value & 0xFFFF)]
    return values


def numbers(table, cells):
    return list(cells) if table.is_bits else list(struct.unpack(f">{len(cells) // 2}H", cells))


def packed(table, values):
    return bytes(values) if table.is_bits else struct.pack(f">{len(values)}H", *values)


class Pushing(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.image = Image()
        self.desired = DesiredState(self.image, {"fed.py"})
        self.image.changes.subscribe(self.desired.hear, DocumentApplied, SourceReset)
        self.journal = Journal(self.image, "fed.py", lambda: 0.0)
        self.device = {}
        self.wanted = {}  # by key, of all that has a value, with its source
        self.defined = {}  # what there is of each source, by key
        self.operated = {}  # what others have changed since the device was read

    @rule(source=st.sampled_from(SOURCES), document=documents(), replace=st.booleans())
    def a_document_comes(self, source, document, replace):
        try:
            self.image.apply(source, decoded(document), replace=replace)
        except DocumentError:
            return
        if replace:
            self._void(source, UNITS)
        for station in document["stations"]:
            unit = station["id"]
            if station["mode"] == "slave":
                self._void(source, [unit])
                continue
            for table, items in station["map"].items():
                for item in items:
                    start = item["address_start"]
                    for i in range(item["length"]):
                        self.defined[unit, table, start + i] = source
                    for i, value in enumerate(registers(item)):
                        if table in WRITABLE:
                            self.wanted[unit, table, start + i] = source, value

    def _void(self, source, units):
        for found in (self.wanted, self.defined):
            for key in [key for key in found if key[0] in units]:
                owner = found[key][0] if found is self.wanted else found[key]
                if owner == source:
                    del found[key]

    @rule(which=st.integers(0, 99))
    def somebody_operates_the_device(self, which):
        if known := sorted(self.device.keys() - self.operated.keys()):
            key = known[which % len(known)]
            self.device[key] = 1 - self.device[key] % 2
            if key[1] in WRITABLE:
                self.operated[key] = self.device[key]

    @rule()
    def the_device_is_started_afresh(self):
        self.device.clear()
        self.operated.clear()
        self.desired.forget()

    @rule()
    def everything_is_pushed(self):
        written = self._push(refused=())
        for key, (_, value) in self.wanted.items():
            assert self.device[key] == self.operated.get(key, value)
        for key in written:
            assert written.count(key) == 1
        assert self._push(refused=()) == []

    @rule(refused=st.sets(keys, max_size=3))
    def some_of_it_is_refused(self, refused):
        self._push(refused)

    def _push(self, refused):
        """One round; the keys that were written."""
        written = []
        for shadow in self.desired.shadows:
            at = 0
            while shadow.is_writable and (span := shadow.due(at, 65536, 5)):
                at = span.stop
                table = shadow.table
                where = [(shadow.unit, table.label, a) for a in range(*span)]
                assert all(self.wanted[key][0] == shadow.source for key in where)
                if set(where) & set(refused):
                    shadow.unwritable.add([Refused(span, 2)], 0)
                    continue
                cells = shadow.cells(span)
                for key, value in zip(where, numbers(table, cells), strict=True):
                    assert value == self.wanted[key][1]
                    self.device[key] = value
                    self.operated.pop(key, None)
                shadow.written(span.start, cells)
                written += where
            while rejection := shadow.unwritable.take(1e9):
                assert rejection.refused.span
        return written

    @rule()
    def the_device_is_read(self):
        self.everything_is_pushed()
        told = {}
        for shadow in self.desired.shadows:
            if not self.desired.feeds(shadow):
                continue
            for span in shadow.readable(Span(0, 65536), 5):
                where = [(shadow.unit, shadow.table.label, a) for a in range(*span)]
                assert all(self.defined[key] == "fed.py" for key in where)
                cells = packed(shadow.table, [self.device.setdefault(key, 1) for key in where])
                shadow.asked()
                self.desired.took(shadow, span.start, cells, DEVICE)
                told |= {key: self.device[key] for key in where}
        for (unit, table, address), value in told.items():
            cells = self.image.stations[unit].tables[Table[table.upper()]]
            assert numbers(Table[table.upper()], cells.read(address, address + 1)) == [value]
        writes = {
            (write.unit, write.table.label, write.address + i): value
            for write in self.journal.take().writes
            for i, value in enumerate(numbers(write.table, write.cells))
        }
        news = {key: self.operated.pop(key) for key in told if key in self.operated}
        assert writes == news
        for key, value in news.items():
            if key in self.wanted:
                self.wanted[key] = "fed.py", value


Pushing.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestPushing = Pushing.TestCase
