import asyncio
import time

import pytest

from aoba.registers.buses import Buses
from aoba.sources import group
from aoba.sources.group import SourceGroup
from aoba.sources.source import source_names


class FakeSpec:
    def __init__(self, name, settles=True):
        self.name = self.full_name = name
        self.settles = settles


class FakeSource:
    """Settles at once, or never; ends when told to, after a moment."""

    def __init__(self, name, spec, told):
        self.settled = asyncio.Event()
        self._name, self._settles, self._told = name, spec.settles, told

    async def live(self):
        self._told.append(f"{self._name} lives")
        if self._settles:
            self.settled.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self._told.append(f"{self._name} ends")


@pytest.fixture
def told(monkeypatch):
    told = []
    monkeypatch.setattr(
        group, "open_source", lambda name, spec, _shared: FakeSource(name, spec, told)
    )
    monkeypatch.setattr(group, "START_TIMEOUT", 0.3)
    return told


def group_of(specs):
    sources = SourceGroup(Buses())
    for name, spec in zip(source_names(specs), specs, strict=True):
        sources.add(name, spec)
    return sources


def lived(*specs):
    """Seconds that the start took."""

    async def live():
        sources = group_of(specs)
        began = time.monotonic()
        await sources.start()
        took = time.monotonic() - began
        sources.cancel()
        await sources.ended()
        return took

    return asyncio.run(live())


def test_sources_start_in_their_order_and_end_together(told):
    lived(FakeSpec("a"), FakeSpec("b"))

    assert told == ["a lives", "b lives", "a ends", "b ends"]


def test_a_slow_one_keeps_the_others_back_for_a_while_only(told):
    took = lived(FakeSpec("a", settles=False), FakeSpec("b"))

    assert told[:2] == ["a lives", "b lives"]
    assert took >= 0.29


def test_those_that_are_left_go_on_one_step_after_the_other(told):
    took = lived(*[FakeSpec(f"source {i}", settles=False) for i in range(4)])

    assert len(told) == 8
    assert took >= 0.29 + 3 * (group.STEP - 0.01)


def test_two_of_one_name_are_told_apart(told):
    lived(FakeSpec("a"), FakeSpec("a"))

    assert told[:2] == ["a lives", "a #2 lives"]


def test_descriptors_are_kept_for_each(told):
    async def build():
        return group_of([FakeSpec("a"), FakeSpec("b")]).descriptors

    assert asyncio.run(build()) == 2 * group.DESCRIPTORS
    assert told == []
