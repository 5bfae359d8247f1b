"""All sources: started in their order, living side by side, ended together.

Each starts when the one before has given its first document, or failed, so that of two in conflict
the first named is the first to define. When `START_TIMEOUT` has passed, those that are left go on
starting one after the other, none waiting for longer than `STEP`: so however many they are, they do
not all start at once, neither now nor at any later slot.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aoba.logs.trace_level import TraceLevel
from aoba.orphans.reaper import reaper
from aoba.registers.buses import Buses
from aoba.sources.health import health_owner
from aoba.sources.registry import open_source
from aoba.sources.shared import Shared
from aoba.sources.source import Source
from aoba.sources.spec import Spec

START_TIMEOUT: Final = 1.0
STEP: Final = 0.05

DESCRIPTORS: Final = 12
"""That a source may need."""


@dataclass(slots=True)
class _Member:
    spec: Spec
    source: Source
    life: asyncio.Task[None] | None = None
    """None until it starts."""


class SourceGroup:
    """Call `add`, `bind`, `start`; then `keep`, or more of the same; at last `cancel`, `ended`.

    `trace` says how much of the traffic with devices is logged.
    """

    def __init__(self, buses: Buses, trace: TraceLevel = TraceLevel.OFF) -> None:
        self._buses = buses
        self._shared = Shared(buses, trace)
        self._members: dict[str, _Member] = {}
        self._has_started = False

    @property
    def descriptors(self) -> int:
        """That all of them may need."""
        resources = self._shared.resources.values()
        return DESCRIPTORS * len(self._members) + sum(each.descriptors for each in resources)

    @property
    def lives(self) -> list[asyncio.Task[None]]:
        """Of those that have started; one ends by itself only where Aoba has a defect."""
        return [it.life for it in self._members.values() if it.life]

    @property
    def unsettled(self) -> list[str]:
        """Names of those that have not given a first document, nor failed to."""
        return [name for name, it in self._members.items() if not it.source.settled.is_set()]

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def add(self, name: str, spec: Spec) -> None:
        """Raises UsageError where the source cannot be opened."""
        self._members[name] = _Member(spec, open_source(name, spec, self._shared))

    async def bind(self) -> None:
        """Take the ports of those that listen. Raises LinkError where that is impossible."""
        await self._shared.bind()

    async def start(self) -> None:
        """Have those live that do not yet.

        Returns when all have started, and all but the slow ones have settled.
        """
        if not self._has_started:
            self._has_started = True
            reaper.start()
        start_ends = time.monotonic() + START_TIMEOUT
        for member in [it for it in self._members.values() if it.life is None]:
            member.life = asyncio.create_task(member.source.live())
            seconds = max(STEP, start_ends - time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await member.source.settled.wait()

    async def keep(self, specs: Mapping[str, Spec]) -> None:
        """Have all others come to their end, with all that they have defined."""
        names = [name for name, it in self._members.items() if specs.get(name) != it.spec]
        gone = {name: self._members.pop(name) for name in names}
        lives = [it.life for it in gone.values() if it.life]
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        for name in gone:
            self._buses.remove(name)
            self._buses.remove(health_owner(name))
        await self._shared.close_unused()

    def cancel(self) -> None:
        """Have all come to their end; a second time, have them hurry."""
        for life in self.lives:
            life.cancel()

    async def ended(self) -> None:
        """Wait for that. Call `cancel` before."""
        await asyncio.gather(*self.lives, return_exceptions=True)
        await self._shared.close()
        if self._has_started:
            await reaper.close()
