"""The image against dicts: two sources, both modes, writes from the bus, replaced scripts, stale
sources, and journals of what clients write.
"""

import struct

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aoba.errors import DocumentError, IllegalDataAddress, ServerDeviceFailure
from aoba.modbus.spec import Table
from aoba.registers.image import Image
from aoba.registers.journal import Journal
from builders import CLIENT, decoded

SIZE = 12  # addresses in play: few, so that ranges meet
UNITS = (1, 2)
BUS_TABLES = ("coils", "holding")

sources = st.sampled_from(["a.py", "b.py"])
tables = st.sampled_from(Table)
addresses = st.integers(0, SIZE - 1)


@st.composite
def range_lists(draw, table):
    """Ranges of one table that do not overlap, in any order."""
    values = st.integers(0, 1) if table.is_bits else st.integers(0, 65535)
    ends = draw(st.lists(st.integers(0, SIZE), max_size=4, unique=True).map(sorted))
    found = []
    for start, stop in zip(ends[::2], ends[1::2], strict=False):
        length = stop - start
        initial = draw(st.lists(values, max_size=length))
        item = {"address_start": start, "initial_values": initial}
        if len(initial) != length or draw(st.booleans()):
            item["length"] = length
        found.append(item)
    return draw(st.permutations(found))


@st.composite
def documents(draw):
    units = draw(st.lists(st.sampled_from(UNITS), unique=True, max_size=2))
    return {
        "stations": [
            {
                "id": unit,
                "mode": draw(st.sampled_from(["master", "slave"])),
                "map": {
                    table.label: draw(range_lists(table))
                    for table in draw(st.lists(tables, unique=True, max_size=2))
                },
            }
            for unit in units
        ]
    }


def items(document):
    """(mode, key, value or None) of each address, a key being unit, table and address."""
    for station in document["stations"]:
        for table, ranges in station["map"].items():
            for item in ranges:
                values = item["initial_values"]
                for i in range(item.get("length", len(values))):
                    key = (station["id"], table, item["address_start"] + i)
                    yield station["mode"], key, values[i] if i < len(values) else None


def numbers(table, cells):
    return list(cells) if table.is_bits else list(struct.unpack(f">{len(cells) // 2}H", cells))


def each(write):
    """(time, key, value) of each address of a write in a journal."""
    for i, value in enumerate(numbers(write.table, write.cells)):
        yield write.time, (write.unit, write.table.label, write.address + i), value


def pieces(written):
    """The same in pieces that belong to one write and stand side by side."""
    found = []
    for time, (unit, table, address), _ in written:
        if found and found[-1] == (time, unit, table, address - 1):
            found.pop()
        found.append((time, unit, table, address))
    return found


class ImageMachine(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.image = Image()
        self.values = {}
        self.owners = {}
        self.units = {"a.py": set(), "b.py": set()}
        self.stale = {}
        self.now = 0.0
        self.journals = {name: Journal(self.image, name, lambda: self.now) for name in self.units}
        self.written = {name: [] for name in self.units}

    @rule(source=sources, document=documents(), replace=st.booleans())
    def apply(self, source, document, replace):
        taken = [k for _, k, _ in items(document) if self.owners.get(k, source) != source]
        if taken:
            with pytest.raises(DocumentError, match="already belongs to"):
                self.image.apply(source, decoded(document), replace=replace)
            return
        self.image.apply(source, decoded(document), replace=replace)
        self.stale.pop(source, None)
        if replace:
            self._forget(source)
        self.units[source] |= {station["id"] for station in document["stations"]}
        for mode, key, value in items(document):
            is_new = key not in self.values
            self.owners[key] = source
            self.values.setdefault(key, 0)
            if value is not None and (is_new or mode == "master" or key[1] not in BUS_TABLES):
                self.values[key] = value

    def _forget(self, source):
        self.units[source].clear()
        for key in [key for key, owner in self.owners.items() if owner == source]:
            del self.owners[key], self.values[key]

    @rule(
        unit=st.sampled_from(UNITS),
        table=st.sampled_from([Table.COILS, Table.HOLDING]),
        start=addresses,
        values=st.lists(st.integers(0, 1), min_size=1, max_size=5),
    )
    def write(self, unit, table, start, values):
        keys = [(unit, table.label, start + i) for i in range(len(values))]
        cells = bytes(values) if table.is_bits else struct.pack(f">{len(values)}H", *values)
        if unit not in self.image.stations:
            return
        self.now += 1
        if all(key in self.values for key in keys):
            self.image.stations[unit].write(table, start, cells, CLIENT)
            self.values |= zip(keys, values, strict=True)
            for key, value in zip(keys, values, strict=True):
                self.written[self.owners[key]].append((self.now, key, value))
        else:
            with pytest.raises(IllegalDataAddress):
                self.image.stations[unit].write(table, start, cells, CLIENT)

    @rule(source=sources, as_zero=st.booleans())
    def mark_stale(self, source, as_zero):
        self.image.mark_stale(source, as_zero=as_zero)
        self.stale[source] = 0 if as_zero else "withheld"

    @rule(source=sources, undone=st.booleans())
    def take(self, source, undone):
        taken = self.journals[source].take()
        if undone:
            self.journals[source].put_back(taken)
            return
        assert taken.lost == 0
        assert [item for write in taken.writes for item in each(write)] == self.written[source]
        assert len(taken.writes) == len(pieces(self.written[source]))
        self.written[source].clear()

    @rule(unit=st.sampled_from(UNITS), table=tables, start=addresses, count=st.integers(1, SIZE))
    def read(self, unit, table, start, count):
        keys = [(unit, table.label, start + i) for i in range(count)]

        assert self._read(unit, table, start, count) == self._shown(keys)

    def _shown(self, keys):
        """What a client reads of these addresses."""
        if any(key not in self.values for key in keys):
            return None
        shown = [self.stale.get(self.owners[key], self.values[key]) for key in keys]
        return "withheld" if "withheld" in shown else shown

    @invariant()
    def blocks_are_the_true_values(self):
        for source in self.units:
            found = {
                (block.unit, block.table.label, block.start + i): value
                for block in self.image.blocks(source)
                for i, value in enumerate(numbers(block.table, block.cells))
            }
            owned = [key for key, owner in self.owners.items() if owner == source]
            assert found == {key: self.values[key] for key in owned}

    @invariant()
    def every_address_alone_is_as_in_the_model(self):
        for unit in UNITS:
            for table in Table:
                for i in range(SIZE):
                    assert self._read(unit, table, i, 1) == self._shown([(unit, table.label, i)])

    @invariant()
    def stations_are_those_that_somebody_defines(self):
        assert set(self.image.stations) == self.units["a.py"] | self.units["b.py"]

    def _read(self, unit, table, start, count):
        """The values; None where one of the addresses does not exist; or "withheld"."""
        try:
            cells = self.image.stations[unit].read(table, start, count)
        except (KeyError, IllegalDataAddress):
            return None
        except ServerDeviceFailure:
            return "withheld"
        return numbers(table, cells)


TestImage = ImageMachine.TestCase
TestImage.settings = settings(max_examples=150, stateful_step_count=30)
