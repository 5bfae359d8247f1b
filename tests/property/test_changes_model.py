"""The feed of changes against lists: who comes and goes at random hears what was told meanwhile.

Readers that are too slow get what a plain dict says is there.
"""

import struct
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from aoba.modbus.spec import Table
from aoba.registers import subscription
from aoba.registers.block import Block
from aoba.registers.changes import (
    ClientWrite,
    DocumentApplied,
    PresentState,
    SourceReset,
    Staleness,
    StalenessChanged,
    ValuesUpdated,
)
from aoba.registers.image import Image
from aoba.registers.subscription import KINDS, Subscription
from builders import CLIENT, a_range, a_station, decoded, stations

SOURCES = {"a.py": 0, "b.py": 4}  # with the first of four addresses of its own
MAX_CHANGES = 2

sources = st.sampled_from(sorted(SOURCES))
units = st.sampled_from([1, 2])
cells = st.integers(0, 0xFFFF)
offsets = st.integers(0, 3)
kinds = st.just(list(KINDS)) | st.lists(st.sampled_from(KINDS), min_size=1, unique=True)


def packed(values):
    return struct.pack(f">{len(values)}H", *values)


class Reader:
    """Of a `Subscription`, with what it is to get next."""

    def __init__(self, image, kinds, source, *, from_present):
        self.kinds, self.source = kinds, source
        self.waiting, self.has_missed = [], from_present
        self.woken = False
        self.subscription = Subscription(
            image, self.wake, *kinds, source=source, from_present=from_present
        )

    def wake(self):
        self.woken = True

    def is_told(self, change):
        if self.has_missed:
            return
        self.waiting.append(change)
        if len(self.waiting) > MAX_CHANGES:
            self.waiting, self.has_missed = [], True


class Feed(RuleBasedStateMachine):
    hearers = Bundle("hearers")
    readers = Bundle("readers")

    @initialize()
    def start(self):
        self.image = Image()
        self.values = {}  # by source, unit and address
        self.stale = {}
        self.all_hearers, self.all_readers, self.gone = [], [], []
        self.patch = mock.patch.object(subscription, "MAX_CHANGES", MAX_CHANGES)
        self.patch.start()

    def teardown(self):
        self.patch.stop()

    @rule(
        source=sources,
        unit=units,
        offset=offsets,
        values=st.lists(cells, max_size=4),
        replace=st.booleans(),
    )
    def a_document_comes(self, source, unit, offset, values, replace):
        values = values[: 4 - offset]
        start = SOURCES[source] + offset
        items = [a_range(start, values)] if values else []
        document = decoded(stations(a_station(unit, holding=items)))
        self.image.apply(source, document, replace=replace)
        if replace:
            self.values[source] = {}
            self._tell(SourceReset(source, is_removed=False))
        if self.stale.pop(source, None):
            self._tell(StalenessChanged(source, Staleness.FRESH))
        self._tell(DocumentApplied(source, document))
        own = self.values.setdefault(source, {})
        own |= {(unit, start + i): value for i, value in enumerate(values)}

    @rule(source=sources)
    def a_source_is_removed(self, source):
        self.image.remove(source)
        self.values.pop(source, None)
        self.stale.pop(source, None)
        self._tell(SourceReset(source, is_removed=True))

    @rule(source=sources, as_zero=st.booleans())
    def a_source_is_stale(self, source, as_zero):
        self.image.mark_stale(source, as_zero=as_zero)
        staleness = Staleness.ZERO if as_zero else Staleness.REFUSED
        if source in self.values and self.stale.get(source) is not staleness:
            self.stale[source] = staleness
            self._tell(StalenessChanged(source, staleness))

    @rule(which=st.integers(0, 99), value=cells, by_client=st.booleans())
    def a_value_changes(self, which, value, by_client):
        known = sorted((s, key) for s, own in self.values.items() for key in own)
        if not known:
            return
        source, (unit, address) = known[which % len(known)]
        before = self.values[source][unit, address]
        self.values[source][unit, address] = value
        if by_client:
            what = Table.HOLDING, address
            self.image.stations[unit].write(*what, packed([value]), CLIENT)
            self._tell(ClientWrite(unit, *what, packed([before]), packed([value]), CLIENT))
            return
        block = Block(unit, Table.HOLDING, address, packed([value]))
        self.image.update_values(source, [block])
        if value != before:
            self._tell(ValuesUpdated(source, [block]))

    @rule(target=hearers, kinds=kinds, source=st.none() | sources)
    def one_subscribes(self, kinds, source):
        heard, expected = [], []
        leave = self.image.changes.subscribe(heard.append, *kinds, source=source)
        hearer = kinds, source, heard, expected, leave
        self.all_hearers.append(hearer)
        return hearer

    @rule(hearer=consumes(hearers))
    def one_leaves(self, hearer):
        *_, leave = hearer
        leave()
        self.gone.append(hearer)
        self.all_hearers = [it for it in self.all_hearers if it is not hearer]

    @rule(target=readers, kinds=kinds, source=st.none() | sources, from_present=st.booleans())
    def a_reader_comes(self, kinds, source, from_present):
        reader = Reader(self.image, kinds, source, from_present=from_present)
        self.all_readers.append(reader)
        return reader

    @rule(reader=readers)
    def a_reader_reads(self, reader):
        assert reader.woken or not reader.waiting
        taken = reader.subscription.take()
        if reader.has_missed:
            (present,) = taken
            assert isinstance(present, PresentState)
            assert self._flat(present) == {
                source: (own, self.stale.get(source, Staleness.FRESH))
                for source, own in self.values.items()
            }
        else:
            assert taken == reader.waiting
        reader.waiting, reader.has_missed, reader.woken = [], False, False

    @rule(reader=consumes(readers))
    def a_reader_goes(self, reader):
        reader.subscription.close()
        self.all_readers.remove(reader)

    @invariant()
    def each_has_heard_what_was_told_and_no_more(self):
        for _, _, heard, expected, _ in (*self.all_hearers, *self.gone):
            assert heard == expected

    @invariant()
    def nothing_is_left_when_all_have_gone(self):
        if not (self.all_hearers or self.all_readers):
            assert (self.image.changes.of_all, self.image.changes._of_source) == ({}, {})

    def _tell(self, change):
        for kinds, source, _, expected, _ in self.all_hearers:
            if self._is_for(change, kinds, source):
                expected.append(change)
        for reader in self.all_readers:
            if self._is_for(change, reader.kinds, reader.source):
                reader.is_told(change)

    @staticmethod
    def _is_for(change, kinds, source):
        of = getattr(change, "source", None)
        return type(change) in kinds and (source is None or source == of)

    @staticmethod
    def _flat(present):
        return {
            source: (
                {
                    (unit, start + i): value
                    for unit, _, start, cells in state.blocks
                    for i, (value,) in enumerate(struct.iter_unpack(">H", cells))
                },
                state.staleness,
            )
            for source, state in present.sources.items()
        }


TestFeed = Feed.TestCase
TestFeed.settings = settings(max_examples=100, stateful_step_count=40)
