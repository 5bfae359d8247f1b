"""What all sources have in common, whatever their kinds are."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from aoba.logs.trace_level import TraceLevel
from aoba.registers.buses import Buses, BusRouter
from aoba.registers.image import SourceRegisters


class Resource(Protocol):
    """What several sources may share: a port at which they listen, lines to devices, processes."""

    descriptors: int
    """That it may need."""

    async def bind(self) -> None:
        """Take what others are to find us at, if sources use it and it is not taken yet.

        Raises LinkError where that is impossible.
        """
        ...

    async def close_unused(self) -> None:
        """Let go of what only sources needed that are gone."""
        ...

    async def close(self) -> None: ...


R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Shared:
    """Call `bind` before any of the sources lives, and `close` when none is alive any more."""

    buses: Buses
    trace: TraceLevel = TraceLevel.OFF
    """How much of the traffic with devices is logged."""
    resources: dict[Hashable, Resource] = field(default_factory=dict)

    def registers(self, bus: str | None) -> SourceRegisters:
        """Those of a source on `bus`; None: each of its stations may be on another one."""
        return self.buses.image(bus) if bus else BusRouter(self.buses)

    def resource(self, key: Hashable, make: Callable[[], R]) -> R:
        """The one of that key, made by whoever asks first."""
        if key not in self.resources:
            self.resources[key] = make()
        return cast("R", self.resources[key])

    async def bind(self) -> None:
        """Raises LinkError."""
        for resource in self.resources.values():
            await resource.bind()

    async def close_unused(self) -> None:
        await asyncio.gather(*(it.close_unused() for it in self.resources.values()))

    async def close(self) -> None:
        for resource in self.resources.values():
            await resource.close()
